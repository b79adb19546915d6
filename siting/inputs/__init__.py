"""Roads, places, zones and stations from the world, as checked tables."""
