"""Runs one program, and ends it with all that it started, whatever becomes of tgbench.

This file is a script of its own, which imports only the standard library. It reads one line of JSON
from its standard input; when that input closes, because tgbench stops the program or has died
itself, the program is ended. What the program says goes to standard output, how it ended to
standard error as one line of JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

_SET_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36
_LEFTOVER_SECONDS = 0.5
"""That background processes have to stop, after the program itself ended."""

_KILL_SECONDS = 10.0
_STOP_SECONDS = 30.0
"""That the command has which ends a container."""


def main() -> None:
    """Do what the first line of the input says."""
    task = json.loads(sys.stdin.readline())
    # Processes that outlive their parents become children of this one, so none gets away.
    _prctl(_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        program = subprocess.Popen(
            task["argv"],
            cwd=task["cwd"],
            env=task["env"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
    except OSError as error:
        _report({"error": error.errno, "file": _text(error.filename)})
        return
    code = _wait(program.pid, woken)
    if code is None and task["stop"]:
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                task["stop"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_STOP_SECONDS,
                check=False,
            )
    _end_all(program.pid, task["grace"] if code is None else _LEFTOVER_SECONDS)
    _report({"code": code})


def _wait(program: int, woken: int) -> int | None:
    """Return the exit code, negative for a signal; None if the program is to be ended."""
    while True:
        for child, status in _ended():
            if child == program:
                return os.waitstatus_to_exitcode(status)
        ready, _, _ = select.select([0, woken], [], [])
        if 0 in ready:
            return None
        os.read(woken, 4096)


def _ended() -> list[tuple[int, int]]:
    """Return the children that ended, each with its status."""
    found = []
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(ended)
    return found


def _end_all(group: int, patience: float) -> None:
    """End the program's group and all other children, and kill those that do not stop."""
    _signal(-group, signal.SIGTERM)
    asked: set[int] = set()
    deadline = time.monotonic() + patience
    while _has_children() and time.monotonic() < deadline:
        # Children of those that ended, from sessions of their own.
        for child in set(_children()) - asked:
            _signal(child, signal.SIGTERM)
            asked.add(child)
        time.sleep(0.02)
    deadline = time.monotonic() + _KILL_SECONDS
    while _has_children() and time.monotonic() < deadline:
        # Each round may hand over the children of those that it killed.
        _signal(-group, signal.SIGKILL)
        for child in _children():
            _signal(child, signal.SIGKILL)
        time.sleep(0.02)


def _has_children() -> bool:
    _ended()
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _children() -> list[int]:
    """Return the children of this process, where the system lists them."""
    found = []
    own = str(os.getpid())
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        with suppress(OSError, IndexError):
            if name.isdecimal():
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stream:
                    # The name of the program, in brackets, may hold anything.
                    if stream.read().rpartition(")")[2].split()[1] == own:
                        found.append(int(name))
    return found


def _die_with_parent() -> None:
    _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    # Linux alone has it; elsewhere the closed input and the process group have to do.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _signal(process: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def _report(how: dict[str, Any]) -> None:
    with suppress(OSError):
        os.write(2, json.dumps(how).encode() + b"\n")


def _text(name: Any) -> str:
    return os.fsdecode(name) if isinstance(name, str | bytes) else ""


if __name__ == "__main__":
    main()
