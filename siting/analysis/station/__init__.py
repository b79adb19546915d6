"""A single station: its chargers, its power, its price, its queue."""
