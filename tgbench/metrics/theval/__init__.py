"""Metrics of THEval (2511.04520), as its program and as its paper have them, for comparison."""

__all__: tuple[str, ...] = ()
