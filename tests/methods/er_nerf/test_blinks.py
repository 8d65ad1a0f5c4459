"""Eyes close with AU45, though they are open in most of the frames that train."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tgbench.configs import build
from tgbench.identities import ActionUnits, Identity
from tgbench.interfaces import FitContext
from tgbench.methods.er_nerf.config import ErNerfExpressionConfig
from tgbench.methods.er_nerf.method import ErNerf
from tgbench.methods.er_nerf.spec import METHODS
from tgbench.progress import SILENT
from tgbench.running.exporting import drive_of_frame

SHORT = {
    "head.finest": 64,
    "head.cells": 32,
    "schedule.iterations": 400,
    "schedule.rays": 384,
    "schedule.audio_pretraining_iterations": 0,
}


@pytest.mark.slow
def test_the_quick_preset_learns_to_blink(sphere: Identity, tmp_path: Path) -> None:
    """By its landmarks the sphere has its eyes elsewhere, so all of the head has their rays."""
    quick = dict(METHODS[1].presets["quick"]) | {
        "schedule.head_share": 0.8,
        "schedule.eyes_share": 0.0,
        "schedule.lips_share": 0.0,
    }
    method = ErNerf(build(ErNerfExpressionConfig, quick | SHORT))
    method.fit(sphere, sphere.split(), FitContext(tmp_path, 0, "cpu", SILENT))
    frame = next(i for i in sphere.split().test if sphere.action_units.values["AU45"][i] == 0)
    drive = drive_of_frame(sphere, frame)
    true = sphere.frame(frame).astype(float)
    eyes = (np.abs(true - (30, 30, 60)).max(axis=2) < 30) & (np.arange(48) < 24)[:, None]
    assert eyes.sum() > 10

    def brightness(closed: float) -> float:
        values = dict(drive.action_units.values) | {"AU45": np.full(1, closed, np.float32)}
        units = ActionUnits(values, drive.action_units.measured_by)
        (image,) = method.render(dataclasses.replace(drive, action_units=units))
        return float(image[eyes].mean())

    assert brightness(2.0) > brightness(0.0) + 20
