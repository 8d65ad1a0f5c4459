"""Metrics of whether a head stays the person that it is of."""

__all__: tuple[str, ...] = ()
