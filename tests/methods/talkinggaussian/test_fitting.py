from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.configs import build, replaced
from tgbench.errors import TgbenchError
from tgbench.identities import ActionUnits, Identity
from tgbench.interfaces import FitContext, FitReport, Method
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.method import TalkingGaussian
from tgbench.progress import SILENT

from .fits import assert_alike, drive_of, dying

TINY = build(
    TalkingGaussianConfig,
    {
        "schedule.static_iterations": 100,
        "schedule.motion_iterations": 400,
        "schedule.finetune_iterations": 30,
        "checkpoint_every": 50,
        "face.gaussians": 500,
        "mouth.gaussians": 60,
        "face.gaussian_limit": 900,
        "mouth.gaussian_limit": 90,
        "gaussians.position_lr_iterations": 500,
        "densify.start": 60,
        "densify.every": 40,
        "gaussians.harmonics_every": 80,
        "random_background": True,
        "face.grid_finest": 48,
        "mouth.grid_coarsest": 16,
        "mouth.grid_finest": 48,
        "gaussians.position_lr": 5e-4,
        "gaussians.color_lr": 1e-2,
        "gaussians.scale_lr": 1e-2,
        "loss.alpha_weight": 0.05,
        "grid.lr": 4e-2,
        "motion_field.lr": 8e-3,
        "face.hair_every": 1,
        "finetune.lpips_weight": 0.0,
    },
)
SHORT = replaced(
    TINY,
    {
        "schedule.static_iterations": 30,
        "schedule.motion_iterations": 40,
        "schedule.finetune_iterations": 12,
        "checkpoint_every": 7,
        "densify.start": 20,
        "densify.every": 10,
        "gaussians.harmonics_every": 25,
    },
)


def fitted(
    config: TalkingGaussianConfig, identity: Identity, workdir: Path, seed: int = 0
) -> tuple[TalkingGaussian, FitReport]:
    workdir.mkdir(exist_ok=True, parents=True)
    method = TalkingGaussian(config)
    report = method.fit(identity, identity.split(), FitContext(workdir, seed, "cpu", SILENT))
    return method, report


def mean_error(method: TalkingGaussian, identity: Identity, frames: range) -> float:
    drawn = method.render(drive_of(identity, frames))
    truth = [identity.frame(i).astype(float) for i in frames]
    return float(np.mean([np.abs(a - b).mean() for a, b in zip(drawn, truth, strict=True)]))


@pytest.fixture(scope="module")
def trained(
    sphere: Identity, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TalkingGaussian, FitReport]:
    return fitted(TINY, sphere, tmp_path_factory.mktemp("fit"))


@pytest.fixture(scope="module")
def whole(
    sphere: Identity, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TalkingGaussian, Path]:
    """A short fit that nothing stopped, and where its checkpoints are."""
    workdir = tmp_path_factory.mktemp("whole")
    return fitted(SHORT, sphere, workdir)[0], workdir


def test_is_a_method(trained):
    assert isinstance(trained[0], Method)


def test_report_counts_what_was_done(trained):
    _, report = trained
    assert report.iterations == {
        "face branch": 500, "mouth branch": 500, "colour fine-tuning": 30
    }  # fmt: skip
    assert report.seconds > 0
    assert report.notes == ()


def test_learning_beats_the_average_frame_and_the_rest_pose(trained, sphere: Identity):
    method, _ = trained
    train, held_out = sphere.split().train, sphere.split().test
    error = mean_error(method, sphere, train)
    mean = np.mean([sphere.frame(i).astype(float) for i in train], axis=0)
    still = np.mean([np.abs(sphere.frame(i) - mean).mean() for i in train])
    assert error < 0.6 * still
    # Three frames of a short fit: 0.59 to 0.78 by the seed.
    assert mean_error(method, sphere, held_out) < 0.85 * still
    moving = [branch.motion.decoder[-1] for branch in method.branches]
    kept = [(layer.weight.data.clone(), layer.bias.data.clone()) for layer in moving]
    for layer in moving:
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    assert mean_error(method, sphere, train) > error
    for layer, (weight, bias) in zip(moving, kept, strict=True):
        layer.weight.data, layer.bias.data = weight, bias


def test_frames_are_whole_images_in_order(trained, sphere: Identity):
    method, _ = trained
    frames = list(method.render(drive_of(sphere, range(4, 12))))
    assert len(frames) == 8
    assert all(frame.shape == (48, 48, 3) and frame.dtype == np.uint8 for frame in frames)
    alone = next(iter(method.render(drive_of(sphere, range(7, 8)))))
    assert np.array_equal(frames[3], alone)


