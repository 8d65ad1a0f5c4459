"""Methods that run in-process, one folder each."""

__all__: list[str] = []
