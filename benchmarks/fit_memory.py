"""Peak memory of a run against the length of its clip, which is of any length and small on disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from tgbench.audio import Waveform
from tgbench.identities import Identity, IdentityWriter, default_split, layout
from tgbench.running.result import read_results

_FILES = (
    layout.ORIGINAL,
    layout.GROUND_TRUTH,
    layout.PARSING,
    layout.TORSO_IMAGE,
    layout.TEETH,
    layout.LANDMARKS,
)
_SETTINGS = {
    "schedule.audio_pretraining_iterations": 20,
    "schedule.static_iterations": 20,
    "schedule.motion_iterations": 300,
    "schedule.finetune_iterations": 5,
    "cache_megabytes": 4,
}


def repeat(short: Path, folder: Path, frames: int) -> Path:
    """Write a clip that plays a short one forth and back, its pictures being links."""
    identity = Identity(short)
    count = len(identity)
    order = [count - 1 - abs(i % (2 * count - 2) - (count - 1)) for i in range(frames)]
    lens = identity.intrinsics
    writer = IdentityWriter(folder, (lens.width, lens.height))
    for index, source in enumerate(order):
        for pattern in _FILES:
            os.link(short / pattern.format(source), folder / pattern.format(index))
    writer.write_background(identity.background)
    writer.write_transforms(lens.focal, identity.poses[order], default_split(frames))
    units = identity.action_units
    writer.write_action_units({name: row[order] for name, row in units.values.items()}, "drawn")
    writer.write_audio(Waveform(np.resize(identity.audio.samples, frames * 640)))
    writer.finish({"made_by": __name__})
    return folder


def peak_of_a_run(identity: Path, out: Path, metrics: tuple[str, ...] = ()) -> float:
    """Train, render and score in a process of its own.

    Args:
        identity: whom.
        out: folder of the result.
        metrics: what is measured; empty: all that apply.

    Returns:
        Its peak memory in MB.
    """
    settings = [word for item in _SETTINGS.items() for word in ("--set", "{}={}".format(*item))]
    subprocess.run(
        [
            *(sys.executable, "-m", "tgbench.cli", "run", "--method", "talkinggaussian"),
            *("--protocol", "self_reconstruction", "--identity", str(identity)),
            *("--out", str(out), *settings),
            *(("--metrics", *metrics) if metrics else ()),
        ],
        check=True,
        capture_output=True,
    )
    ((_, result),) = read_results(out)
    return result.timing.peak_memory_mb
