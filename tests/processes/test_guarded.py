"""Programs under a guardian, in real processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tgbench.processes.guarded import Guarded
from tgbench.processes.guardian import descendants

SLEEP = "import time; time.sleep(60)"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def gone(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return True
    return stat.rpartition(b")")[2].split()[0] in (b"Z", b"X")


def test_it_ends_as_the_program_does(tmp_path: Path) -> None:
    for code, expected in (("", 0), ("raise SystemExit(7)", 7), ("import os; os.abort()", -6)):
        guarded = Guarded(python(code), subprocess.DEVNULL)
        assert guarded.wait(60)
        assert guarded.end() == expected


def test_a_quick_program_keeps_its_exit_code() -> None:
    assert [Guarded(["/bin/false"], subprocess.DEVNULL).process.wait() for _ in range(20)] == [
        1
    ] * 20


@contextmanager
def heard(code: str, fed: bool = True) -> Iterator[tuple[Guarded, IO[bytes]]]:
    """Start a program; yield it and what it prints."""
    guarded = Guarded(python(code), subprocess.PIPE, fed=fed)
    assert guarded.process.stdout is not None
    with guarded.process.stdout as output:
        yield guarded, output


def test_a_program_that_is_fed_reads_what_is_sent_at_once_and_later() -> None:
    echo = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
    with heard(echo) as (guarded, output):
        # The first messages come with the task itself, the last long after it.
        for message in ({"early": "é\n"}, ["early", 2], None):
            guarded.send(message)
        said = [json.loads(output.readline()) for _ in range(3)]
        guarded.send("late")
        said.append(json.loads(output.readline()))
        assert said == [{"early": "é\n"}, ["early", 2], None, "late"]
        assert guarded.end() == -signal.SIGKILL


def test_long_messages_arrive_whole() -> None:
    code = "import sys, time; time.sleep(1); print(len(sys.stdin.readline()))"
    with heard(code) as (guarded, output):
        guarded.send("x" * 1_000_000)
        assert output.read() == b"1000003\n"
        assert guarded.end() == 0


def test_a_program_that_is_not_fed_has_no_input() -> None:
    with heard("raise SystemExit(len(input()))", fed=False) as (guarded, output):
        assert b"EOFError" in output.read()
        assert guarded.end() == 1


def test_a_program_that_reads_no_more_misses_what_is_sent() -> None:
    for script, code in (("exit 4", 4), ("exec 0<&-; sleep 1; exit 3", 3)):
        guarded = Guarded(["/bin/sh", "-c", script], subprocess.DEVNULL, fed=True)
        for message in ("to nobody", "again"):
            time.sleep(0.2)
            guarded.send(message)
        assert guarded.wait(60)
        guarded.send("to nobody")
        assert guarded.end() == code


def test_a_program_that_does_not_read_is_ended_all_the_same(tmp_path: Path) -> None:
    """By the guardian, which runs the command for that, not by killing the guardian."""
    stopped = tmp_path / "stopped"
    guarded = Guarded(python(SLEEP), subprocess.DEVNULL, fed=True, stop=["touch", str(stopped)])
    guarded.send("x" * 1_000_000)
    assert guarded.end() == -signal.SIGKILL
    assert stopped.exists()


def test_one_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as stream:
        guarded = Guarded([str(tmp_path / "nothing")], stream)
    assert guarded.wait(60)
    assert guarded.end() == 127
    assert str(tmp_path / "nothing") in log.read_text()


def test_a_request_to_stop_reaches_the_program_alone(tmp_path: Path) -> None:
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: exit(5))\n"
        f"open({str(tmp_path / 'ready')!r}, 'w')\n"
        "time.sleep(60)"
    )
    guarded = Guarded(python(code), subprocess.DEVNULL)
    wait_for((tmp_path / "ready").exists)
    guarded.ask_to_stop()
    assert guarded.wait(60)
    assert guarded.end() == 5


def test_nothing_is_left_of_what_left_its_session(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}], start_new_session=True)\n"
        f"open({str(pids)!r}, 'w').write(f'{{child.pid}}\\n')\n"
        "time.sleep(60)"
    )
    guarded = Guarded(python(code), subprocess.DEVNULL)
    wait_for(lambda: pids.exists() and pids.read_text().endswith("\n"))
    assert int(pids.read_text()) in descendants(guarded.process.pid)
    assert guarded.end() == -signal.SIGKILL
    assert gone(int(pids.read_text()))


def test_the_container_of_a_program_within_is_stopped_when_the_outer_one_is_killed(
    tmp_path: Path,
) -> None:
    stopped = tmp_path / "stopped"
    inner = (
        "import subprocess, time\n"
        "from tgbench.processes.guarded import Guarded\n"
        f"Guarded({python(SLEEP)!r}, subprocess.DEVNULL, stop=['touch', {str(stopped)!r}])\n"
        "time.sleep(60)"
    )
    outer = Guarded(python(inner), subprocess.DEVNULL)
    # The program, the guardian within, and what that guards.
    wait_for(lambda: len(descendants(outer.process.pid)) == 3)
    below = descendants(outer.process.pid)
    outer.end()
    assert stopped.exists()
    assert all(map(gone, below))
