"""A fit from end to end, stopped and resumed, and what it refuses."""

from __future__ import annotations

import dataclasses
import shutil
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tgbench.configs import build
from tgbench.drive import PlainBackdrop
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.identities.layout import LANDMARKS
from tgbench.interfaces import Drive, FaceHalf, FitContext
from tgbench.methods.dgtalker import prior
from tgbench.methods.dgtalker.config import DGTalkerConfig
from tgbench.methods.dgtalker.method import DGTalker
from tgbench.methods.dgtalker.personalisation import Personalisation
from tgbench.methods.dgtalker.prior.procedural import WEIGHTS
from tgbench.methods.dgtalker.training import NavigationTraining
from tgbench.progress import SILENT

pytestmark = pytest.mark.slow

SETTINGS = {
    "person.alignment_iterations": 12,
    "person.inversion_iterations": 14,
    "person.tuning_iterations": 10,
    "navigation.regression_iterations": 10,
    "navigation.iterations": 6,
    "checkpoint_every": 4,
}
CONFIG = build(DGTalkerConfig, SETTINGS)


def fitted(identity: Identity, workdir: Path, config: DGTalkerConfig = CONFIG) -> DGTalker:
    workdir.mkdir(parents=True, exist_ok=True)
    method = DGTalker(config)
    method.fit(identity, identity.split(), FitContext(workdir, 0, "cpu", SILENT))
    return method


def drive_of(identity: Identity) -> Drive:
    rows = np.array(identity.split().test)[:3]
    sound = identity.audio.cut(rows[0] / 25, (rows[-1] + 1) / 25)
    return Drive.of_frames(identity, rows, sound, identity.audio_features(), rows)


def frames_of(method: DGTalker, identity: Identity) -> np.ndarray:
    return np.stack(list(method.render(drive_of(identity))))


