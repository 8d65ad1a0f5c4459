"""Action unit error, with a metric of its own for each measurer; their values never mix."""

__all__: tuple[str, ...] = ()
