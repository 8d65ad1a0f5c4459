"""Killing a child process just before one of its changes to a folder."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "shutil.rmtree", "open"}


def killed_before(change: int, folder: Path, work: Callable[[], object]) -> bool:
    """Do some work in a child process; tell whether it was killed before it was done.

    Args:
        change: how many changes at or below the folder come before the kill (SIGKILL).
        folder: that is looked at.
        work: of the child.
    """
    child = os.fork()
    if child == 0:
        _kill_at(change, str(folder))
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), "the work failed"
    return code != 0


def _kill_at(change: int, folder: str) -> None:
    seen = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event == "ctypes.dlsym":
            # What changes places by a function of the C library is asked for just before.
            concerned = arguments[1] == "renameat2"
        elif event == "open":
            concerned = "w" in str(arguments[1]) and str(arguments[0]).startswith(folder)
        else:
            concerned = event in _CHANGES and str(arguments[0]).startswith(folder)
        if concerned:
            if seen == change:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    sys.addaudithook(watch)
