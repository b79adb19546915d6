"""What was worked out before, kept on disk by the hash of all it depends on."""

from siting.cache.store import Cache, Entry, Memory, open_cache

__all__ = ["Cache", "Entry", "Memory", "open_cache"]
