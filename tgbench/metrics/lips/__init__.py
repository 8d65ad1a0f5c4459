"""Metrics of lips: where they are, and whether they move with the sound."""

__all__: tuple[str, ...] = ()
