"""An upper bound that holds at full resolution."""
