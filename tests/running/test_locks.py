from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.running.locks import sole_replacer, sole_writer

HOLD = """
import sys
from pathlib import Path
from tgbench.running import locks
with getattr(locks, sys.argv[1])(Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holding(lock: str, folder: Path) -> subprocess.Popen[str]:
    """Another process that holds a lock until its input closes."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, lock, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "held"
    return holder


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with holding("sole_replacer", tmp_path / "fit") as process:
        yield process
        process.kill()


def test_second_writer_is_told_who_holds_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    with holding("sole_writer", tmp_path) as process:
        with pytest.raises(TgbenchError, match=str(process.pid)), sole_writer(tmp_path):
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with sole_writer(tmp_path):
        pass


@pytest.mark.parametrize("end", ["done", "killed"])
def test_who_waits_says_so_and_goes_on_when_the_holder_ends(
    tmp_path: Path, holder: subprocess.Popen[str], end: str, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = threading.Event()

    class Said(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if str(holder.pid) in record.getMessage() and str(tmp_path) in record.getMessage():
                waiting.set()

    def end_it() -> None:
        assert waiting.wait(30)
        if end == "killed":
            holder.kill()
        else:
            holder.stdin.close()  # type: ignore[union-attr]

    said = Said()
    logging.getLogger("tgbench").addHandler(said)
    ender = threading.Thread(target=end_it)
    ender.start()
    try:
        with caplog.at_level("INFO", logger="tgbench"), sole_replacer(tmp_path / "fit", wait=True):
            assert holder.wait(30) is not None
    finally:
        logging.getLogger("tgbench").removeHandler(said)
        ender.join()


def test_who_does_not_wait_is_refused(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(TgbenchError, match=str(holder.pid)), sole_replacer(tmp_path / "fit"):
        pass
