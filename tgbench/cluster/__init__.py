"""Executors that run jobs on many machines: Ray and SLURM."""

__all__: list[str] = []
