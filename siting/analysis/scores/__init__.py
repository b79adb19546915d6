"""The parts of a score: criteria and their scales, weights, ranking, learning, stability."""
