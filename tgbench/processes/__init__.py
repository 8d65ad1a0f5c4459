"""Processes of which nothing is left when they end, or when this process does."""

__all__: list[str] = []
