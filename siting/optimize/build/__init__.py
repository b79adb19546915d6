"""From the tables of a run to a siting problem: where geography stops."""
