"""The quick preset, cut short, on a built-in person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tgbench.configs import build
from tgbench.identities.resolve import resolve_identity
from tgbench.interfaces import Drive, FitContext, Method
from tgbench.methods.er_nerf.config import ErNerfConfig
from tgbench.methods.er_nerf.method import ErNerf
from tgbench.methods.er_nerf.spec import METHODS
from tgbench.methods.still.method import Still
from tgbench.methods.still.spec import StillConfig
from tgbench.progress import SILENT

SHORT = {
    "head.cells": 32,
    "schedule.iterations": 200,
    "schedule.rays": 512,
    "schedule.head_share": 0.75,
    "schedule.eyes_share": 0.0,
    "schedule.lips_share": 0.0,
    "schedule.audio_pretraining_iterations": 0,
}
"""So short a fit has no rays to spare for eyes and lips."""


@pytest.mark.slow
def test_it_is_nearer_to_held_out_frames_than_a_still_one(tmp_path: Path) -> None:
    """By at least 1.5 dB in the mean; the whole preset at 128x128 is 7 dB ahead."""
    identity = resolve_identity("synth-a", 64)
    split = identity.split()
    rows = np.array(split.test)[::4]
    sound = identity.audio.cut(split.test.start / 25, split.test.stop / 25)
    drive = Drive.of_frames(identity, rows, sound, identity.audio_features(), rows)
    truth = [identity.frame(int(row)).astype(float) for row in rows]

    def psnr(method: Method) -> float:
        method.fit(identity, split, FitContext(tmp_path, 0, "cpu", SILENT))
        errors = [np.mean((a - b) ** 2) for a, b in zip(method.render(drive), truth, strict=True)]
        return float(np.mean(10 * np.log10(255**2 / np.array(errors))))

    quick = dict(METHODS[0].presets["quick"])
    assert psnr(ErNerf(build(ErNerfConfig, quick | SHORT))) > psnr(Still(StillConfig())) + 1.5
