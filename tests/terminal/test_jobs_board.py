"""Jobs that run at the same time, on a terminal and elsewhere."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from tgbench.progress import ConsoleProgress, ShowsJobs, Tally
from tgbench.terminal.jobs_board import JobsBoard


def shown(board: JobsBoard) -> list[str]:
    console = Console(file=io.StringIO(), width=60, force_terminal=False)
    with console.capture() as captured:
        console.print(board)
    return captured.get().splitlines()


def test_running_jobs_are_shown_with_what_they_say_last(tmp_path: Path) -> None:
    board = JobsBoard(Tally(3))
    for number in range(3):
        state, log = tmp_path / f"{number}.state", tmp_path / f"{number}.log"
        board.submitted(str(number), f"job {number}", state, log)
    (tmp_path / "1.state").write_text(json.dumps({"state": "running", "seconds": 3605.0}))
    (tmp_path / "1.log").write_text("started\nstep 40/100 \x1b[31m\n")
    bar, job, rest = shown(board)
    assert "0/3" in bar
    assert "job 1 (1 h 0 min): step 40/100" in job
    assert "\x1b" not in job
    assert "2 more" in rest
    board.ended("1")
    lines = shown(board)
    assert "1/3" in lines[0]
    assert not any("job 1" in line for line in lines)


def test_a_line_is_no_wider_than_the_terminal(tmp_path: Path) -> None:
    board = JobsBoard(Tally(1))
    board.submitted("0", "a job " + "x" * 200, tmp_path / "state", tmp_path / "log")
    (tmp_path / "state").write_text(json.dumps({"state": "running", "seconds": 1.0}))
    assert all(len(line) <= 60 for line in shown(board))


def test_damaged_files_show_a_job_that_waits(tmp_path: Path) -> None:
    board = JobsBoard(Tally(1))
    board.submitted("0", "job 0", tmp_path / "state", tmp_path / "log")
    for text in ("{", "[]", '{"state": "running"}', '{"state": 1, "seconds": "x"}'):
        (tmp_path / "state").write_text(text)
        assert "1 more" in shown(board)[-1]


def test_elsewhere_only_ended_jobs_are_counted(tmp_path: Path) -> None:
    stream = io.StringIO()
    progress = ConsoleProgress(Console(file=stream, width=80))
    assert isinstance(progress, ShowsJobs)
    with progress.jobs(2) as jobs:
        for number in "01":
            jobs.submitted(number, "a job", tmp_path / "state", tmp_path / "log")
            jobs.ended(number)
    assert "a job" not in stream.getvalue()
