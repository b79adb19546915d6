"""A finished plan counted again, rule by rule, sharing no code with the model."""
