"""Systems that run outside the process, or of which only videos exist."""

__all__: list[str] = []
