"""Kaggle's own client: download, submit."""
