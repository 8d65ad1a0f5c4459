"""The preset `official` in time, against what the official code was seen to do.

The right sides are a transcription of facts/baselines.md 3.13 and 3.13a (the latter where they
differ), not of code. Its trainer counts iterations from 1, ours from 0.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.configs import build, replaced
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.shared.pixel_labels import HAIRS
from tgbench.methods.talkinggaussian import fitting, losses
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.densification import density_limits
from tgbench.methods.talkinggaussian.fitting import Fit
from tgbench.methods.talkinggaussian.pixel_losses import Comparison
from tgbench.methods.talkinggaussian.point_init import camera_extent
from tgbench.methods.talkinggaussian.spec import SPEC
from tgbench.methods.talkinggaussian.training import BranchTrainer, motion_rate
from tgbench.progress import SILENT

OFFICIAL = build(TalkingGaussianConfig, SPEC.presets["official"])
MOMENTS = (0, 2_999, 3_000, 20_000, 39_999, 46_999, 49_999)
HDTF_EXTENT = 0.30


def ones(image: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """A distance of which only the weight remains."""
    return (image - target).square().mean() * 0.0 + 1.0


@pytest.fixture(scope="module")
def fit(make_sphere: Callable[..., Identity], tmp_path_factory: pytest.TempPathFactory) -> Fit:
    folder = tmp_path_factory.mktemp("official")
    identity = make_sphere(folder / "sphere", frames=55)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "perceptual_distance", lambda device: (ones, ""))
        context = FitContext(folder, 0, "cpu", SILENT)
        few = replaced(OFFICIAL, {"face.gaussians": 300, "mouth.gaussians": 300})
        return Fit(few, identity, identity.split(), context)


def trainer_at(fit: Fit, name: str, iteration: int) -> BranchTrainer:
    trainer = fit._trainer(name)  # type: ignore[arg-type]
    trainer.iteration = iteration
    return trainer


def test_the_extent_is_that_of_the_training_cameras(fit: Fit):
    train = fit._frames.frames
    centres = [fit._frames.identity.poses[frame][:3, 3].astype(float) for frame in train]
    mean = sum(centres) / len(centres)
    expected = 1.1 * max(math.dist(centre, mean) for centre in centres)
    gaussians = fit._trainer("face").branch.field
    assert gaussians.extent == pytest.approx(expected)
    poses = np.tile(np.eye(4), (3, 1, 1))
    poses[:, 0, 3] = (0.0, 0.3, 0.6)
    assert camera_extent(poses) == pytest.approx(0.33)


def test_a_head_that_never_moves_is_taken_for_a_small_scene_and_noted(
    make_sphere: Callable[..., Identity], tmp_path: Path
):
    identity = make_sphere(tmp_path / "still", frames=12)
    identity.__dict__["poses"] = np.repeat(identity.poses[:1], 12, axis=0)
    settings = replaced(OFFICIAL, {"finetune.lpips_weight": 0.0, "face.lpips_iterations": 0})
    settings = replaced(settings, {"mouth.lpips_iterations": 0, "mouth.gaussians": 300})
    still = Fit(settings, identity, identity.split(), FitContext(tmp_path, 0, "cpu", SILENT))
    assert still._trainer("face").branch.field.extent == 0.05
    assert any("hardly moves" in note for note in still._notes)
    fixed = dataclasses.replace(settings, scene_extent=0.3)
    fit = Fit(fixed, identity, identity.split(), FitContext(tmp_path, 0, "cpu", SILENT))
    assert fit._trainer("face").branch.field.extent == 0.3
    assert not any("hardly moves" in note for note in fit._notes)


@pytest.mark.parametrize("iteration", MOMENTS)
def test_position_rate(fit: Fit, iteration: int):
    gaussians = fit._trainer("face").branch.field
    gaussians.extent = HDTF_EXTENT
    gaussians.decay_position_rate(iteration)
    (rate,) = [g["lr"] for g in gaussians.optimizer.param_groups if g["name"] == "means"]
    share = min(iteration / 45_000, 1.0)
    # 4.8e-5 at the start of the HDTF clip, a hundredth of it from 45,000 on.
    assert rate == pytest.approx(4.8e-5 * 10 ** (-2 * share), rel=1e-6)


def test_other_rates_of_gaussians(fit: Fit):
    rates = {g["name"]: g["lr"] for g in fit._trainer("mouth").branch.field.optimizer.param_groups}
    del rates["means"]
    assert rates == pytest.approx(
        {
            "color": 2.5e-3,
            "harmonics": 2.5e-3 / 20,
            "opacities": 0.05,
            "scales": 3e-3,
            "quats": 1e-3,
        }
    )


@pytest.mark.parametrize("iteration", MOMENTS)
@pytest.mark.parametrize(("name", "turn"), [("face", 40_000), ("mouth", 39_000)])
def test_motion_rate(name: str, turn: int, iteration: int):
    expected = 0.5 ** (iteration / turn) if iteration < turn else 0.1 ** (iteration / 50_000)
    assert motion_rate(OFFICIAL, name, iteration) == pytest.approx(expected)  # type: ignore[arg-type]
    # What was seen: half at the turn drops to 0.158, and ends at a tenth.
    assert motion_rate(OFFICIAL, "face", 39_999) == pytest.approx(0.5, rel=1e-4)
    assert motion_rate(OFFICIAL, "face", 40_000) == pytest.approx(0.158, abs=5e-4)
    assert motion_rate(OFFICIAL, "face", 50_000) == pytest.approx(0.1)


@pytest.mark.parametrize("iteration", MOMENTS)
@pytest.mark.parametrize(
    ("name", "gradient", "end"), [("face", 5e-4, 49_000), ("mouth", 2e-4, 45_000)]
)
def test_limits_of_densification(name: str, gradient: float, end: int, iteration: int):
    assert OFFICIAL.densify_last(name) == end  # type: ignore[arg-type]
    limits = density_limits(OFFICIAL, name, HDTF_EXTENT, iteration)  # type: ignore[arg-type]
    assert limits.gradient == gradient
    assert limits.dense_size == pytest.approx(1.5e-3)
    assert limits.opacity == pytest.approx(0.05 + 0.25 * iteration / end)
    assert limits.size == (pytest.approx(0.03) if iteration > 3_000 else math.inf)
    assert limits.count >= 10_000_000


@pytest.mark.parametrize(("name", "end"), [("face", 49_000), ("mouth", 45_000)])
def test_when_gaussians_are_added_and_green_ones_looked_for(
    fit: Fit, monkeypatch: pytest.MonkeyPatch, name: str, end: int
):
    trainer = fit._trainer(name)  # type: ignore[arg-type]
    densified, cleaned = [], []
    monkeypatch.setattr(trainer.density, "densify", lambda *_: densified.append(now))
    monkeypatch.setattr(trainer, "_remove_background", lambda _: cleaned.append(now))
    camera = trainer.region_loss.crop(0, 0).camera
    for now in range(1, 50_001):
        trainer._control_density(now, camera)
    assert densified == list(range(500, end + 1, 100))
    assert cleaned == list(range(500, (50_000 if name == "face" else end) + 1, 100))


def charged(fit: Fit, name: str, iteration: int) -> tuple[dict[str, float], float, torch.Tensor]:
    """The terms of an iteration where all that is charged is 1; the window's share; background."""
    trainer = trainer_at(fit, name, iteration)
    seen: dict[str, float] = {}
    backgrounds: list[torch.Tensor] = []
    shares: list[float] = []

    def total(terms, where):
        seen.update({term: value.item() for term, value in terms.items()})
        return torch.stack(list(terms.values())).sum()

    def compare(drawn, background, crop, lips, region):
        backgrounds.append(background)
        shares.append(crop.camera.width * crop.camera.height / 48**2)
        shown = drawn.colors[..., :3]
        # D-SSIM of equal images is 0 and their L1 too.
        one = shown.sum() * 0.0 + 1.0
        return Comparison(shown, shown.detach(), one, one, one)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer._watch, "total", total)
        patch.setattr(losses, "compare", compare)
        patch.setattr(losses, "photometric", lambda p, t, w: p.sum() * 0.0 + 1.0)
        patch.setattr(type(trainer.branch.motion), "forward", moved)
        trainer.step()
    return seen, shares[0], backgrounds[0]


