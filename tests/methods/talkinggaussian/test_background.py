"""Gaussians that imitate the training background are judged by what the frame's camera sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.configs import build, replaced
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.fitting import Fit
from tgbench.methods.talkinggaussian.gaussians import DC
from tgbench.methods.talkinggaussian.training import BranchTrainer
from tgbench.progress import SILENT

CONFIG = build(
    TalkingGaussianConfig,
    {
        "face.gaussians": 6,
        "mouth.gaussians": 6,
        "finetune.lpips_weight": 0.0,
        "grid.levels": 2,
        "face.grid_finest": 20,
    },
)
K1 = np.sqrt(3 / (4 * np.pi))
GREY, GREEN = (0.5, 0.5, 0.5), (0.0, 1.0, 0.0)


def trainer_of(
    sphere: Identity, folder: Path, name: str, config: TalkingGaussianConfig = CONFIG
) -> BranchTrainer:
    """Six Gaussians at the origin: grey, green, two nearly green, and two that change by side."""
    fit = Fit(config, sphere, sphere.split(), FitContext(folder, 0, "cpu", SILENT))
    trainer = fit._trainer(name)  # type: ignore[arg-type]
    camera = trainer.region_loss.crop(0, 0).camera
    x, y, z = -camera.position / np.linalg.norm(camera.position)
    just, beyond = (0.0, 1 - 29 / 255, 29 / 255), (31 / 255, 1.0, 0.0)
    base = np.array([GREY, GREEN, just, beyond, GREY, GREEN])
    # Degree 1 of 3DGS: K1 (-y c1 + z c2 - x c3), here along the direction of view.
    along = np.zeros((6, 3))
    along[4], along[5] = np.subtract(GREEN, GREY), np.subtract(GREY, GREEN)
    harmonics = np.zeros((6, 8, 3))
    harmonics[:, :3] = along[:, None] * np.array([-y, z, -x])[None, :, None] / K1
    with torch.no_grad():
        parameters = trainer.branch.field.parameters
        parameters["means"].zero_()
        parameters["color"].copy_(torch.tensor((base - 0.5) / DC))
        parameters["harmonics"].copy_(torch.tensor(harmonics))
    trainer.branch.field.raise_degree()
    trainer._remove_background(camera)
    return trainer


def test_green_ones_of_the_face_are_pruned(sphere: Identity, tmp_path: Path):
    trainer = trainer_of(sphere, tmp_path, "face")
    kept = trainer.branch.field.base_colors.detach().numpy()
    np.testing.assert_allclose(kept, [GREY, (31 / 255, 1.0, 0.0), GREEN], atol=1e-6)
    assert len(trainer.density.state()["count"]) == 3


@pytest.mark.parametrize("how", ["shrink", "enlarge"])
def test_green_ones_of_the_mouth_stay_but_are_faint(sphere: Identity, tmp_path: Path, how: str):
    before = Fit(CONFIG, sphere, sphere.split(), FitContext(tmp_path, 0, "cpu", SILENT))
    sizes = before._trainer("mouth").branch.field.parameters["scales"].detach()
    config = replaced(CONFIG, {"mouth.background": how})
    field = trainer_of(sphere, tmp_path, "mouth", config).branch.field
    green = [1, 2, 4]
    opacities = torch.sigmoid(field.parameters["opacities"]).tolist()
    assert [opacities[i] for i in green] == pytest.approx([0.1] * 3)
    larger = field.parameters["scales"][:, 0] > sizes[:, 0]
    smaller = field.parameters["scales"][:, 0] < sizes[:, 0]
    changed = larger if how == "enlarge" else smaller
    assert torch.nonzero(changed)[:, 0].tolist() == green


def test_a_random_background_cannot_be_imitated(sphere: Identity, tmp_path: Path):
    config = replaced(CONFIG, {"random_background": True})
    assert len(trainer_of(sphere, tmp_path, "face", config).branch.field) == 6
