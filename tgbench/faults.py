"""Faults of the world, in words: full disks, missing rights, too little memory, failing programs.

None of them is a defect of the suite, and none loses what was computed.
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

_AGAIN = "then repeat the command; what is finished stays"

_REMEDIES = {
    errno.ENOSPC: ("the disk is full", f"free space, {_AGAIN}"),
    errno.EDQUOT: ("the disk is full", f"free space of your quota, {_AGAIN}"),
    errno.EFBIG: ("the file may not grow so large", f"lift the limit (ulimit -f), {_AGAIN}"),
    errno.EROFS: ("the file system is read-only", "choose another folder"),
    errno.EACCES: ("no permission", "choose another place, or make it accessible for you"),
    errno.EPERM: ("no permission", "choose another place, or make it accessible for you"),
    errno.EMFILE: ("too many open files", f"allow more (ulimit -n 4096), {_AGAIN}"),
    errno.ENFILE: ("too many open files on this machine", f"close some, {_AGAIN}"),
    errno.ENOMEM: ("out of memory", f"close other programs or take a smaller --size, {_AGAIN}"),
    errno.EAGAIN: (
        "no more processes or threads can be started",
        f"close others or lift the limit (ulimit -u), {_AGAIN}",
    ),
    errno.EIO: ("the disk does not answer", "look at the system's log for its faults"),
    errno.ESTALE: ("the disk does not answer", f"mount it again, {_AGAIN}"),
    errno.ENOENT: ("no such file or folder", f"if something removed it meanwhile, {_AGAIN[5:]}"),
    errno.EEXIST: ("is in the way", "move it, or choose another folder"),
    errno.ENOTDIR: ("a file stands where a folder should be", "move it, or choose another folder"),
    errno.EISDIR: ("is a folder, not a file", "move it, or name a file"),
    errno.ELOOP: ("its links lead in a circle", "mend the links"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one"),
    errno.ETXTBSY: ("is running as a program", "stop it"),
    errno.EBUSY: ("is in use", f"close what uses it, {_AGAIN}"),
}

_OURS = frozenset({errno.EBADF, errno.EFAULT, errno.ENOTSOCK, errno.ECHILD})
"""What only a program that is wrong meets."""

_ALWAYS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
)
"""What explains any other error that followed from it."""

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
"""Letters of what a program said."""


def explain(error: BaseException) -> str | None:
    """Return what of the world an error tells, and what to do; None for a defect.

    Args:
        error: that nobody expected. Its causes are looked at, too: libraries turn what the system
            told them into errors of their own.
    """
    told = _told(error)
    if told is not None:
        return told
    for earlier, raised_from in _before(error):
        if raised_from or isinstance(earlier, MemoryError) or _is(earlier, _ALWAYS):
            told = _told(earlier)
            if told is not None:
                return told
    return None


def one_line(error: BaseException) -> str:
    """Return what went wrong, and what to do, on one line.

    Args:
        error: a `TgbenchError`, a fault of the world, or else a defect, whose owner is named.
    """
    text = str(error) if isinstance(error, TgbenchError) else explain(error)
    if text is None:
        whose = _plugin_at_fault(error)
        defect = f"of the plug-in {whose}" if whose else "of tgbench"
        text = (
            f"{type(error).__name__}: {error}; this is a defect {defect}: repeat with --debug and "
            "report what it prints"
        )
    return " ".join(text.splitlines())


def _plugin_at_fault(error: BaseException) -> str:
    """Return the package of somebody else's plug-in in which an error was raised; empty if ours."""
    theirs = plugins.foreign_packages()
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in theirs:
            return package
        if package == plugins.__name__.partition(".")[0]:
            return ""
    return ""


def _before(error: BaseException) -> Iterator[tuple[BaseException, bool]]:
    """Yield what led to an error, each with whether the error was raised from it by name."""
    seen = {id(error)}
    while True:
        cause = error.__cause__
        earlier = cause if cause is not None else error.__context__
        if earlier is None or id(earlier) in seen:
            return
        seen.add(id(earlier))
        yield earlier, cause is not None
        error = earlier


def _told(error: BaseException) -> str | None:
    if isinstance(error, MemoryError):
        return _line("", *_REMEDIES[errno.ENOMEM])
    if isinstance(error, subprocess.CalledProcessError):
        return _of_program(error)
    if isinstance(error, subprocess.TimeoutExpired):
        return f"`{_command(error.cmd)}` did not end within {error.timeout:g} s; {_AGAIN[5:]}"
    if isinstance(error, UnicodeEncodeError) and _is_name(error):
        return "a name holds bytes that are no text in UTF-8; rename the file or folder"
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
        ended = f"was ended by signal {-error.returncode}"
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
        f"{name or 'a library'} does not load ({error}); `tgbench doctor` looks at the installation"
    )


def _of_library(text: str) -> str | None:
    """Tell what a library says in words alone."""
    if "CUDA out of memory" in text:
        return f"the memory of the GPU is full; close what else uses it, {_AGAIN}"
    if _MEMORY.search(text):
        return _line("", *_REMEDIES[errno.ENOMEM])
    if _THREADS.search(text):
        return _line("", *_REMEDIES[errno.EAGAIN])
    if _UNWRITTEN.search(text):
        return f"a file cannot be written ({text.splitlines()[0][:_LONGEST]}); free space, {_AGAIN}"
    if _HOMELESS.search(text):
        return "this user has no home folder; set HOME, or TGBENCH_CACHE to a folder for caches"
    if _UNCACHED.search(text):
        return "compiled code has no place to be kept; set NUMBA_CACHE_DIR to a folder of yours"
    return None


def _line(where: str, what: str, remedy: str) -> str:
    return f"{where + ': ' if where else ''}{what}; {remedy}"


def _named(name: object) -> bool:
    """Whether an error names a file, and not the number of a descriptor."""
    return isinstance(name, str | bytes | os.PathLike)


def _command(command: object) -> str:
    words = [command] if isinstance(command, str | bytes | os.PathLike) else command
    if not isinstance(words, list | tuple):
        return str(words)
    return shlex.join(os.fsdecode(word) for word in words)[:_LONGEST]


def _is(error: BaseException, kinds: frozenset[int]) -> bool:
    return isinstance(error, OSError) and error.errno in kinds


def _is_name(error: UnicodeEncodeError) -> bool:
    """Whether what cannot be encoded is what Python makes of a file's name that is no UTF-8."""
    return any("\udc80" <= sign <= "\udcff" for sign in error.object[error.start : error.end])
