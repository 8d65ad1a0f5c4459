"""Metrics of what pixels do from frame to frame, and of how sharp they are."""

__all__: tuple[str, ...] = ()