@pytest.fixture(scope="module")
def whole(clip: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> DGTalker:
    """A fit that nothing disturbed."""
    return fitted(clip.identity, tmp_path_factory.mktemp("whole"))


def test_a_short_fit_puts_a_head_where_the_head_is(whole: DGTalker, clip: SimpleNamespace) -> None:
    """Held-out frames are nearer than the torso without a head; depth is the camera's distance."""
    identity = clip.identity
    rows = list(identity.split().test)[:3]
    truth = np.stack([identity.frame(row) for row in rows]).astype(float)
    headless = np.stack([identity.torso_over_background(row) for row in rows]).astype(float)
    error = np.mean((frames_of(whole, identity) - truth) ** 2)
    assert error < 0.25 * np.mean((headless - truth) ** 2)
    drive = dataclasses.replace(drive_of(identity), backdrop=PlainBackdrop(clip.size, clip.size))
    pictures = np.stack(list(whole.render(drive))).astype(float)
    layers = list(whole.layers(drive))
    alpha = np.stack([layer.alpha for layer in layers])
    assert (pictures[alpha == 0] == 255).all()
    heads = np.stack([(identity.parsing(row) == (0, 0, 255)).all(-1) for row in rows])
    assert (alpha[heads] > 0.5).mean() > 0.9
    distance = np.linalg.norm(drive.poses[0, :3, 3])
    depth = np.stack([layer.depth for layer in layers])[heads & (alpha > 0.9)]
    np.testing.assert_allclose(depth, distance, atol=0.14)


def test_a_saved_fit_renders_the_same_frames(
    whole: DGTalker, clip: SimpleNamespace, tmp_path: Path
) -> None:
    identity = clip.identity
    whole.save(tmp_path)
    again = DGTalker(CONFIG)
    again.load(tmp_path, identity, identity.split(), "cpu")
    assert np.array_equal(frames_of(again, identity), frames_of(whole, identity))
    other = DGTalker(build(DGTalkerConfig, SETTINGS | {"prior": "none"}))
    with pytest.raises(TgbenchError, match=r"dgtalker\.pt.*prior"):
        other.load(tmp_path, identity, identity.split(), "cpu")


def test_coefficients_of_a_drive_render_its_frames(whole: DGTalker, clip: SimpleNamespace) -> None:
    drive = drive_of(clip.identity)
    expression, lips = whole.blendshapes(drive)
    assert (expression.half, lips.half) == (FaceHalf.UPPER, FaceHalf.LOWER)
    assert (expression.coefficients.shape, lips.coefficients.shape) == ((3, 8), (3, 10))
    again = np.stack(list(whole.render_blendshapes(drive, [expression, lips])))
    assert np.array_equal(again, frames_of(whole, clip.identity))
    moved = dataclasses.replace(lips, coefficients=lips.coefficients + 0.5)
    assert not np.array_equal(
        np.stack(list(whole.render_blendshapes(drive, [expression, moved]))), again
    )


@pytest.mark.parametrize(("stage", "at"), [(Personalisation, 30), (NavigationTraining, 13)])
def test_a_stopped_fit_ends_like_one_that_was_not(
    whole: DGTalker,
    clip: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: type,
    at: int,
) -> None:
    step = stage.step

    def stopped(self: object) -> torch.Tensor:
        if self.iteration == at:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(stage, "step", stopped)
    with pytest.raises(KeyboardInterrupt):
        fitted(clip.identity, tmp_path)
    monkeypatch.undo()
    resumed = frames_of(fitted(clip.identity, tmp_path), clip.identity)
    assert np.array_equal(resumed, frames_of(whole, clip.identity))


def test_a_landmark_that_is_no_number_is_named(clip: SimpleNamespace, tmp_path: Path) -> None:
    folder = tmp_path / "clip"
    shutil.copytree(clip.identity.folder, folder)
    path = clip.identity.path(LANDMARKS, 4)
    lines = path.read_text().splitlines()
    broken = folder / path.relative_to(clip.identity.folder)
    broken.write_text("\n".join(["nan nan", *lines[1:]]))
    with pytest.raises(TgbenchError, match=path.name):
        fitted(Identity(folder), tmp_path / "work")


def test_a_driving_pose_that_is_no_number_is_named(clip: SimpleNamespace, tmp_path: Path) -> None:
    brief = {name: 0 for name in SETTINGS if "iterations" in name}
    method = fitted(clip.identity, tmp_path, build(DGTalkerConfig, brief))
    drive = drive_of(clip.identity)
    poses = drive.poses.copy()
    poses[1, 0, 0] = np.nan
    with pytest.raises(TgbenchError, match="frame 1 holds NaN"):
        method.render(dataclasses.replace(drive, poses=poses))
    with pytest.raises(TgbenchError, match="deepspeech"):
        method.render(dataclasses.replace(drive, encoder="deepspeech"))


def test_another_prior_than_it_was_trained_from_is_refused(
    clip: SimpleNamespace, tmp_path: Path
) -> None:
    """Neither resumed nor rendered: the file of the prior has other weights now."""
    file = tmp_path / "prior.npz"
    with resources.as_file(resources.files(prior).joinpath(WEIGHTS)) as shipped:
        shutil.copy(shipped, file)
    brief = {name: int("alignment" in name) for name in SETTINGS if "iterations" in name}
    config = build(DGTalkerConfig, brief | {"prior_weights": str(file)})
    fitted(clip.identity, tmp_path / "work", config).save(tmp_path)
    with np.load(file, allow_pickle=False) as arrays:
        weights = dict(arrays)
    np.savez(file, **{**weights, "mean": weights["mean"] + np.float16(0.1)})
    with pytest.raises(TgbenchError, match=r"person\.pt.*another procedural prior"):
        fitted(clip.identity, tmp_path / "work", config)
    again = DGTalker(config)
    with pytest.raises(TgbenchError, match=r"dgtalker\.pt.*another procedural prior"):
        again.load(tmp_path, clip.identity, clip.identity.split(), "cpu")