def test_saved_and_loaded_it_renders_the_same(trained, sphere: Identity, tmp_path: Path):
    method, _ = trained
    method.save(tmp_path)
    other = TalkingGaussian(TINY)
    other.load(tmp_path, sphere, sphere.split(), "cpu")
    drive = drive_of(sphere, range(28, 33))
    for one, two in zip(method.render(drive), other.render(drive), strict=True):
        assert np.array_equal(one, two)
    stranger = TalkingGaussian(replaced(TINY, {"audio.dim": 16}))
    with pytest.raises(TgbenchError, match=r"audio\.dim is 32 there and 16 here"):
        stranger.load(tmp_path, sphere, sphere.split(), "cpu")


def test_what_cannot_be_is_refused(trained, sphere: Identity, tmp_path: Path):
    with pytest.raises(TgbenchError, match="nothing to render"):
        TalkingGaussian(TINY).render(drive_of(sphere, range(2)))
    with pytest.raises(TgbenchError, match="nothing to save"):
        TalkingGaussian(TINY).save(tmp_path)
    other = dataclasses.replace(
        drive_of(sphere, range(2)), features=np.zeros((40, 16, 29), np.float32)
    )
    with pytest.raises(TgbenchError, match="16 x 29"):
        trained[0].render(other)


def test_same_seed_same_result_another_seed_another(whole, sphere: Identity, tmp_path: Path):
    second, _ = fitted(SHORT, sphere, tmp_path / "b")
    assert_alike(whole[0].branches, second.branches)
    third, _ = fitted(SHORT, sphere, tmp_path / "c", seed=1)
    with pytest.raises(AssertionError):
        assert_alike(second.branches, third.branches)


@pytest.mark.parametrize(("stage", "iteration"), [("face", 17), ("mouth", 52), ("fused", 9)])
def test_a_stopped_fit_ends_like_one_never_stopped(
    whole,
    sphere: Identity,
    tmp_path: Path,
    stage: str,
    iteration: int,
):
    """The process dies in the middle: what it saved last is all that the next one has."""
    with dying(stage, iteration):
        fitted(SHORT, sphere, tmp_path / "stopped")
    assert list((tmp_path / "stopped").glob("*.pt"))
    resumed, report = fitted(SHORT, sphere, tmp_path / "stopped")
    assert_alike(whole[0].branches, resumed.branches)
    assert report.iterations["face branch"] == SHORT.branch_iterations


def test_checkpoints_of_another_configuration_are_refused(whole, sphere: Identity):
    with pytest.raises(TgbenchError, match=r"face\.gaussians is 500 there and 400 here"):
        fitted(replaced(SHORT, {"face.gaussians": 400}), sphere, whole[1])


def test_nan_names_iteration_stage_term_and_frame(
    sphere: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):

    from tgbench.methods.talkinggaussian import losses

    real, calls = losses.photometric, []

    def broken(*args, **kwargs):
        calls.append(1)
        loss = real(*args, **kwargs)
        return loss * float("nan") if len(calls) > 40 else loss

    monkeypatch.setattr(losses, "photometric", broken)
    with pytest.raises(
        TgbenchError,
        match=r"photometric loss is nan in iteration \d+ of the (face|mouth)'s .*, frame \d+",
    ):
        fitted(SHORT, sphere, tmp_path)


def test_without_an_inside_of_the_mouth_only_the_face_is_trained(
    make_sphere: Callable[..., Identity], tmp_path: Path
):
    identity = make_sphere(tmp_path / "closed", frames=22, mouth=False)
    method, report = fitted(SHORT, identity, tmp_path / "work")
    assert [branch.name for branch in method.branches] == ["face"]
    assert "0 training frames" in report.notes[0]
    assert len(list(method.render(drive_of(identity, range(20, 22))))) == 2


def test_unblinking_silent_and_single_frames_are_trained(
    make_sphere: Callable[..., Identity], tmp_path: Path
):
    identity = make_sphere(tmp_path / "dull", frames=2)
    units = identity.action_units
    identity.__dict__["action_units"] = ActionUnits(
        {name: np.zeros_like(values) for name, values in units.values.items()}, "none"
    )
    np.save(identity.folder / "aud_mel.npy", np.zeros((2, 16, 32), np.float32))
    method, _ = fitted(SHORT, identity, tmp_path / "work")
    assert len(list(method.render(drive_of(identity, range(1, 2))))) == 1


def test_missing_lpips_is_noted_once(sphere: Identity, tmp_path: Path):
    config = replaced(SHORT, {"finetune.lpips_weight": 0.5})
    _, report = fitted(config, sphere, tmp_path)
    lpips = [note for note in report.notes if "LPIPS" in note]
    assert len(lpips) <= 1


def test_held_out_sound_plays_no_part(whole, make_sphere: Callable[..., Identity], tmp_path: Path):
    """Two identities that differ in held-out sound alone give the same model."""
    second = make_sphere(tmp_path / "second")
    features = np.load(second.folder / "aud_mel.npy")
    features[30:] = 7.0
    np.save(second.folder / "aud_mel.npy", features)
    method, _ = fitted(SHORT, second, tmp_path / "work")
    assert_alike(whole[0].branches, method.branches)
