"""What a run keeps of a clip: its tables and sound, not its pictures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

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
    writer.finish({"made_by": "tests"})
    return folder


def peak_of_a_run(identity: Path, out: Path) -> float:
    """Train, render and score in a process of its own; return its peak memory in MB."""
    settings = [word for item in _SETTINGS.items() for word in ("--set", "{}={}".format(*item))]
    subprocess.run(
        [
            *(sys.executable, "-m", "tgbench.cli", "run", "--method", "talkinggaussian"),
            *("--protocol", "self_reconstruction", "--identity", str(identity)),
            *("--out", str(out), *settings),
        ],
        check=True,
        capture_output=True,
    )
    ((_, result),) = read_results(out)
    return result.timing.peak_memory_mb


@pytest.mark.slow
def test_a_clip_fifteen_times_as_long_is_never_held(tiny_identity: Path, tmp_path: Path) -> None:
    """Decoded, the longer clip alone would be 130 MB; its tables and sound take about 60."""
    short = peak_of_a_run(repeat(tiny_identity, tmp_path / "short", 300), tmp_path / "a")
    long = peak_of_a_run(repeat(tiny_identity, tmp_path / "long", 4500), tmp_path / "b")
    assert long < short + 100
    assert long < 2000
