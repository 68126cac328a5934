"""Experiments side by side, for `podium compare` and `podium sweep`."""
