"""Plan where the charging and battery-swap stations of a district should stand."""

__version__ = "0.1.0"
