"""Stand-in data, drawn where there is no real data."""
