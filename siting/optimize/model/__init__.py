"""The joint siting model, and the small models that choose, size and fill stations."""
