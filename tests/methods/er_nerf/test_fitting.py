"""A fit from end to end, stopped and resumed, and what it refuses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.configs import build
from tgbench.drive import PlainBackdrop
from tgbench.errors import TgbenchError
from tgbench.identities import HEAD, Identity
from tgbench.identities.layout import ACTION_UNITS, LANDMARKS
from tgbench.interfaces import Drive, FitContext
from tgbench.methods.er_nerf.config import ErNerfConfig, ErNerfExpressionConfig
from tgbench.methods.er_nerf.method import ErNerf
from tgbench.methods.er_nerf.training import HeadTraining
from tgbench.progress import SILENT

SETTINGS = {
    "head.hidden": 16,
    "head.levels": 4,
    "head.coarsest": 16,
    "head.finest": 64,
    "head.cells": 32,
    "schedule.audio_pretraining_iterations": 8,
    "schedule.iterations": 50,
    "schedule.head_share": 0.75,
    "schedule.lips_iterations": 3,
    "schedule.rays": 256,
    "schedule.checkpoint_every": 20,
    "optimiser.lr": 1e-2,
    "optimiser.grid_lr": 3e-2,
    "optimiser.average_every": 2,
    "loss.lpips": 0.0,
    "loss.patch_lpips": 0.0,
}
CONFIG = build(ErNerfConfig, SETTINGS)


def drive_of(identity: Identity, frames: range) -> Drive:
    rows = np.array(frames)
    sound = identity.audio.cut(frames.start / 25, frames.stop / 25)
    return Drive.of_frames(identity, rows, sound, identity.audio_features(), rows)


def fitted(identity: Identity, workdir: Path, config: ErNerfConfig = CONFIG) -> ErNerf:
    workdir.mkdir(parents=True, exist_ok=True)
    method = ErNerf(config)
    method.fit(identity, identity.split(), FitContext(workdir, 0, "cpu", SILENT))
    return method


def frames_of(method: ErNerf, identity: Identity) -> np.ndarray:
    return np.stack(list(method.render(drive_of(identity, identity.split().test))))


@pytest.fixture(scope="module")
def whole(sphere: Identity, tmp_path_factory: pytest.TempPathFactory) -> ErNerf:
    """A fit that nothing disturbed."""
    return fitted(sphere, tmp_path_factory.mktemp("whole"))


def test_it_learns_the_head(whole: ErNerf, sphere: Identity) -> None:
    """Held-out frames are much nearer than the plate alone, though the fit is short."""
    truth = np.stack([sphere.frame(frame) for frame in sphere.split().test]).astype(float)
    plates = [sphere.torso_over_background(frame) for frame in sphere.split().test]
    error = np.mean((frames_of(whole, sphere) - truth) ** 2)
    assert error < 0.4 * np.mean((np.stack(plates) - truth) ** 2)


def test_layers_say_where_the_head_is_in_the_frames(whole: ErNerf, sphere: Identity) -> None:
    """Over black and white a frame differs by what the head leaves free."""
    drive = drive_of(sphere, range(30, 32))
    over = [
        np.stack(list(whole.render(dataclasses.replace(drive, backdrop=plain)))).astype(float)
        for plain in (PlainBackdrop(48, 48, (0, 0, 0)), PlainBackdrop(48, 48))
    ]
    layers = list(whole.layers(drive))
    alpha = np.stack([layer.alpha for layer in layers])
    np.testing.assert_allclose(alpha, 1.0 - (over[1] - over[0]).mean(-1) / 255.0, atol=0.02)
    covered = alpha > 0.5
    depth = np.stack([layer.depth for layer in layers])
    assert covered.any()
    # The sphere's centre is 0.8 away, and the field's box reaches 0.15 before and behind it.
    np.testing.assert_allclose(depth[covered], 0.8, atol=0.2)


def test_a_saved_fit_renders_the_same_frames(
    whole: ErNerf, sphere: Identity, tmp_path: Path
) -> None:
    whole.save(tmp_path)
    again = ErNerf(CONFIG)
    again.load(tmp_path, sphere, sphere.split(), "cpu")
    assert np.array_equal(frames_of(again, sphere), frames_of(whole, sphere))


def test_a_stopped_fit_ends_like_one_that_was_not(
    whole: ErNerf, sphere: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = HeadTraining.step

    def stopped(self: HeadTraining) -> torch.Tensor:
        if self.iteration == 27:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(HeadTraining, "step", stopped)
    with pytest.raises(KeyboardInterrupt):
        fitted(sphere, tmp_path)
    monkeypatch.undo()
    assert np.array_equal(frames_of(fitted(sphere, tmp_path), sphere), frames_of(whole, sphere))


def test_a_fit_of_another_system_is_refused(
    whole: ErNerf, sphere: Identity, tmp_path: Path
) -> None:
    whole.save(tmp_path)
    other = ErNerf(build(ErNerfExpressionConfig, SETTINGS))
    with pytest.raises(TgbenchError, match=r"er_nerf\.pt.*head\.expression"):
        other.load(tmp_path, sphere, sphere.split(), "cpu")


def test_a_missing_table_of_action_units_is_named(
    make_sphere: Callable[..., Identity], tmp_path: Path
) -> None:
    identity = make_sphere(tmp_path / "sphere", frames=11)
    (identity.folder / ACTION_UNITS).unlink()
    with pytest.raises(TgbenchError, match=ACTION_UNITS):
        fitted(Identity(identity.folder), tmp_path / "work")


def test_a_landmark_that_is_no_number_is_named(
    make_sphere: Callable[..., Identity], tmp_path: Path
) -> None:
    identity = make_sphere(tmp_path / "sphere", frames=11)
    path = identity.path(LANDMARKS, 4)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["nan nan", *lines[1:]]))
    with pytest.raises(TgbenchError, match=path.name):
        fitted(Identity(identity.folder), tmp_path / "work")


def test_a_loss_that_is_no_number_is_named_with_its_iteration(
    sphere: Identity, tmp_path: Path
) -> None:
    wild = dataclasses.replace(
        CONFIG, optimiser=dataclasses.replace(CONFIG.optimiser, grid_lr=1e30, lr=1e30)
    )
    with pytest.raises(TgbenchError, match="iteration"):
        fitted(sphere, tmp_path, wild)


def test_a_clip_of_two_frames_can_be_fitted(
    make_sphere: Callable[..., Identity], tmp_path: Path
) -> None:
    identity = make_sphere(tmp_path / "sphere", frames=2)
    config = dataclasses.replace(
        CONFIG, schedule=dataclasses.replace(CONFIG.schedule, iterations=3)
    )
    method = fitted(identity, tmp_path / "work", config)
    assert len(frames_of(method, identity)) == 1


def test_other_sound_features_are_refused(whole: ErNerf, sphere: Identity) -> None:
    drive = drive_of(sphere, range(3))
    other = dataclasses.replace(drive, encoder="deepspeech")
    with pytest.raises(TgbenchError, match="deepspeech"):
        whole.render(other)


@pytest.mark.slow
def test_recoloured_surroundings_leave_no_haze_in_the_head(
    sphere: Identity, tmp_path: Path
) -> None:
    """Without them the head is a veil in the colours of what is behind it."""
    heads = np.stack([(sphere.parsing(frame) == HEAD).all(axis=2) for frame in range(30, 33)])
    opacity = {}
    for share in (0.0, 0.6):
        chosen = {"schedule.recoloured_share": share, "schedule.lips_iterations": 0}
        config = build(ErNerfConfig, SETTINGS | chosen)
        method = fitted(sphere, tmp_path / str(share), config)
        layers = method.layers(drive_of(sphere, range(30, 33)))
        opacity[share] = np.stack([layer.alpha for layer in layers])[heads].mean()
    assert opacity[0.0] < 0.8
    assert opacity[0.6] > 0.93
