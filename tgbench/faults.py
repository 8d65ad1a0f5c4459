"""Faults of the machine in plain words: a full disk, missing permissions, too little memory.

None of them is a bug in the suite, and none loses what was computed.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import subprocess
import traceback
from collections.abc import Iterator

from . import plugins
from .errors import TgbenchError

_AGAIN = "then repeat the command; finished work is kept"

_REMEDIES = {
    errno.ENOSPC: ("the disk is full", f"free some space, {_AGAIN}"),
    errno.EDQUOT: ("the disk quota is used up", f"free some space, {_AGAIN}"),
    errno.EFBIG: ("the file exceeds the size limit", f"raise the limit (ulimit -f), {_AGAIN}"),
    errno.EROFS: ("the file system is read-only", "choose another folder"),
    errno.EACCES: ("no permission", "choose another place, or change its permissions"),
    errno.EPERM: ("no permission", "choose another place, or change its permissions"),
    errno.EMFILE: ("too many open files", f"raise the limit (ulimit -n 4096), {_AGAIN}"),
    errno.ENFILE: ("too many open files on this machine", f"close some programs, {_AGAIN}"),
    errno.ENOMEM: ("out of memory", f"close other programs or use a smaller --size, {_AGAIN}"),
    errno.EAGAIN: (
        "no more processes or threads can be started",
        f"close other programs or raise the limit (ulimit -u), {_AGAIN}",
    ),
    errno.EIO: ("the disk reports an error", "check the system log"),
    errno.ESTALE: ("the network disk is not available", f"mount it again, {_AGAIN}"),
    errno.ENOENT: ("no such file or folder", f"if it was removed while tgbench ran, {_AGAIN[5:]}"),
    errno.EEXIST: ("already exists", "move it, or choose another folder"),
    errno.ENOTDIR: ("a file is where a folder should be", "move it, or choose another folder"),
    errno.EISDIR: ("is a folder, not a file", "move it, or name a file"),
    errno.ELOOP: ("its symbolic links form a loop", "fix the links"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one"),
    errno.ETXTBSY: ("is running as a program", "stop it"),
    errno.EBUSY: ("is in use", f"close what uses it, {_AGAIN}"),
}

_OURS = frozenset({errno.EBADF, errno.EFAULT, errno.ENOTSOCK, errno.ECHILD})
"""Errors that only a bug causes."""

_ALWAYS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
)
"""Errors that explain any other error that follows from them."""

_MEMORY = re.compile(
    r"out of memory|bad[ _]alloc|bad allocation|can(no|')t allocate|not enough memory|"
    r"insufficient memory|failed to map segment|unable to mmap|unable to allocate",
    re.IGNORECASE,
)
_THREADS = re.compile(
    r"can't start new thread|unable to start thread|resource temporarily unavail", re.IGNORECASE
)
_UNWRITTEN = re.compile(
    r"PytorchStreamWriter failed|failed writing file|write failed|inline_container.*unexpected pos"
)
_HOMELESS = re.compile(r"could not determine home directory", re.IGNORECASE)
_UNCACHED = re.compile(r"cannot cache function .*no locator available")

_LONGEST = 300
"""Characters of a program's message."""


def explain(error: BaseException) -> str | None:
    """Return which fault of the machine an error reports, and what to do; None for a bug.

    Args:
        error: an unexpected error. Its causes count, too: libraries turn errors of the system
            into errors of their own.
    """
    found = _explained(error)
    if found is not None:
        return found
    for earlier, raised_from in _before(error):
        if raised_from or isinstance(earlier, MemoryError) or _is(earlier, _ALWAYS):
            found = _explained(earlier)
            if found is not None:
                return found
    return None


def one_line(error: BaseException) -> str:
    """Return what went wrong, and what to do, on one line.

    Args:
        error: a `TgbenchError`, a fault of the machine, or else a bug, whose owner is named.
    """
    text = str(error) if isinstance(error, TgbenchError) else explain(error)
    if text is None:
        whose = _plugin_at_fault(error)
        where = f"the plug-in {whose}" if whose else "tgbench"
        text = (
            f"{type(error).__name__}: {error}; this is a bug in {where}: repeat the command with "
            "--debug and report its output"
        )
    return " ".join(text.splitlines())


