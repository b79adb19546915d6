"""Plans over several years, each holding the one before."""
