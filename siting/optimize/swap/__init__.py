"""Swap and hydrogen stations: a covering model of their own."""
