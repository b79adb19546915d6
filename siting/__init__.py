"""Plan where the charging and battery-swap stations of a district should stand."""
