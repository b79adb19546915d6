"""The mathematics: a problem of arrays, the PuLP model, and what is proven."""
