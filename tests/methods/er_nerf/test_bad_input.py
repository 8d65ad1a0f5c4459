"""Clips and drives that cannot be used: one line that names the file, and what to do."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.configs import build
from tgbench.errors import TgbenchError
from tgbench.identities import ActionUnits, Identity
from tgbench.interfaces import Drive, FitContext
from tgbench.methods.er_nerf.config import ErNerfConfig
from tgbench.methods.er_nerf.marching import March, march
from tgbench.methods.er_nerf.method import ErNerf
from tgbench.methods.shared.checkpoint import Origin, write_checkpoint
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.progress import SILENT

CONFIG = build(
    ErNerfConfig,
    {
        "head.hidden": 8,
        "head.levels": 2,
        "head.coarsest": 8,
        "head.finest": 16,
        "head.cells": 16,
        "schedule.iterations": 3,
        "schedule.lips_iterations": 1,
        "schedule.rays": 64,
        "loss.lpips": 0.0,
        "loss.patch_lpips": 0.0,
    },
)
MakeSphere = Callable[..., Identity]


def fitted(identity: Identity, workdir: Path) -> ErNerf:
    method = ErNerf(CONFIG)
    method.fit(identity, identity.split(), FitContext(workdir, 0, "cpu", SILENT))
    return method


def drive_of(identity: Identity) -> Drive:
    rows = np.array([len(identity) - 1])
    sound = identity.audio.cut(rows[0] / 25, (rows[0] + 1) / 25)
    return Drive.of_frames(identity, rows, sound, identity.audio_features(), rows)


def change_poses(folder: Path, change: Callable[[np.ndarray], None]) -> None:
    for part in ("train", "val"):
        path = folder / f"transforms_{part}.json"
        table = json.loads(path.read_text())
        for frame in table["frames"]:
            pose = np.array(frame["transform_matrix"])
            change(pose)
            frame["transform_matrix"] = pose.tolist()
        path.write_text(json.dumps(table))


def in_millimetres(folder: Path) -> None:
    def change(pose: np.ndarray) -> None:
        pose[:3, 3] *= 1000

    change_poses(folder, change)


def looking_away(folder: Path) -> None:
    def change(pose: np.ndarray) -> None:
        pose[:3, [0, 2]] *= -1

    change_poses(folder, change)


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "no torso": (lambda folder: shutil.rmtree(folder / "torso_imgs"), r"torso_imgs/0\.png"),
    "a torso lost": (lambda folder: (folder / "torso_imgs/4.png").unlink(), r"torso_imgs/4\.png"),
    "millimetres": (in_millimetres, r"transforms_train\.json.*metres"),
    "looking away": (looking_away, r"transforms_train\.json.*do not see"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_clip_is_refused_before_training(
    make_sphere: MakeSphere, tmp_path: Path, what: str
) -> None:
    spoil, expected = REFUSED[what]
    folder = make_sphere(tmp_path / "clip", frames=11, size=16).folder
    spoil(folder)
    with pytest.raises(TgbenchError, match=expected) as caught:
        fitted(Identity(folder), tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "head.pt").exists()


@pytest.mark.parametrize("aside", [-9.0, 9.0, 500.0], ids=["left", "right", "outside"])
def test_a_face_at_the_border_is_fitted(
    make_sphere: MakeSphere, tmp_path: Path, aside: float
) -> None:
    """Its lips lie in part, or wholly, outside the image."""
    folder = make_sphere(tmp_path / "clip", frames=3, size=40).folder
    for path in folder.glob("ori_imgs/*.lms"):
        np.savetxt(path, np.loadtxt(path) + np.array([2 * aside, 0.0]))
    (image,) = fitted(Identity(folder), tmp_path).render(drive_of(Identity(folder)))
    assert image.shape == (40, 40, 3)


def test_one_training_frame_is_fitted(make_sphere: MakeSphere, tmp_path: Path) -> None:
    identity = make_sphere(tmp_path / "clip", frames=2, size=16)
    (image,) = fitted(identity, tmp_path).render(drive_of(identity))
    assert image.shape == (16, 16, 3)


@pytest.fixture(scope="module")
def person(make_sphere: MakeSphere, tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return make_sphere(tmp_path_factory.mktemp("er") / "clip", frames=3, size=16)


@pytest.fixture(scope="module")
def method(person: Identity, tmp_path_factory: pytest.TempPathFactory) -> ErNerf:
    return fitted(person, tmp_path_factory.mktemp("er-work"))


def not_a_number(values: np.ndarray) -> np.ndarray:
    spoilt = np.array(values, np.float32)
    spoilt.flat[0] = np.nan
    return spoilt


@pytest.mark.parametrize("what", ["features", "poses", "action_units"])
def test_a_drive_that_is_no_number_is_refused(method: ErNerf, person: Identity, what: str) -> None:
    drive = drive_of(person)
    good = getattr(drive, what)
    if isinstance(good, ActionUnits):
        values = {name: not_a_number(part) for name, part in good.values.items()}
        spoilt: object = ActionUnits(values, good.measured_by)
    else:
        spoilt = not_a_number(good)
    with pytest.raises(TgbenchError, match="NaN"):
        list(method.render(dataclasses.replace(drive, **{what: spoilt})))


@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_a_ray_that_is_no_number_has_no_samples(backend: str) -> None:
    """It is not followed for ever."""
    empty = torch.zeros(4, 4, 4, dtype=torch.bool)
    nowhere = torch.full((1, 3), torch.nan)
    along = torch.tensor([[0.0, 0.0, 1.0]])
    for rays in ((nowhere, along), (along, nowhere)):
        assert march(*rays, empty, March(), backend=backend).offsets.tolist() == [0, 0]  # type: ignore[arg-type]


def test_a_fit_of_another_size_is_refused(
    method: ErNerf, make_sphere: MakeSphere, tmp_path: Path
) -> None:
    method.save(tmp_path)
    larger = make_sphere(tmp_path / "larger", frames=3, size=24)
    with pytest.raises(TgbenchError, match=r"er_nerf\.pt.*transforms_train\.json"):
        ErNerf(CONFIG).load(tmp_path, larger, larger.split(), "cpu")


def test_a_checkpoint_of_another_system_is_refused_in_a_short_line(
    person: Identity, tmp_path: Path
) -> None:
    origin = Origin.of(TalkingGaussianConfig(), person, person.split(), 0)
    write_checkpoint(tmp_path / "er_nerf.pt", origin, {"iteration": 1})
    with pytest.raises(TgbenchError, match=r"er_nerf\.pt: belongs to another fit") as caught:
        ErNerf(CONFIG).load(tmp_path, person, person.split(), "cpu")
    assert len(str(caught.value)) < 600 + len(str(tmp_path))