def _plugin_at_fault(error: BaseException) -> str:
    """Return the package of a third party's plug-in that raised an error; empty if it is ours."""
    theirs = plugins.foreign_packages()
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in theirs:
            return package
        if package == plugins.__name__.partition(".")[0]:
            return ""
    return ""


def _before(error: BaseException) -> Iterator[tuple[BaseException, bool]]:
    """Yield the errors before an error, each with whether the error was raised `from` it."""
    seen = {id(error)}
    while True:
        cause = error.__cause__
        earlier = cause if cause is not None else error.__context__
        if earlier is None or id(earlier) in seen:
            return
        seen.add(id(earlier))
        yield earlier, cause is not None
        error = earlier


def _explained(error: BaseException) -> str | None:
    if isinstance(error, MemoryError):
        return _line("", *_REMEDIES[errno.ENOMEM])
    if isinstance(error, subprocess.CalledProcessError):
        return _of_program(error)
    if isinstance(error, subprocess.TimeoutExpired):
        return f"`{_command(error.cmd)}` did not finish within {error.timeout:g} s; {_AGAIN[5:]}"
    if isinstance(error, UnicodeEncodeError) and _is_name(error):
        return "a name is not valid UTF-8; rename the file or folder"
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, ImportError):
        return _of_import(error)
    if isinstance(error, RuntimeError) or type(error).__module__.partition(".")[0] == "cv2":
        return _of_library(str(error))
    return None


def _of_system(error: OSError) -> str | None:
    """Explain an error of the operating system; readers of files explain their own."""
    if error.errno is None or error.errno in _OURS:
        return _of_library(str(error))
    where = " to ".join(os.fsdecode(n) for n in (error.filename, error.filename2) if _named(n))
    if error.errno in _REMEDIES:
        return _line(where, *_REMEDIES[error.errno])
    return _line(where, error.strerror or str(error), _AGAIN[5:])


def _of_program(error: subprocess.CalledProcessError) -> str:
    said = error.stderr or error.output or ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    lines = text.strip().splitlines()
    last = f": {lines[-1].strip()[:_LONGEST]}" if lines else ""
    if error.returncode < 0:
        ended = f"was killed by signal {-error.returncode}"
    else:
        ended = f"failed with exit code {error.returncode}"
    return f"`{_command(error.cmd)}` {ended}{last}"


def _of_import(error: ImportError) -> str | None:
    name = (error.name or "").partition(".")[0]
    memory = _of_library(str(error))
    if memory is not None:
        return memory
    if name == __name__.partition(".")[0]:
        return None
    return (
        f"{name or 'a library'} cannot be imported ({error}); run `tgbench doctor` to check the "
        "installation"
    )


def _of_library(text: str) -> str | None:
    """Explain what a library reports as text only."""
    if "CUDA out of memory" in text:
        return f"the GPU is out of memory; close other programs that use it, {_AGAIN}"
    if _MEMORY.search(text):
        return _line("", *_REMEDIES[errno.ENOMEM])
    if _THREADS.search(text):
        return _line("", *_REMEDIES[errno.EAGAIN])
    if _UNWRITTEN.search(text):
        reason = text.splitlines()[0][:_LONGEST]
        return f"a file cannot be written ({reason}); free some space, {_AGAIN}"
    if _HOMELESS.search(text):
        return "this user has no home folder; set HOME, or set TGBENCH_CACHE to a cache folder"
    if _UNCACHED.search(text):
        return "Numba has no writable cache folder; set NUMBA_CACHE_DIR to one"
    return None


def _line(where: str, what: str, remedy: str) -> str:
    return f"{where + ': ' if where else ''}{what}; {remedy}"


def _named(name: object) -> bool:
    """Whether an error names a file, not the number of a descriptor."""
    return isinstance(name, str | bytes | os.PathLike)


def _command(command: object) -> str:
    words = [command] if isinstance(command, str | bytes | os.PathLike) else command
    if not isinstance(words, list | tuple):
        return str(words)
    return shlex.join(os.fsdecode(word) for word in words)[:_LONGEST]


def _is(error: BaseException, kinds: frozenset[int]) -> bool:
    return isinstance(error, OSError) and error.errno in kinds


def _is_name(error: UnicodeEncodeError) -> bool:
    """Whether the text that cannot be encoded is a file's name that is not UTF-8."""
    return any("\udc80" <= sign <= "\udcff" for sign in error.object[error.start : error.end])
