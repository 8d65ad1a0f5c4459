"""Timing by jobs of their own: what is measured stays, and speed is of a job alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tgbench.metrics.speed.clock import SHARED
from tgbench.progress import SILENT
from tgbench.running import timing
from tgbench.running.executors import Ended
from tgbench.running.job import JobNeeds, JobSpec, read_job
from tgbench.running.planning import Planner
from tgbench.running.request import RunRequest
from tgbench.running.runner import Outcome, run
from tgbench.running.worker import Worker


@pytest.fixture(autouse=True)
def _own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else's jobs are in the way."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the clock says does not matter here."""
    monkeypatch.setattr(timing, "BLOCK_SECONDS", {"cpu": 0.01})
    monkeypatch.setattr(timing, "_WARM_SECONDS", 0.0)


def request_of(identity: Path, out: Path, **changes: object) -> RunRequest:
    return RunRequest(
        methods=("still",),
        protocols=("self_reconstruction",),
        identities=(str(identity),),
        metrics=("psnr", "fps"),
        out=out,
        **changes,  # type: ignore[arg-type]
    )


class Workers:
    """Does each job from its file, by a worker of its own, as a process would; or only some."""

    def __init__(self, kinds: Sequence[str] = ("fit", "case", "timing")) -> None:
        self._kinds = kinds
        self._job: JobSpec | None = None
        self.done: list[JobSpec] = []

    def announce(self, jobs: Sequence[JobSpec]) -> None:
        pass

    def takes(self, needs: JobNeeds) -> bool:
        return self._job is None

    def submit(self, job: JobSpec) -> None:
        if job.kind not in self._kinds:
            raise KeyboardInterrupt
        self._job = job

    def wait(self) -> Ended | None:
        job, self._job = self._job, None
        assert job is not None
        Worker(SILENT).do(read_job(job.write()))
        self.done.append(job)
        return Ended(job)

    def stop(self) -> None:
        pass


def fps(outcome: Outcome) -> tuple[float | None, str]:
    record = outcome.result.metrics["fps"]
    return record.value, record.measured_by + record.reason


def test_cases_are_timed_after_all_others_and_alone(tiny_identity: Path, tmp_path: Path) -> None:
    request = request_of(
        tiny_identity, tmp_path / "out", seeds=(0, 1), jobs=2, exclusive_timing=True
    )
    workers = Workers()
    outcomes = run(request, SILENT, workers)
    assert [job.kind for job in workers.done] == ["fit", "case"] * 2 + ["timing"] * 2
    assert [job.needs.exclusive for job in workers.done] == [False] * 4 + [True] * 2
    (alone,) = run(request_of(tiny_identity, tmp_path / "alone"), SILENT)
    for outcome in outcomes:
        value, how = fps(outcome)
        assert value is not None
        assert SHARED not in how
        where = outcome.result.timing.timed_on
        assert where is not None
        assert (where.exclusive, outcome.result.environment.exclusive) == (True, False)
    assert outcomes[0].result.metrics["psnr"] == alone.result.metrics["psnr"]
    assert outcomes[0].result.case_key == alone.result.case_key
    assert Planner(request).plan(SILENT).to_do() == []


def test_a_result_that_waits_for_its_timing_is_timed_by_the_next_run(
    tiny_identity: Path, tmp_path: Path
) -> None:
    request = request_of(tiny_identity, tmp_path / "out", jobs=2, exclusive_timing=True)
    with pytest.raises(KeyboardInterrupt):
        run(request, SILENT, Workers(("fit", "case")))
    (table,) = request.out.rglob("frames.parquet")
    before = table.stat().st_mtime_ns
    (outcome,) = run(request_of(tiny_identity, tmp_path / "out"), SILENT)
    value, how = fps(outcome)
    assert value is not None, how
    assert outcome.reused
    assert table.stat().st_mtime_ns == before


def test_what_was_timed_beside_other_jobs_is_timed_again_and_nothing_else(
    tiny_identity: Path, tmp_path: Path
) -> None:
    shared = request_of(tiny_identity, tmp_path / "out", jobs=2)
    (outcome,) = run(shared, SILENT, Workers())
    assert SHARED in fps(outcome)[1]
    alone = request_of(tiny_identity, tmp_path / "out", jobs=2, exclusive_timing=True)
    workers = Workers()
    (again,) = run(alone, SILENT, workers)
    assert [job.kind for job in workers.done] == ["timing"]
    assert SHARED not in fps(again)[1]
    assert Planner(shared).plan(SILENT).to_do() == []


@pytest.mark.parametrize(("metrics", "alone"), [(("training_time",), True), (("psnr",), False)])
def test_a_fit_runs_alone_where_its_time_is_asked_for(
    metrics: tuple[str, ...], alone: bool, tiny_identity: Path, tmp_path: Path
) -> None:
    request = RunRequest(
        methods=("talkinggaussian",),
        protocols=("self_reconstruction",),
        identities=(str(tiny_identity),),
        metrics=metrics,
        out=tmp_path,
        jobs=2,
        exclusive_timing=True,
    )
    fit = Planner(request).plan(SILENT).to_do()[0]
    assert fit.kind == "fit"
    assert (fit.needs.exclusive, fit.shared_machine) == (alone, not alone)
