"""Outlines of tumour in any of the common formats, to masks and back."""
