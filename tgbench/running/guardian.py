"""A small process that runs a program, and leaves nothing of it when either of them ends.

Run as a script of its own, with nothing but the standard library, so that it starts in an instant:

    guardian.py DESCRIPTOR PROGRAM ARGUMENT...

DESCRIPTOR is the reading end of a pipe whose other end its parent holds. When the parent ends,
however that happens, the pipe closes, and the guardian kills the program with all that it started,
in whatever process group or session that is by now. It does the same with what the program leaves
behind, then it ends as the program did.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

_SET_DEATH_SIGNAL = 1
_SET_SUBREAPER = 36
"""Of prctl(2)."""

_LONGEST = 5.0
"""Seconds that killing takes at most: a process that waits for a broken disk cannot be killed."""

_POLL_SECONDS = 0.2


def main(arguments: list[str]) -> int:
    """Run a program and return its exit code; negative: the signal that killed it."""
    pipe, command = int(arguments[0]), arguments[1:]
    # Not ignored, which the program would inherit: what ends it reaches it directly.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    _prctl(_SET_SUBREAPER, 1)
    try:
        program = subprocess.Popen(command, preexec_fn=_die_with_parent)
    except OSError as error:
        print(f"error: {command[0]}: cannot be started ({error.strerror})", flush=True)
        return 127
    _wait(program, pipe)
    kill_descendants()
    return program.wait()


def _wait(program: subprocess.Popen[bytes], pipe: int) -> None:
    """Return when a program has ended, or the pipe is closed."""
    poll = select.poll()
    poll.register(pipe, select.POLLHUP | select.POLLIN)
    try:
        poll.register(os.pidfd_open(program.pid), select.POLLIN)
        patience = None
    except (AttributeError, OSError):
        patience = _POLL_SECONDS * 1000
    while program.poll() is None:
        if any(descriptor == pipe for descriptor, _ in poll.poll(patience)):
            return


def kill_descendants() -> None:
    """Kill all that this process started, and all that these started."""
    deadline = time.monotonic() + _LONGEST
    while (found := descendants(os.getpid())) and time.monotonic() < deadline:
        for process in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.01)


def descendants(root: int) -> list[int]:
    """Return the living processes below one. Of a guardian, orphans among them are children."""
    parents: dict[int, int] = {}
    with suppress(FileNotFoundError):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as stream:
                state, parent = stream.read().rpartition(b")")[2].split()[:2]
                if state not in (b"Z", b"X"):
                    parents[int(name)] = int(parent)
    found: list[int] = []
    below = {root}
    while below:
        below = {process for process, parent in parents.items() if parent in below}
        found += below
    return found


def _die_with_parent() -> None:
    _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end_as(code: int) -> None:
    if code >= 0:
        sys.exit(code)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, ValueError):
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)


if __name__ == "__main__":
    _end_as(main(sys.argv[1:]))
