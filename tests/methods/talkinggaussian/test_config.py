from __future__ import annotations

import subprocess
import sys

import pytest

from tgbench.configs import build, types_of
from tgbench.errors import TgbenchError
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.spec import SPEC


def test_defaults_are_the_papers_schedule():
    config = build(TalkingGaussianConfig, SPEC.presets["paper"])
    assert config.branch_iterations == 50_000
    assert config.schedule.finetune_iterations == 10_000
    assert (config.loss.ssim_weight, config.finetune.lpips_weight) == (0.2, 0.5)
    assert (config.grid.lr, config.motion_field.lr) == (5e-3, 5e-4)
    assert (config.face.grid_coarsest, config.face.grid_finest) == (16, 256)
    assert (config.mouth.grid_coarsest, config.mouth.grid_finest) == (64, 384)


def test_presets_are_valid():
    for overrides in SPEC.presets.values():
        build(TalkingGaussianConfig, overrides)


def test_old_names_lead_to_settings_of_today():
    known = set(types_of(TalkingGaussianConfig))
    assert set(SPEC.renamed_settings.values()) <= known
    assert not set(SPEC.renamed_settings) & known
    assert len(set(SPEC.renamed_settings.values())) == len(SPEC.renamed_settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schedule.static_iterations", 0),
        ("schedule.motion_iterations", -1),
        ("grid.lr", -1e-3),
        ("loss.ssim_weight", 1.5),
        ("gaussians.harmonics_degree", 3),
        ("face.grid_finest", 1),
        ("densify.every", 0),
    ],
)
def test_bad_values_are_named(name: str, value: float):
    with pytest.raises(TgbenchError, match=name):
        build(TalkingGaussianConfig, {name: value})


def test_spec_is_light():
    code = (
        "import sys, tgbench.methods.talkinggaussian.spec\n"
        "assert not {'numpy', 'torch', 'numba'} & set(sys.modules), 'heavy import'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
