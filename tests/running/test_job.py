"""Jobs as data: what is read is checked, and what is done from a file is what a run does."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tgbench.audio import Waveform, write_wav
from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.files import hash_of
from tgbench.progress import SILENT
from tgbench.running.executor_config import LocalConfig
from tgbench.running.executors import Setting
from tgbench.running.fitting import NoFit
from tgbench.running.job import JobNeeds, JobSpec, read_job
from tgbench.running.local import LocalExecutor
from tgbench.running.planning import Planner
from tgbench.running.request import RunRequest
from tgbench.running.runner import Outcome, run
from tgbench.running.worker import Worker


def request_of(identity: Path, out: Path, **changes: object) -> RunRequest:
    """A run of what needs no training, under both protocols."""
    sound = out.parent / "short.wav"
    write_wav(sound, Waveform(np.full(8000, 0.1, np.float32)))
    return RunRequest(
        methods=("still",),
        protocols=("self_reconstruction", "lipsync"),
        identities=(str(identity),),
        out=out,
        metrics=("psnr", "lmd", "lip_agreement"),
        **{"audio": (sound,), **changes},  # type: ignore[arg-type]
    )


@pytest.fixture
def jobs(tiny_identity: Path, tmp_path: Path) -> list[JobSpec]:
    """A fit, and a case under each protocol."""
    return Planner(request_of(tiny_identity, tmp_path / "out")).plan(SILENT).to_do()


def measured(outcome: Outcome) -> tuple[str, pd.DataFrame]:
    """Every value of a case, exactly."""
    metrics = {name: record.model_dump() for name, record in outcome.result.metrics.items()}
    return json.dumps(metrics), pd.read_parquet(outcome.folder / "frames.parquet")


def assert_same(found: list[Outcome], expected: list[Outcome]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.result.case_key == other.result.case_key
        assert measured(one)[0] == measured(other)[0]
        pd.testing.assert_frame_equal(measured(one)[1], measured(other)[1], check_exact=True)
        assert one.result.files["video.mp4"] == other.result.files["video.mp4"]


def test_a_job_read_back_is_the_same_job(jobs: list[JobSpec]) -> None:
    for job in jobs:
        read = read_job(job.write())
        assert read == job
        assert read.address == job.address
        assert job.file.stem == job.address[:16]


def test_the_address_is_of_what_the_job_is_not_of_where_it_goes(jobs: list[JobSpec]) -> None:
    fit, case, other = jobs
    assert len({fit.address, case.address, other.address}) == 3
    assert case.depends_on == other.depends_on == (fit.address,)
    elsewhere = {"out": "/elsewhere", "command": "typed otherwise", "needs": JobNeeds(cpus=7)}
    moved = fit.model_copy(update=elsewhere)
    assert moved.address == fit.address
    found = {"places": {"checkout": "/elsewhere"}, "source": "/elsewhere/system.toml"}
    moved = fit.model_copy(update={"method": fit.method.model_copy(update=found)})
    assert moved.address == fit.address
    nowhere = {
        "out": True,
        "command": True,
        "needs": True,
        "method": {"places", "changed", "source"},
    }
    content = json.loads(fit.model_dump_json(exclude=nowhere))
    assert fit.address == hash_of(content)
    assert fit.model_copy(update={"seed": 1}).address != fit.address


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": 99}, "newer tgbench"),
        ({"kind": "case"}, "disagree"),
        ({"kind": "deed"}, "kind"),
        ({"seed": "many"}, "seed"),
        ({"extra": 1}, "extra"),
        ({"device": "toaster"}, "device"),
        ({"depends_on": ["../../x"]}, "depends_on"),
        ({"method": {"name": "../still"}}, "method"),
    ],
)
def test_a_file_that_is_no_job_is_refused(
    jobs: list[JobSpec], tmp_path: Path, change: dict[str, object], said: str
) -> None:
    path = tmp_path / "job.json"
    path.write_text(json.dumps(json.loads(jobs[0].model_dump_json()) | change))
    with pytest.raises(TgbenchError, match=said) as refused:
        read_job(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    "name", ["../../elsewhere", "/etc", ".hidden", "a/b", "a\x00b", "line\n", ""]
)
def test_a_name_in_a_job_leads_nowhere_else(jobs: list[JobSpec], tmp_path: Path, name: str) -> None:
    raw = json.loads(jobs[1].model_dump_json())
    raw["case"]["driver"] = name
    path = tmp_path / "job.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(TgbenchError, match="driver"):
        read_job(path)


def test_a_file_cut_short_and_one_that_is_not_there_are_refused(
    jobs: list[JobSpec], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = jobs[0].write()
    path.write_text(path.read_text()[:200])
    assert main(["run-job", str(path)]) == 2
    assert main(["run-job", str(tmp_path / "nothing.json")]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert str(path) in first
    assert "nothing.json" in second


def test_jobs_done_from_their_files_give_what_a_run_gives(
    tiny_identity: Path, tmp_path: Path
) -> None:
    """Each by a worker of its own, as in a process of its own; once more changes nothing."""
    expected = run(request_of(tiny_identity, tmp_path / "run"), SILENT)
    request = request_of(tiny_identity, tmp_path / "jobs")
    for job in Planner(request).plan(SILENT).to_do():
        Worker(SILENT).do(read_job(job.write()))
    done = {path: path.stat().st_mtime_ns for path in request.out.rglob("result.json")}
    assert len(done) == 2
    planned = Planner(request).plan(SILENT)
    assert planned.to_do() == []
    for path in (request.out / "jobs").glob("*.json"):
        assert main(["run-job", str(path)]) == 0
    assert done == {path: path.stat().st_mtime_ns for path in request.out.rglob("result.json")}
    assert_same(run(request, SILENT), expected)


@pytest.mark.slow
def test_child_processes_give_what_a_run_gives(tiny_identity: Path, tmp_path: Path) -> None:
    expected = run(request_of(tiny_identity, tmp_path / "run"), SILENT)
    request = request_of(tiny_identity, tmp_path / "children", jobs=2)
    found = run(request, SILENT)
    assert [outcome.reused for outcome in found] == [False, False]
    assert_same(found, expected)


@pytest.mark.slow
def test_child_processes_train_what_a_run_trains(tiny_identity: Path, tmp_path: Path) -> None:
    """TalkingGaussian, trained for a few steps here and in a child."""
    settings = {
        "static_iterations": "6",
        "motion_iterations": "6",
        "finetune_iterations": "2",
        "face_gaussians": "50",
        "mouth_gaussians": "20",
    }
    changes = {"methods": ("talkinggaussian",), "overrides": settings}
    requests = [
        RunRequest(
            protocols=("self_reconstruction",),
            identities=(str(tiny_identity),),
            metrics=("psnr", "ssim"),
            out=tmp_path / name,
            **changes,  # type: ignore[arg-type]
        )
        for name in ("run", "children")
    ]
    expected = run(requests[0], SILENT)
    executor = LocalExecutor(LocalConfig(), Setting(requests[1].out, 2))
    assert_same(run(requests[1], SILENT, executor), expected)


def test_a_case_without_its_fit_says_so(jobs: list[JobSpec]) -> None:
    with pytest.raises(TgbenchError, match="no finished fit") as refused:
        Worker(SILENT).do(jobs[1])
    assert isinstance(refused.value.__cause__, NoFit)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"identity": {"sha256": "0" * 64}}, "other files of 'tiny'"),
        ({"method": {"code_sha256": "0" * 64}}, "code of 'still'"),
        ({"method": {"config": {"colour": "red"}}}, "settings of 'still' have changed"),
        ({"case": {"audio_sha256": "0" * 64}}, "sound"),
        ({"case": {"protocol_version": "0"}}, "version"),
        ({"train": [0, 12]}, "split"),
        ({"method": {"config": {"head_radius": "wide"}}}, "head_radius"),
        ({"tgbench_version": "99.0"}, "99.0"),
    ],
)
def test_a_job_of_something_else_by_now_is_refused(
    jobs: list[JobSpec], change: dict[str, object], said: str
) -> None:
    fit, case = jobs[:2]
    Worker(SILENT).do(fit)
    raw = json.loads(case.model_dump_json())
    for key, value in change.items():
        raw[key] = {**raw[key], **value} if isinstance(value, dict) else value
    with pytest.raises(TgbenchError, match=said):
        Worker(SILENT).do(JobSpec.model_validate(raw))


def test_everything_afresh_is_done_once_for_each_token(tiny_identity: Path, tmp_path: Path) -> None:
    request = request_of(tiny_identity, tmp_path / "out", fresh=True)
    run(request, SILENT)
    jobs = Planner(request).plan(SILENT).to_do()
    assert [job.kind for job in jobs] == ["fit", "case", "case"], "what is there does not count"

    def times() -> dict[Path, int]:
        names = ("result.json", "fit.json")
        return {path: path.stat().st_mtime_ns for name in names for path in request.out.rglob(name)}

    first = times()
    for job in jobs:
        Worker(SILENT).do(job)
    second = times()
    assert all(second[path] > first[path] for path in first)
    for job in jobs:
        Worker(SILENT).do(job)
    assert times() == second, "repeated after a lost machine, nothing is done again"


def test_a_job_that_is_told_to_terminate_stops_as_at_ctrl_c(
    jobs: list[JobSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Worker, "do", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    former = signal.getsignal(signal.SIGTERM)
    assert main(["run-job", str(jobs[0].write())]) == 130
    assert signal.getsignal(signal.SIGTERM) is former
