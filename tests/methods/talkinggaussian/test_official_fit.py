"""A whole fit of the presets `paper` and `official`, shortened, and one that is stopped."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tgbench.configs import build
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.talkinggaussian.branch import Branch
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.fitting import Fit
from tgbench.methods.talkinggaussian.method import TalkingGaussian
from tgbench.methods.talkinggaussian.spec import SPEC
from tgbench.progress import SILENT

from .fits import assert_alike, drive_of, dying

SHORT = {
    "schedule.static_iterations": 30,
    "schedule.motion_iterations": 40,
    "schedule.finetune_iterations": 8,
    "checkpoint_every": 7,
    "face.gaussians": 300,
    "mouth.gaussians": 200,
    "densify.start": 10,
    "densify.every": 10,
    "gaussians.harmonics_every": 20,
    "gaussians.position_lr_iterations": 75,
    "mouth.finish_iterations": 9,
    "face.hair_last_iterations": 6,
    "face.lpips_iterations": 0,
    "mouth.lpips_iterations": 0,
    "finetune.lpips_weight": 0.0,
    "grid.levels": 3,
    "face.grid_finest": 38.4,
    "mouth.grid_finest": 57.6,
}


def short(preset: str) -> TalkingGaussianConfig:
    settings = {**SPEC.presets[preset], **SHORT}
    return build(TalkingGaussianConfig, settings)


def fitted(config: TalkingGaussianConfig, identity: Identity, folder: Path) -> list[Branch]:
    folder.mkdir(exist_ok=True)
    return Fit(config, identity, identity.split(), FitContext(folder, 0, "cpu", SILENT)).run()[0]


@pytest.mark.parametrize("preset", [pytest.param("paper", marks=pytest.mark.slow), "official"])
def test_a_stopped_fit_ends_like_one_never_stopped(preset: str, sphere: Identity, tmp_path: Path):
    config = short(preset)
    whole = fitted(config, sphere, tmp_path / "whole")
    with dying("mouth", 65):
        fitted(config, sphere, tmp_path / "stopped")
    assert_alike(whole, fitted(config, sphere, tmp_path / "stopped"))


def test_saved_loaded_and_rendered(sphere: Identity, tmp_path: Path):
    """With biases left out, another layout of the grid and frames that are cut."""
    config = short("official")
    method = TalkingGaussian(config)
    (tmp_path / "work").mkdir()
    method.fit(sphere, sphere.split(), FitContext(tmp_path / "work", 0, "cpu", SILENT))
    method.save(tmp_path)
    other = TalkingGaussian(config)
    other.load(tmp_path, sphere, sphere.split(), "cpu")
    drive = drive_of(sphere, range(28, 33))
    for one, two in zip(method.render(drive), other.render(drive), strict=True):
        assert np.array_equal(one, two)
    gaussians = other.branches[0].field
    assert gaussians.extent == pytest.approx(method.branches[0].field.extent)
    assert gaussians.extent < 0.5
    rounded = TalkingGaussian(dataclasses.replace(config, frame_rounding="nearest"))
    rounded.branches, rounded._channels = method.branches, method._channels
    differences = [
        one.astype(int) - two.astype(int)
        for one, two in zip(rounded.render(drive), other.render(drive), strict=True)
    ]
    assert {0, 1} == set(np.unique(differences))
