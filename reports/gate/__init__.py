"""A gate for continuous integration: fails where results are worse than a committed baseline."""

__all__: list[str] = []