def moved(motion, means, windows, units):
    """A deformation whose parts are all 1."""
    from tgbench.methods.talkinggaussian.motion import Deformation

    width = {"means": 3, "scales": 3, "quats": 4, "unused_opacities": 1}
    parts = {part: means.new_ones(len(means), width[part]) for part in motion.parts}
    return Deformation(**parts, attention_strength=torch.ones(len(means), 2))


@pytest.mark.parametrize("iteration", MOMENTS)
def test_what_the_face_is_charged_for(fit: Fit, iteration: int):
    found, share, background = charged(fit, "face", iteration)
    expected = {"photometric": share}
    if iteration >= 3_000:
        # Alpha a mean over the image, attention means over their regions, four parts of motion.
        expected |= {"alpha": 1e-3 * share, "attention": 1e-4 + 1e-4, "deformation": 4e-5}
    if iteration >= 47_000:
        expected |= {"lpips_lips": 0.01, "lpips_tiles": 0.2 * share}
    assert found == pytest.approx(expected, rel=1e-5)
    assert background.tolist() == [0, 1, 0]


@pytest.mark.parametrize("iteration", MOMENTS)
def test_what_the_mouth_is_charged_for(fit: Fit, iteration: int):
    found, share, background = charged(fit, "mouth", iteration)
    expected = {"photometric": share}
    if iteration >= 3_000:
        expected["alpha"] = 1e-3 * share
    if iteration >= 49_000:
        expected["lpips_tiles"] = 0.5 * share
    assert found == pytest.approx(expected, rel=1e-5)
    assert background.tolist() == ([0, 0, 0] if iteration >= 49_000 else [0, 1, 0])


