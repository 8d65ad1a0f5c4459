from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable

import pytest
from rich.console import Console

from tgbench.progress import ConsoleProgress, Tally, duration
from tgbench.terminal.consoles import NeutralConsole
from tgbench.terminal.progress_bars import bar
from tgbench.terminal.progress_lines import StageLines, lines

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """One stage whose lines are kept, a second after the other."""

    def __init__(self, total: int | None, done: int = 0) -> None:
        self.clock = Clock()
        self.tally = Tally(total, done, self.clock)
        self.told: list[str] = []
        self.lines = StageLines("learning", self.tally, self.told.append)

    def run(self, seconds: int, a_second: Callable[[], None] = lambda: None) -> None:
        for _ in range(seconds):
            self.clock.now += 1.0
            a_second()
            self.lines.look()


def test_steps_are_never_more_than_there_are() -> None:
    tally = Tally(100, 90)
    tally.advance(20)
    assert (tally.done, tally.total, tally.counted) == (110, 110, "110/110")


def test_what_ended_well_is_complete() -> None:
    for total, advanced, counted in ((20, 0, "20/20"), (20, 19, "19/19"), (None, 0, "")):
        tally = Tally(total)
        tally.advance(advanced)
        tally.finish()
        assert tally.counted == counted


def test_the_pace_is_that_of_this_run_alone() -> None:
    """900 of 1000 were there; 50 more took 10 s, so the last 50 take 10 s."""
    clock = Clock()
    tally = Tally(1000, 900, clock)
    assert tally.left is None
    clock.now += 10.0
    tally.advance(50)
    assert tally.left == pytest.approx(10.0)


def test_threads_count_every_step() -> None:
    tally = Tally(None)
    threads = [
        threading.Thread(target=lambda: [tally.advance() for _ in range(2000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.done == 8000


def test_a_long_stage_tells_how_far_it_is_every_half_minute() -> None:
    stage = Stage(300)
    stage.run(100, stage.tally.advance)
    stage.tally.advance(200)
    stage.lines.end(whole=True)
    assert stage.told == [
        "learning: started, 2/300",
        "learning: 30/300 (10 %), 30 s elapsed, about 4 min 30 s left",
        "learning: 60/300 (20 %), 1 min 0 s elapsed, about 4 min 0 s left",
        "learning: 90/300 (30 %), 1 min 30 s elapsed, about 3 min 30 s left",
        "learning: done, 300/300 in 1 min 40 s",
    ]


def test_a_short_stage_leaves_no_line() -> None:
    stage = Stage(5)
    stage.run(1, stage.tally.advance)
    stage.lines.end(whole=True)
    assert stage.told == []


def test_a_stage_without_steps_tells_its_time_alone() -> None:
    stage = Stage(None)
    stage.run(40)
    stage.lines.end(whole=True)
    assert stage.told == [
        "learning: started",
        "learning: 30 s elapsed",
        "learning: done in 40 s",
    ]


def test_a_stage_that_stops_tells_where() -> None:
    stage = Stage(100, done=10)
    stage.tally.note("loss 0.5")
    stage.run(30, stage.tally.advance)
    stage.lines.end(whole=False)
    assert stage.told == [
        "learning: started, 12/100",
        "learning: 40/100 (40 %), 30 s elapsed, about 1 min 0 s left; loss 0.5",
        "learning: stopped at 40/100 after 30 s",
    ]


def test_lines_come_while_the_work_goes_on() -> None:
    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            if "elapsed" in text:
                seen.set()
            return super().write(text)

    seen, stream = threading.Event(), Stream()
    console = NeutralConsole(file=stream, soft_wrap=True)
    with lines(console, "waiting", Tally(None), quiet=0.0, every=0.01):
        assert seen.wait(60.0)
    told = stream.getvalue().splitlines()
    assert told[0] == "waiting: started"
    assert told[-1].startswith("waiting: done in ")


def test_a_failure_passes_through_the_lines() -> None:
    def fail() -> None:
        with lines(NeutralConsole(file=stream), "x", Tally(3), quiet=0.0) as task:
            task.advance()
            raise RuntimeError("inside")

    stream = io.StringIO()
    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert "x: stopped at 1/3 after" in stream.getvalue()


def test_a_file_gets_no_bars() -> None:
    stream = io.StringIO()
    with ConsoleProgress(Console(file=stream)).task("hashing", 3) as task:
        task.advance()
    assert stream.getvalue() == ""


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120])
@pytest.mark.parametrize(
    "name", ["hashing inputs", "rendering talkinggaussian on synth-a, track-language"]
)
def test_bars_are_whole_at_any_width(width: int, name: str) -> None:
    stream = io.StringIO()
    console = NeutralConsole(file=stream, width=width, force_terminal=True, color_system=None)
    with bar(console, name, Tally(5200, 1234)) as task:
        task.note("loss 0.0407")
        task.advance(3000)
    # Each time the lines are drawn anew, over the former ones.
    shown = ESCAPES.sub("", stream.getvalue()).replace("\r", "\n").strip().splitlines()
    assert all(len(line.rstrip()) <= width for line in shown)
    assert "…" not in stream.getvalue()
    assert "4234/4234" in shown[-1]
    said = {word for line in shown for word in line.split()}
    assert set(name.split()) <= said


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.04, "0.0 s"), (9.9, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (3725, "1 h 2 min")],
)
def test_times_are_told_in_words(seconds: float, told: str) -> None:
    assert duration(seconds) == told
