"""Candidate sites: which places may take a station, and how large."""
