"""Metrics of how head, eyes and brows move."""

__all__: tuple[str, ...] = ()
