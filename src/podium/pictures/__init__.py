"""What every picture task needs: source, table, look-alikes, views, extraction."""
