"""Each switch of tables 4 and 5 changes what it should, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.configs import build, flat, replaced
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.shared.pixel_labels import FACE, HAIRS, MOUTH
from tgbench.methods.shared.rasterizer import Camera, Rasterization
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.fitting import Fit
from tgbench.methods.talkinggaussian.frames import TrainingFrames
from tgbench.methods.talkinggaussian.gaussians import GaussianField
from tgbench.methods.talkinggaussian.losses import FaceLoss, photometric
from tgbench.methods.talkinggaussian.motion import (
    Deformation,
    FaceMotion,
    MouthMotion,
    changed_parts,
    expression_units,
)
from tgbench.methods.talkinggaussian.point_init import initial_cloud
from tgbench.methods.talkinggaussian.spec import SPEC
from tgbench.progress import SILENT

CHANNELS, STEPS, COUNT = 5, 16, 9
SMALL = build(
    TalkingGaussianConfig,
    {
        "grid.levels": 2,
        "face.hidden": 8,
        "mouth.hidden": 8,
        "audio.dim": 4,
        "face.grid_finest": 20,
        "schedule.static_iterations": 6,
        "schedule.motion_iterations": 6,
        "schedule.finetune_iterations": 3,
        "face.gaussians": 60,
        "mouth.gaussians": 20,
        "face.gaussian_limit": 80,
        "mouth.gaussian_limit": 30,
        "finetune.lpips_weight": 0.0,
    },
)
CAMERA = Camera.from_pose(
    np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0.8], [0, 0, 0, 1.0]]), 80, 16, 16, 32, 32
)
CANONICAL = {"means", "quats", "scales", "opacities", "colors"}
ROWS = {
    "full": ({}, {"means", "scales", "quats"}, {"means"}),
    "appearance": ({"motion": "appearance"}, {"opacities", "colors"}, {"opacities", "colors"}),
    "alpha": (
        {"predict_opacity": True},
        {"means", "scales", "quats", "opacities"},
        {"means", "opacities"},
    ),
    "alpha and RGB": (
        {"predict_opacity": True, "predict_color": True},
        CANONICAL,
        {"means", "opacities", "colors"},
    ),
}


def with_settings(**values: object) -> TalkingGaussianConfig:
    return replaced(SMALL, values)


def stirred(motion: torch.nn.Module) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(3)
    for parameter in motion.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.3
    return motion


def field_of(config: TalkingGaussianConfig) -> GaussianField:
    """Return Gaussians whose colours are seen alike from everywhere, moved or not."""
    generator = torch.Generator().manual_seed(0)
    cloud = (torch.rand(COUNT, 3, generator=generator) - 0.5) * 0.2
    field = GaussianField.random(cloud, config, generator)
    with torch.no_grad():
        field.parameters["harmonics"].normal_(0, 0.1, generator=generator)
    return field


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", ["face", "mouth"])
def test_a_motion_changes_these_parts_of_a_gaussian_and_no_others(row: str, name: str):
    settings, *expected = ROWS[row]
    config = with_settings(**settings)
    changed = expected[name == "mouth"]
    assert set(changed_parts(name, config)) == changed
    motion = stirred((FaceMotion if name == "face" else MouthMotion)(CHANNELS, config))
    field = field_of(config)
    generator = torch.Generator().manual_seed(1)
    windows = torch.randn(8, CHANNELS, STEPS, generator=generator)
    units = torch.rand(7, generator=generator)
    deformation = motion(field.parameters["means"].detach(), windows, units)
    still, moved = field.primitives(CAMERA), field.primitives(CAMERA, deformation)
    for part in CANONICAL:
        same = torch.equal(getattr(still, part), getattr(moved, part))
        # Colours are seen from another side once the centre has moved; direction is kept.
        assert same == (part not in changed), part


def test_decoded_opacity_and_colour_are_added_to_what_persists():
    field = field_of(SMALL)
    field.raise_degree()
    generator = torch.Generator().manual_seed(1)
    opacities = torch.randn(COUNT, 1, generator=generator)
    colors = torch.randn(COUNT, 3, generator=generator)
    drawn = field.primitives(CAMERA, Deformation(opacities=opacities, colors=colors))
    logits = field.parameters["opacities"].double() + opacities[:, 0].double()
    torch.testing.assert_close(
        drawn.opacities.double(), 1 / (1 + torch.exp(-logits)), rtol=1e-5, atol=1e-6
    )
    persistent = field.parameters["color"] / np.sqrt(4 * np.pi) + 0.5
    torch.testing.assert_close(drawn.colors, (persistent + colors).clamp_min(0))


def test_appearance_motion_decodes_colour_and_opacity_by_itself():
    with pytest.raises(TgbenchError, match="leave out"):
        with_settings(motion="appearance", predict_color=True)


def test_without_decomposition_one_branch_learns_all_of_the_head(sphere: Identity, tmp_path: Path):
    config = with_settings(face_mouth_decomposition=False)
    frames = TrainingFrames(sphere, sphere.split().train, 1 << 30)
    together, apart = FaceLoss(frames, config), FaceLoss(frames, SMALL)
    crop = together.crop(6, 0)
    width, height = crop.window.size
    shown = Rasterization(torch.zeros(height, width, 3), torch.zeros(height, width), torch.zeros(1))
    background = torch.tensor([0.1, 0.9, 0.3])
    for region_loss, labels in ((together, (FACE, HAIRS, MOUTH)), (apart, (FACE, HAIRS))):
        mask = np.isin(crop.labels, labels)
        target = np.where(mask[..., None], crop.image.numpy() / 255, background.numpy())
        empty = background.expand(height, width, 3).contiguous()
        expected = photometric(empty, torch.tensor(target, dtype=torch.float32), 0.2)
        terms = region_loss.terms(6, crop, shown, background)
        assert terms["photometric"].item() == pytest.approx(expected.item(), rel=1e-5)

    fit = Fit(config, sphere, sphere.split(), FitContext(tmp_path, 0, "cpu", SILENT))
    branches, report = fit.run()
    assert [branch.name for branch in branches] == ["face"]
    assert report.notes == ()
    assert config.count_limit("face") == 110
    cloud = initial_cloud("face", frames, config, torch.Generator().manual_seed(0))
    assert len(cloud) == 80


def test_incremental_sampling_is_what_its_switch_switches(sphere: Identity, tmp_path: Path):
    """Without it all frames are drawn alike in motion learning; the static stage is untouched."""
    split, context = sphere.split(), FitContext(tmp_path, 0, "cpu", SILENT)
    rules = {}
    for on in (True, False):
        fit = Fit(with_settings(incremental_sampling=on), sphere, split, context)
        for name in ("face", "mouth"):
            sampler = fit._sampler(name, torch.Generator())
            rules[on, name] = [type(rule).__name__ for rule in sampler._rules]
    assert rules[False, "face"] == rules[False, "mouth"] == ["Strongest"]
    assert rules[True, "face"] == ["Strongest", "SlidingWindow", "SlidingWindow"]
    assert rules[True, "mouth"] == ["Strongest", "SlidingWindow"]


def test_six_units_leave_out_the_outer_brow():
    seven, six = (expression_units(with_settings(expression_units=n)) for n in ("seven", "six"))
    assert seven == ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU45")
    assert six == ("AU01", "AU04", "AU05", "AU06", "AU07", "AU45")
    motion = FaceMotion(CHANNELS, with_settings(expression_units="six"))
    assert motion.expression[0].in_features == 5
    assert motion.expression_attention[2].out_features == 6


def test_sideways_share_slows_the_mouth_across_and_in_depth_alone():
    inputs = torch.randn(COUNT, 3) * 0.05, torch.randn(8, CHANNELS, STEPS), torch.rand(7)
    whole = stirred(MouthMotion(CHANNELS, SMALL))(*inputs).means
    slowed = stirred(MouthMotion(CHANNELS, with_settings(**{"mouth.sideways": 0.2})))(*inputs).means
    torch.testing.assert_close(slowed, whole * torch.tensor([0.2, 1.0, 0.2]))


def test_the_official_preset_takes_the_papers_values_elsewhere():
    official = flat(build(TalkingGaussianConfig, SPEC.presets["official"]))
    paper = flat(build(TalkingGaussianConfig, SPEC.presets["paper"]))
    differing = {name for name in paper if paper[name] != official[name]}
    assert differing == set(SPEC.presets["official"]) - set(SPEC.presets["paper"])
