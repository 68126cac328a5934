"""Drawn photos."""
