"""What runs in a fresh process: `python -m tgbench.conformance.child TRIAL.json`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import plugins
from ..files import write_json
from ..identities import Identity
from ..running.method_config import MethodConfig
from . import drives
from .findings import DoesNotHold, theirs
from .fresh import FAILED
from .subject import StepCounter, Subject, checked

_WARM_UP = 3
"""Frames rendered before memory is looked at."""


def main(path: Path) -> int:
    """Do what a file says, and return the exit code."""
    trial = json.loads(path.read_text(encoding="utf-8"))
    spec = plugins.method(trial["method"])
    config = MethodConfig.of(spec, trial["settings"], trial["preset"], trial["places"])
    subject = Subject(config, trial["device"], trial["seed"])
    try:
        _ACTIONS[trial["action"]](subject, Identity(Path(trial["identity"])), trial)
    except DoesNotHold as error:
        print(" ".join(str(error).split()))
        return FAILED
    return 0


def _render(subject: Subject, clip: Identity, trial: Mapping[str, Any]) -> None:
    method = subject.loaded(Path(trial["model"]), clip)
    drive = drives.of_frames(clip, trial["rows"], subject.config.encoder)
    np.save(trial["output"], subject.render(method, drive))


def _memory(subject: Subject, clip: Identity, trial: Mapping[str, Any]) -> None:
    method = subject.loaded(Path(trial["model"]), clip)
    short, long = (
        drives.of_length(clip, count, subject.config.encoder)
        for count in (_WARM_UP, trial["count"])
    )
    subject.render(method, short)
    resident = [_resident()]
    with theirs("render"):
        for _ in checked(method.render(long), long):
            resident.append(_resident())
    write_json(Path(trial["output"]), resident)


def _fit(subject: Subject, clip: Identity, trial: Mapping[str, Any]) -> None:
    """Fit, and die at a step, or after some seconds."""
    if trial["seconds"]:
        threading.Thread(target=_die_after, args=(trial["seconds"],), daemon=True).start()

    def at_step(steps: int) -> None:
        if trial["steps"] and steps >= trial["steps"]:
            _die()

    with theirs("fit"):
        subject.fit(subject.new(), clip, Path(trial["workdir"]), StepCounter(at_step))


def _die_after(seconds: float) -> None:
    threading.Event().wait(seconds)
    _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _resident() -> int:
    """Return the bytes of memory that this process holds."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


_ACTIONS: dict[str, Callable[[Subject, Identity, Mapping[str, Any]], None]] = {
    "render": _render,
    "memory": _memory,
    "fit": _fit,
}

if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
