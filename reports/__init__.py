"""Reports: tables made from results, and from nothing else."""

__all__: list[str] = []
