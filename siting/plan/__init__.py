"""The finished plan: its figures, its tables, its folder, and where the next one may start."""
