"""How far runs are, told by their files alone."""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path

import pytest

from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.progress import SILENT
from tgbench.running import job_state
from tgbench.running.job_state import JobState, doing, read_state, state_file
from tgbench.running.planning import Planner
from tgbench.running.request import RunRequest
from tgbench.running.run_file import RunHead, RunJob, read_run
from tgbench.running.runner import run
from tgbench.running.status import Stage, status_of

from .executors.conftest import job


class Run:
    """A folder of results with the record of a run of so many jobs, all of one group."""

    def __init__(self, out: Path, count: int, at_once: int = 1) -> None:
        self.out = out
        self.jobs = out / "jobs"
        self.jobs.mkdir()
        head = RunHead(command="tgbench run ...", at_once=at_once, failures=[])
        lines = [head.model_dump_json()]
        for number in range(count):
            record = RunJob(
                address=f"{number:064x}"[::-1],
                title=f"job {number}",
                group="fits",
                output=f"made/{number}",
                done=False,
            )
            lines.append(record.model_dump_json())
        (self.jobs / "run-0.jsonl").write_text("\n".join(lines) + "\n")
        (out / "made").mkdir()

    def say(self, number: int, **state: object) -> Path:
        path = self.jobs / f"{f'{number:064x}'[::-1][:16]}.state"
        path.write_text(JobState(**state).model_dump_json())  # type: ignore[arg-type]
        return path

    def make(self, number: int) -> None:
        (self.out / "made" / str(number)).touch()

    def stages(self) -> list[Stage]:
        (found,) = status_of(self.out)
        return [each.stage for each in found.jobs]


def test_a_job_is_done_when_its_output_is_there(tmp_path: Path) -> None:
    made = Run(tmp_path, 3)
    made.say(0, state="done", seconds=5.0)
    made.make(0)
    made.say(1, state="done", seconds=5.0)
    assert made.stages() == [Stage.DONE, Stage.WAITING, Stage.WAITING]


