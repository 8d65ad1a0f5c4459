"""Metrics of heads seen from cameras that moved."""

__all__: list[str] = []
