"""Roads, places, zones and stations from the world, as checked tables."""

from siting.inputs.world import World, load_world

__all__ = ["World", "load_world"]
