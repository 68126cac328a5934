"""Pretrained backbones and their weights."""
