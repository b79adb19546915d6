"""Demand for public charging: from people to kWh a day at points."""
