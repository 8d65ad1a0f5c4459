"""Runs one program, and ends it with all that it started, whatever becomes of tgbench.

This file is a script of its own, which imports only the standard library, so that it starts in an
instant. It reads one line of JSON from its standard input (see `guarded`); what comes after it is
for the program. When that input closes, because tgbench ends the program or has died itself, the
program is ended. What the program says goes to standard output. The guardian passes on the signals
that ask for an end, and ends as the program did.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
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

_KILL_SECONDS = 5.0
"""That killing takes at most: a process that waits for a broken disk cannot be killed."""

_STOP_SECONDS = 30.0
"""That the command has which ends a container."""

_GUARDIAN_SECONDS = 45.0
"""That a guardian among what is ended has for its own program, container included."""

_AT_ONCE = 65536
"""Bytes of the input that are read at once."""

_ASK = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> int:
    """Do what the first line of the input says; return the exit code, negative for a signal."""
    line, _, early = _read_line().partition(b"\n")
    task = json.loads(line)
    # Processes that outlive their parents become children of this one, so none gets away.
    _prctl(_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGCHLD, *_ASK):
        signal.signal(number, lambda *_: None)
    try:
        # Kept until the end: without a reference, Python itself would wait for it.
        program = subprocess.Popen(
            task["argv"],
            cwd=task["cwd"],
            env=task["env"],
            stdin=subprocess.PIPE if task["fed"] else subprocess.DEVNULL,
            bufsize=0,
            stderr=subprocess.STDOUT if task["report"] else None,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
    except OSError as error:
        _say_what_failed(task, error)
        return 127
    code = _wait(program, woken, early)
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
    _end_all(program.pid, task["patience"] if code is None else _LEFTOVER_SECONDS)
    if task["report"]:
        _report({"code": code})
    return -signal.SIGKILL if code is None else code


def descendants(root: int) -> list[int]:
    """Return the living processes below one. Of a guardian, orphans among them are children."""
    parents: dict[int, int] = {}
    with suppress(FileNotFoundError):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as stream:
                # The name of the program, in brackets, may hold anything.
                state, parent = stream.read().rpartition(b")")[2].split()[:2]
                if state not in (b"Z", b"X"):
                    parents[int(name)] = int(parent)
    found: list[int] = []
    below = {root}
    while below:
        below = {process for process, parent in parents.items() if parent in below}
        found += below
    return found


def _read_line() -> bytes:
    """Return what the input holds so far, a whole line at least."""
    read = b""
    while b"\n" not in read and (more := os.read(0, _AT_ONCE)):
        read += more
    return read


def _wait(program: subprocess.Popen[bytes], woken: int, unread: bytes) -> int | None:
    """Hand a program what is for it, and wait for its end.

    Args:
        program: the program.
        woken: a descriptor that tells of signals.
        unread: what has come for the program so far.

    Returns:
        The exit code, negative for a signal; None if the program is to be ended.
    """
    reader = program.stdin
    if reader is not None:
        os.set_blocking(reader.fileno(), False)
    while True:
        for child, status in _ended():
            if child == program.pid:
                return os.waitstatus_to_exitcode(status)
        writing = [reader] if reader is not None and unread else []
        ready, writable, _ = select.select([0, woken], writing, [])
        if 0 in ready:
            content = os.read(0, _AT_ONCE)
            if not content:
                return None
            unread += content
        if writable and reader is not None:
            unread = _fed(reader.fileno(), unread)
        if woken in ready:
            for number in set(os.read(woken, 4096)).intersection(_ASK):
                _signal(-program.pid, number)


def _fed(reader: int, content: bytes) -> bytes:
    """Hand a program as much as it takes; return the rest, nothing if it reads no more."""
    try:
        return content[os.write(reader, content) :]
    except BlockingIOError:
        return content
    except BrokenPipeError:
        return b""


def _ended() -> list[tuple[int, int]]:
    """Return the children that ended, each with its status."""
    found = []
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(ended)
    return found


def _end_all(group: int, patience: float) -> None:
    """End the program's group and all other children, and kill those that do not stop.

    A guardian among them knows that its tgbench has gone, and ends what is below it by itself.
    """
    started = time.monotonic()
    if patience:
        _signal(-group, signal.SIGTERM)
    asked: set[int] = set()
    while _has_children() and time.monotonic() - started < patience:
        # Children of those that ended, from sessions of their own.
        for child in set(_other_children()) - asked:
            _signal(child, signal.SIGTERM)
            asked.add(child)
        time.sleep(0.02)
    started = time.monotonic()
    limit = _KILL_SECONDS
    while _has_children() and time.monotonic() - started < limit:
        # Each round may hand over the children of those that it killed.
        _signal(-group, signal.SIGKILL)
        children = _children()
        for child in children:
            if not _is_guardian(child):
                _signal(child, signal.SIGKILL)
            else:
                limit = _GUARDIAN_SECONDS
        time.sleep(0.02)
    for child in _children():
        _signal(child, signal.SIGKILL)


def _has_children() -> bool:
    _ended()
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _children() -> list[int]:
    """Return the living children of this process, where the system lists them."""
    own = str(os.getpid()).encode()
    found = []
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        with suppress(OSError, IndexError), open(f"/proc/{name}/stat", "rb") as stream:
            if stream.read().rpartition(b")")[2].split()[1] == own:
                found.append(int(name))
    return found


def _other_children() -> list[int]:
    return [child for child in _children() if not _is_guardian(child)]


def _is_guardian(process: int) -> bool:
    with suppress(OSError), open(f"/proc/{process}/cmdline", "rb") as stream:
        return os.fsencode(__file__) in stream.read().split(b"\0")
    return False


def _die_with_parent() -> None:
    _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    # Linux alone has it; elsewhere the closed input and the process group have to do.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _signal(process: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def _say_what_failed(task: dict[str, Any], error: OSError) -> None:
    if task["report"]:
        name = error.filename
        _report(
            {
                "error": error.errno,
                "file": os.fsdecode(name) if isinstance(name, str | bytes) else "",
            }
        )
    else:
        print(f"error: {task['argv'][0]}: cannot be started ({error.strerror})", flush=True)


def _report(how: dict[str, Any]) -> None:
    with suppress(OSError):
        os.write(2, json.dumps(how).encode() + b"\n")


def _end_as(code: int) -> None:
    if code >= 0:
        sys.exit(code)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, ValueError):
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)


if __name__ == "__main__":
    _end_as(main())
