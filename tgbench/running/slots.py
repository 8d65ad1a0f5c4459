"""What jobs on one machine share: its GPUs, one job each, and the machine itself.

Locks are files in the system's folder for temporary ones, so that several runs on one machine, of
several users too, share. The system releases a lock when the last process that holds it ends.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ..terminal import NOTICE

_QUERY = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]
_SECONDS = 20
_MOMENT = 1.0
_log = logging.getLogger("tgbench")


@dataclass
class Held:
    """Locks that a job holds.

    Attributes:
        descriptors: of the lock files; whoever inherits them holds the locks, too.
        devices: as CUDA_VISIBLE_DEVICES takes them.
    """

    descriptors: list[int] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)

    def release(self) -> None:
        """Close the lock files of this process."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors.clear()


def hold(gpus: int, alone: bool) -> Held | None:
    """Return locks of so many GPUs, and of the machine; None: they are not to be had now.

    Args:
        gpus: how many devices.
        alone: whether no other job of any run may be on the machine; else others may be, but none
            that wants to be alone.
    """
    held = Held()
    if not _add(held, "machine", shared=not alone):
        return None
    for device in devices():
        if len(held.devices) < gpus and _add(held, f"gpu-{_lasting_name(device)}", shared=False):
            held.devices.append(device)
    if len(held.devices) < gpus:
        held.release()
        return None
    return held


def wait_for_others() -> None:
    """Wait a moment for a lock of another run, and say so the first time."""
    _say_once("waiting: other runs on this machine use its GPUs or time", logging.INFO)
    time.sleep(_MOMENT)


def devices() -> Sequence[str]:
    """Return the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return list(_installed())
    found = [name.strip() for name in chosen.split(",")]
    # CUDA reads this list up to the first name that is none.
    stop = next((at for at, name in enumerate(found) if name in ("", "-1")), len(found))
    return found[:stop]


@cache
def _installed() -> dict[str, str]:
    """Return the lasting name of each GPU by its index."""
    try:
        done = subprocess.run(_QUERY, capture_output=True, text=True, check=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return {}
    pairs = (line.split(",", 1) for line in done.stdout.splitlines() if "," in line)
    return {index.strip(): uuid.strip() for index, uuid in pairs}


def _lasting_name(device: str) -> str:
    """Return the name that all runs have for a device, whether by index or by UUID."""
    return re.sub(r"[^\w-]", "_", _installed().get(device, device))


def _add(held: Held, name: str, shared: bool) -> bool:
    """Take a lock, if it is to be had."""
    descriptor = _open(name)
    if descriptor is None:
        return True
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    except OSError:
        # A file system without locks.
        os.close(descriptor)
        return True
    held.descriptors.append(descriptor)
    return True


def _open(name: str) -> int | None:
    """Return a lock file, open; None where there can be none, and so no sharing between runs."""
    folder = Path(tempfile.gettempdir()) / "tgbench-locks"
    path, flags = folder / f"{name}.lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        # For other users, whatever the umask.
        folder.chmod(0o1777)
    try:
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            descriptor = os.open(path, flags | os.O_CREAT, 0o666)
            os.fchmod(descriptor, 0o666)
            return descriptor
    except OSError as error:
        warning = f"{path}: {error.strerror}; other runs on this machine may use the same GPUs"
        _say_once(warning, logging.WARNING)
        return None


@cache
def _say_once(text: str, level: int) -> None:
    _log.log(level, text, extra=NOTICE)
