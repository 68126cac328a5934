"""What lies in a raw folder of photos, and which settings fit it: `podium inspect photos`."""
