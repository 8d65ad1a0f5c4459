"""Settings of executors. Light, so that `tgbench list` is instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from ..configs import Range


@dataclass(frozen=True)
class JobSettings:
    """What each job needs, where the method's own declaration does not fit.

    Attributes:
        cpus: cores that a job keeps busy; none: as its method declares.
        gpus: devices of a job; none: as its method declares.
        memory_gb: main memory of a job at its peak, in 10^9 bytes; none: as its method declares.
        minutes: after which a job is stopped as failed; none: as its method declares.
    """

    cpus: Annotated[int | None, Range(1)] = None
    gpus: Annotated[int | None, Range(0)] = None
    memory_gb: Annotated[float | None, Range(above=0)] = None
    minutes: Annotated[float | None, Range(above=0)] = None


@dataclass(frozen=True)
class ExecutorConfig:
    """Settings that every executor has; each adds its own in a subclass.

    Attributes:
        job: what each job needs.
    """

    job: JobSettings = field(default_factory=JobSettings)


@dataclass(frozen=True)
class LocalConfig(ExecutorConfig):
    """Jobs on this machine."""
