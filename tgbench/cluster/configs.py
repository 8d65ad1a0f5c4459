"""Settings of the executors of this package. Light, so that `tgbench list` is instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from ..configs import Range
from ..running.executor_config import ExecutorConfig


@dataclass(frozen=True)
class RayConfig(ExecutorConfig):
    """Jobs on a Ray cluster.

    Attributes:
        address: "HOST:PORT" of a cluster that this machine belongs to; "local": one of this machine
            alone, for this run; "auto": the cluster of `RAY_ADDRESS` or of `ray start` on this
            machine, else "local".
        files: "shared": every node sees the folders of this run under their paths; "sent": none
            does, so inputs and results travel through Ray; "auto": as the first node finds it.
    """

    address: str = "auto"
    files: Literal["auto", "shared", "sent"] = "auto"


@dataclass(frozen=True)
class SlurmConfig(ExecutorConfig):
    """Jobs in a queue of SLURM.

    Attributes:
        partition: as of `sbatch`; empty: the site's default.
        account: as of `sbatch`; empty: the user's default.
        time: longest time of a fit with its cases, as of `sbatch`, such as "8:00:00"; empty: what
            the jobs declare, else the partition's default.
        gres: of a job that needs a GPU; empty: "gpu:1", or as many as the job declares.
        throttle: how many tasks of the array run at the same time; none: `--jobs`, else any number.
        extra: further arguments of `sbatch`, such as "--constraint=a100 --qos=long".
        poll: seconds between two looks at the queue.
        on_stop: what happens to jobs in the queue when the run is stopped: "cancel", "keep", or
            "ask", which keeps them where nobody can answer.
    """

    partition: str = ""
    account: str = ""
    time: str = ""
    gres: str = ""
    throttle: Annotated[int | None, Range(1)] = None
    extra: str = ""
    poll: Annotated[float, Range(above=0)] = 15.0
    on_stop: Literal["ask", "cancel", "keep"] = "ask"