def test_who_has_not_touched_its_file_for_long_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the clock of the file system; that of this machine is three days fast."""
    made = Run(tmp_path, 2)
    made.say(0, state="running", node="elsewhere", process=1, seconds=20.0)
    silent = made.say(1, state="running", node="elsewhere", process=1, seconds=20.0)
    before = silent.stat().st_mtime - 2 * job_state.SILENCE
    os.utime(silent, (before, before))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3 * 86400)
    assert made.stages() == [Stage.RUNNING, Stage.WAITING]
    (found,) = status_of(tmp_path)
    assert 20.0 <= found.jobs[0].seconds < 80.0
    assert "elsewhere" in found.jobs[1].reason


def test_a_process_of_this_machine_that_is_not_there_has_gone_at_once(tmp_path: Path) -> None:
    made = Run(tmp_path, 2)
    made.say(0, state="running", node=platform.node(), process=os.getpid())
    made.say(1, state="running", node=platform.node(), process=1 << 30)
    assert made.stages() == [Stage.RUNNING, Stage.WAITING]


def test_the_time_left_is_by_the_median_of_what_is_done(tmp_path: Path) -> None:
    """Done in 10, 20 and 60 s; one has run for about 5 of 20 s, two wait; two at a time."""
    made = Run(tmp_path, 6, at_once=2)
    for number, seconds in enumerate((10.0, 20.0, 60.0)):
        made.say(number, state="done", seconds=seconds)
        made.make(number)
    made.say(3, state="running", node="elsewhere", seconds=5.0)
    (found,) = status_of(tmp_path)
    seconds, unknown = found.left()
    assert unknown == 0
    assert (20 + 20) / 2 < seconds <= (15 + 20 + 20) / 2


def test_a_failed_job_is_shown_with_reason_and_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Run(tmp_path, 2)
    made.say(0, state="failed", reason="the disk is full", log="/logs/0.log", node="b")
    assert main(["status", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "job 0: the disk is full" in said
    assert "/logs/0.log" in said
    assert "1 failed, 1 waiting" in said
    assert main(["status", str(tmp_path), "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["runs"]
    assert [each["stage"] for each in found["jobs"]] == ["failed", "waiting"]
    assert found["jobs"][0]["log"] == "/logs/0.log"


def test_cases_are_counted_as_a_run_counts_them(
    tiny_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One is done; the other cannot even be planned: its checkout is nowhere."""
    words = ["--protocol", "self_reconstruction", "--metrics", "psnr", "--out", str(tmp_path)]
    words += ["--identity", str(tiny_identity)]
    assert main(["run", "--method", "still", "wav2lip", *words]) == 1
    said = capsys.readouterr().err
    assert main(["status", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "2 cases: 1 done, 0 running, 1 failed, 0 waiting" in shown
    assert "wav2lip" in shown
    assert "wav2lip" in said
    (record,) = (tmp_path / "jobs").glob("run-*.jsonl")
    head, jobs = read_run(record)
    case = next(each for each in jobs if each.output.endswith("result.json"))
    timing = case.model_copy(update={"address": "f" * 64})
    other = case.model_copy(update={"address": "e" * 64, "output": "a/result.json", "done": False})
    lines = [head, *jobs, timing, other]
    record.write_text("".join(f"{line.model_dump_json()}\n" for line in lines))
    (found,) = status_of(tmp_path)
    assert found.cases() == {Stage.DONE: 0, Stage.RUNNING: 0, Stage.FAILED: 1, Stage.WAITING: 2}, (
        "a case whose timing waits is not done"
    )


def test_a_folder_without_a_record_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in (tmp_path, tmp_path / "nothing"):
        assert main(["status", str(folder)]) == 2
        assert str(folder) in capsys.readouterr().err
    made = Run(tmp_path, 1)
    (made.jobs / "run-0.jsonl").write_text("{")
    with pytest.raises(TgbenchError, match=r"run-0\.jsonl"):
        status_of(tmp_path)


def test_a_job_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_state, "BEAT", 0.01)
    one = job(0, out=tmp_path)
    path = state_file(one.file)
    with doing(one, "its.log"):
        first = read_state(path)
        assert first is not None
        assert (first.state, first.process, first.log) == ("running", os.getpid(), "its.log")
        while (later := read_state(path)) is None or later.seconds <= first.seconds:
            time.sleep(0.01)
    done = read_state(path)
    assert done is not None
    assert done.state == "done"
    with pytest.raises(TgbenchError), doing(one):
        raise TgbenchError("no face in frame 3")
    failed = read_state(path)
    assert failed is not None
    assert (failed.state, failed.reason) == ("failed", "no face in frame 3")
    with pytest.raises(KeyboardInterrupt), doing(one):
        raise KeyboardInterrupt
    assert read_state(path) is None, "it waits again"


def test_a_run_that_begins_again_knows_of_jobs_that_run_on_in_a_queue(tmp_path: Path) -> None:
    running, gone, ended = jobs = [job(number, out=tmp_path) for number in range(3)]
    running.file.parent.mkdir(parents=True, exist_ok=True)
    before = JobState(state="running", node="elsewhere", process=1, seconds=20.0)
    for each in (running, gone):
        job_state.write_state(state_file(each.file), before)
    job_state.write_state(state_file(ended.file), JobState(state="failed", reason="no face"))
    long_ago = state_file(gone.file).stat().st_mtime - 2 * job_state.SILENCE
    os.utime(state_file(gone.file), (long_ago, long_ago))
    job_state.forget(jobs)
    assert read_state(state_file(running.file)) == before
    assert read_state(state_file(gone.file)) is None
    assert read_state(state_file(ended.file)) is None


def test_a_job_on_a_full_disk_does_its_work_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = job(0, out=tmp_path)

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(job_state, "write_text", full)
    with doing(one):
        pass


def test_a_run_in_this_process_can_be_looked_at_from_another(
    tiny_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = RunRequest(
        methods=("still",),
        protocols=("self_reconstruction",),
        identities=(str(tiny_identity),),
        seeds=(0, 1),
        metrics=("psnr",),
        out=tmp_path / "out",
    )
    outcomes = run(request, SILENT)
    (found,) = status_of(request.out)
    assert [each.stage for each in found.jobs] == [Stage.DONE] * 4
    assert all(each.seconds > 0 for each in found.jobs)
    assert not found.goes_on
    assert main(["status", str(request.out)]) == 0
    assert "4 done" in capsys.readouterr().out
    (outcomes[1].folder / "result.json").unlink()
    (found,) = status_of(request.out)
    assert [each.stage for each in found.jobs].count(Stage.WAITING) == 1
    run(request, SILENT)
    (found,) = status_of(request.out)
    # The first case, and its fit, are no job of this run any more.
    assert [each.stage for each in found.jobs] == [Stage.DONE] * len(found.jobs)
    assert Planner(request).plan(SILENT).to_do() == []
