"""Experiments: declarations of what is run, and of the table that it makes."""

__all__: list[str] = []
