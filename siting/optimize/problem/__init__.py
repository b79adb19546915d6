"""The siting problem and its answer as frozen data: arrays and ids, no geometry, no solver."""
