"""Many plans of one place: variants, comparison, sweeps, and what holds in all of them."""
