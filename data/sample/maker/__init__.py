"""The parts of the sample's maker: from a hand-drawn skeleton to a messy OSM extract."""
