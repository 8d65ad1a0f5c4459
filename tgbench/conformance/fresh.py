"""Fresh processes: what a method does when nothing of an earlier one is left in memory."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np

from ..files import write_json
from ..processes.guarded import Guarded
from ..processes.python import python_command
from .bench import Bench
from .findings import DoesNotHold, NotTried
from .subject import Frames

FAILED = 3
"""Exit code of a child in which the method failed; its last line says how."""


def render_in_a_fresh_process(bench: Bench) -> Frames:
    """Return the held-out frames that a new process renders from the saved fit.

    Raises:
        DoesNotHold: it cannot load or render.
    """
    output = bench.folder / "fresh.npy"
    run_child(bench, "render", output=str(output))
    frames: Frames = np.load(output, allow_pickle=False)
    return frames


def measure_memory(bench: Bench, count: int) -> list[int]:
    """Return the resident bytes of a new process before and at each of `count` frames.

    Raises:
        DoesNotHold: it cannot load or render.
    """
    output = bench.folder / "memory.json"
    run_child(bench, "memory", output=str(output), count=count)
    resident: list[int] = json.loads(output.read_text(encoding="utf-8"))
    return resident


def run_child(bench: Bench, action: str, killed: bool = False, **more: Any) -> bool:
    """Do something with the method in a new process.

    Args:
        bench: what is checked.
        action: "render", "memory" or "fit".
        killed: whether the process is expected to kill itself.
        more: what the action needs.

    Returns:
        Whether the process was killed (SIGKILL), as expected.

    Raises:
        DoesNotHold: the process failed.
    """
    subject, folder = bench.subject, bench.folder
    config = subject.config
    trial = {
        "action": action,
        "method": bench.name,
        "preset": config.preset,
        "settings": config.settings,
        "places": config.places,
        "device": subject.device,
        "seed": subject.seed,
        "identity": str(bench.clip.folder),
        "rows": list(bench.rows),
        "model": "" if action == "fit" else str(bench.model),
        **more,
    }
    path = folder / f"{action}.json"
    write_json(path, trial)
    log = folder / f"{action}.log"
    with log.open("wb") as stream:
        child = Guarded(python_command("-m", "tgbench.conformance.child", str(path)), stream)
        try:
            child.process.wait()
        finally:
            code = child.end()
    if killed and code == -signal.SIGKILL:
        return True
    if code:
        raise _trouble(code, log)
    return False


def _trouble(code: int, log: Path) -> Exception:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = lines[-1] if lines else "no message"
    if code == FAILED:
        return DoesNotHold(last)
    if code < 0:
        return DoesNotHold(f"a fresh process was killed by signal {-code}: {last}")
    return NotTried(f"a fresh process ended with code {code}: {last}")
