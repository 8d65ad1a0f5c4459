"""What a run consists of: jobs, what is there of them, and what cannot be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ..faults import one_line
from .experiment import Experiment
from .fitting import Fitting
from .job import JobSpec
from .resume import Standing, State


@dataclass(frozen=True)
class Failure:
    """What could not be done.

    Attributes:
        what: a method, an identity or a job, in a few words.
        error: why.
        identity: the one it is about, as the user named it, if no case of it could be planned.
        protocol: the one it is about; empty: all.
        folder: of the one case it is about; None: it is not about one.
    """

    what: str
    error: Exception
    identity: str = ""
    protocol: str = ""
    folder: Path | None = None

    def __str__(self) -> str:
        """Return both on one line."""
        return f"{self.what}: {one_line(self.error)}"


@dataclass(frozen=True)
class PlannedFit:
    """A fit that cases need.

    Attributes:
        job: the fit as data.
        fitting: what is fitted to what.
    """

    job: JobSpec
    fitting: Fitting

    @cached_property
    def address(self) -> str:
        """Address of the job."""
        return self.job.address

    @property
    def settings_hash(self) -> str:
        """SHA-256 of the method's configuration."""
        return self.fitting.method_config.settings_hash


@dataclass(frozen=True)
class PlannedCase:
    """A case with what is there of it.

    There may be ten thousand of them, so none holds a drive or a result unless it has to.

    Attributes:
        job: the case as data.
        folder: where it lies.
        state: what is left to do; None: it cannot be done.
        fit: the fit it needs.
        frames: to render.
        width: of a frame in pixels.
        unsettled: what is there, where it is done but its record is to be brought up to date.
        experiment: what is rendered and measured; None: whoever does the job reads it anew.
        timing: the job that times it apart from all else; None: there is none.
    """

    job: JobSpec
    folder: Path
    state: State | None
    fit: PlannedFit
    frames: int
    width: int
    unsettled: Standing | None = None
    experiment: Experiment | None = None
    timing: JobSpec | None = None

    @cached_property
    def address(self) -> str:
        """Address of the job."""
        return self.job.address

    @property
    def needs_fit(self) -> bool:
        """Whether the fit has to be made, if it is not there."""
        return self.state is State.MEASURE


@dataclass
class Plan:
    """What a run consists of.

    Attributes:
        cases: in the order in which they are done, those of one fit together.
        failures: what cannot be done.
        warnings: what is certain before anything starts, such as metrics that will have no value.
    """

    cases: list[PlannedCase] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def joined(cls, plans: Iterable[Plan]) -> Plan:
        """Return one plan of several. What two of them have in common is done once."""
        cases: dict[str, PlannedCase] = {}
        failures: dict[str, Failure] = {}
        warnings: dict[str, None] = {}
        for plan in plans:
            for case in plan.cases:
                cases.setdefault(case.address, case)
            for failure in plan.failures:
                failures.setdefault(str(failure), failure)
            warnings |= dict.fromkeys(plan.warnings)
        return cls(list(cases.values()), list(failures.values()), list(warnings))

    @property
    def fits(self) -> list[PlannedFit]:
        """Every fit that a case needs, once, in order."""
        return list({case.fit.address: case.fit for case in self.cases}.values())

    def to_do(self) -> list[JobSpec]:
        """Return the jobs that are left, each after those it depends on."""
        jobs: dict[str, JobSpec] = {}
        for case in self.cases:
            if case.needs_fit:
                jobs.setdefault(case.fit.address, case.fit.job)
            if case.state in (State.MEASURE, State.RENDER):
                jobs.setdefault(case.address, case.job)
        # Last, because each of them has a machine for itself.
        timings = (case.timing for case in self.cases if case.state not in (None, State.DONE))
        return [*jobs.values(), *filter(None, timings)]
