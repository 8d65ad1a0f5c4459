"""Which defect the metrics of a case point to, in words."""

__all__: tuple[str, ...] = ()
