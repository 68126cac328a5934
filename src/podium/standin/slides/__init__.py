"""Drawn slides."""
