"""Metrics of how head, eyes and brows move."""