@pytest.mark.parametrize("iteration", MOMENTS)
def test_what_learns(fit: Fit, iteration: int):
    for name in ("face", "mouth"):
        trainer = trainer_at(fit, name, iteration)
        torch.nn.init.normal_(trainer.branch.motion.decoder[-1].weight, std=0.1)
        before = {n: v.detach().clone() for n, v in trainer.branch.field.parameters.items()}
        motion = [p.detach().clone() for p in trainer.branch.motion.parameters()]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trainer, "_control_density", lambda *_: None)
            trainer.step()
        after = trainer.branch.field.parameters
        learned = {n for n in before if not torch.equal(before[n], after[n])}
        finishing = name == "mouth" and iteration >= 49_000
        geometry = set() if finishing else {"means", "quats", "scales", "opacities"}
        # No higher harmonics have been raised in a branch that is new, and its balls cannot turn.
        assert learned - {"quats"} == ({"color"} | geometry) - {"quats"}
        stirred = any(
            not torch.equal(old, new)
            for old, new in zip(motion, trainer.branch.motion.parameters(), strict=True)
        )
        assert stirred == (iteration >= 3_000 and not finishing)


@pytest.mark.parametrize("iteration", MOMENTS)
def test_hair(fit: Fit, iteration: int):
    """Left out of six in seven iterations from 3,000 to 46,000."""
    region_loss = fit._trainer("face").region_loss
    with_hair = [
        bool((region_loss.crop(0, k).labels == HAIRS).any())
        for k in range(iteration, iteration + 7)
    ]
    expected = [k < 3_000 or k >= 46_000 or k % 7 == 0 for k in range(iteration, iteration + 7)]
    assert with_hair == expected


def asked(fit: Fit, name: str, iteration: int) -> np.ndarray | None:
    """The frames that the first rule to apply asks for."""
    for rule in fit._sampler(name, torch.Generator())._rules:  # type: ignore[arg-type]
        if rule.applies(iteration):
            return np.sort(rule.candidates(iteration))
    return None


@pytest.mark.parametrize("iteration", MOMENTS)
def test_frames_that_the_face_asks_for(fit: Fit, iteration: int):
    """Every 15th: lips in the static stage, then AU45 in [p - 0.15, p + 0.3], p = it / 40k."""
    units = fit._frames.identity.action_units.values
    closed = np.minimum(units["AU45"][fit._frames.frames], 2.0) / 2.0
    turn = iteration - iteration % 15
    assert all(asked(fit, "face", turn + k) is None for k in range(1, 15))
    found, progress = asked(fit, "face", turn), turn / 40_000
    if turn >= 40_000:
        assert found is None
    elif turn >= 3_000:
        inside = (closed >= progress - 0.15) & (closed <= progress + 0.3)
        if inside.any():
            assert found.tolist() == np.flatnonzero(inside).tolist()
    else:
        height = fit._frames.lips_height()
        assert height[found].max() < np.median(height)


@pytest.mark.parametrize("iteration", MOMENTS)
def test_frames_that_the_mouth_asks_for(fit: Fit, iteration: int):
    """Always the most open until 3,000; then every 7th, down to the lower quartile at 39,000."""
    units = fit._frames.identity.action_units.values
    opening = units["AU25"][fit._frames.frames]
    greatest = np.quantile(opening, 0.95)
    opening = np.minimum(opening, greatest)
    if iteration < 3_000:
        found = asked(fit, "mouth", iteration)
        assert opening[found].min() == pytest.approx(greatest, rel=0.02)
        return
    turn = iteration - iteration % 7 + 7 * (iteration % 7 > 0)
    assert all(asked(fit, "mouth", turn + k) is None for k in range(1, 7))
    found, progress = asked(fit, "mouth", turn), turn / 39_000
    if turn >= 39_000:
        assert found is None
        return
    lowest = greatest - progress * (greatest - np.quantile(opening, 0.25))
    assert found.tolist() == np.flatnonzero(opening >= lowest - 1e-6).tolist()


def test_fine_tuning(fit: Fit, tmp_path: Path):
    """Rates as before, 0.05 for the opacities of the face, whose moments go on."""
    trainers = [fit._trainer("face"), fit._trainer("mouth")]
    for trainer in trainers:
        trainer.step()
    tuning = fit._fine_tuning([trainer.branch for trainer in trainers])
    owner = {
        id(parameter): (trainer.name, name)
        for trainer in trainers
        for name, parameter in trainer.branch.field.parameters.items()
    }
    rates = {owner[id(group["params"][0])]: group["lr"] for group in tuning._optimizer.param_groups}
    colours = {"color": 2.5e-3, "harmonics": 2.5e-3 / 20}
    expected = {(name, part): lr for name in ("face", "mouth") for part, lr in colours.items()}
    assert rates == pytest.approx(expected | {("face", "opacities"): 0.05})
    for trainer in trainers:
        for part in ("color", "opacities") if trainer.name == "face" else ("color",):
            parameter = trainer.branch.field.parameters[part]
            kept = trainer.branch.field.optimizer.state[parameter]
            taken = tuning._optimizer.state[parameter]
            assert all(torch.equal(taken[moment], kept[moment]) for moment in kept)
            assert taken["exp_avg"].abs().max() > 0
