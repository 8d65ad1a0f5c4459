"""Executors for many machines, as `tgbench list` shows them."""

from __future__ import annotations

from ..specs import ExecutorSpec, Requires

RAY = ExecutorSpec(
    "ray",
    "on the nodes of a Ray cluster, or on this machine as one",
    "tgbench.cluster.ray_executor:RayExecutor",
    "tgbench.cluster.configs:RayConfig",
    elsewhere=True,
    requires=Requires(packages=("ray",), extra="ray"),
)

SLURM = ExecutorSpec(
    "slurm",
    "in the queue of a SLURM cluster",
    "tgbench.cluster.slurm_executor:SlurmExecutor",
    "tgbench.cluster.configs:SlurmConfig",
    elsewhere=True,
    requires=Requires(programs=("sbatch",)),
)
