"""Pathology slides: from whole slides to tumour maps and slide-level calls."""
