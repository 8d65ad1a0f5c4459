"""The path that a GPU takes, walked on the CPU with the plain torch backends."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.configs import build
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.talkinggaussian import pixel_losses
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.fitting import Fit
from tgbench.methods.talkinggaussian.training import BranchTrainer
from tgbench.progress import SILENT

CONFIG = build(
    TalkingGaussianConfig,
    {
        "grid.levels": 3,
        "face.grid_finest": 20,
        "schedule.static_iterations": 8,
        "schedule.motion_iterations": 12,
        "schedule.finetune_iterations": 4,
        "face.gaussians": 150,
        "mouth.gaussians": 30,
        "densify.start": 5,
        "densify.every": 5,
        "gaussians.harmonics_every": 4,
        "finetune.lpips_weight": 0.0,
    },
)
CHOOSERS = (
    "shared.rasterizer.interface",
    "shared.ssim",
    "shared.hashgrid.module",
    "shared.spherical_harmonics",
)


def use_plain_torch(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Let every backend and every kernel with a torch form be torch; return who was asked."""
    asked: set[str] = set()

    def chooser(user: str):
        def choose(named: str | None, device: torch.device, by_device: Mapping[str, str]) -> str:
            assert "cuda" in by_device, f"{user} has nothing for a GPU"
            asked.add(user)
            return named or "torch"

        return choose

    for user in CHOOSERS:
        module = import_module(f"tgbench.methods.{user}")
        monkeypatch.setattr(module, "choose", chooser(user))

    def by_autograd(drawn, background, crop, lips, region):
        return pixel_losses._compare_by_autograd(
            drawn.colors, drawn.alpha, background, crop, lips, region
        )

    losses = import_module("tgbench.methods.talkinggaussian.losses")
    monkeypatch.setattr(losses, "compare", by_autograd)
    return asked


def losses(
    sphere: Identity, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[float], np.ndarray]:
    """The losses of the face by iteration, and its final positions."""
    seen: list[float] = []
    step = BranchTrainer.step

    def watched(trainer: BranchTrainer) -> torch.Tensor:
        loss = step(trainer)
        if trainer.name == "face":
            seen.append(loss.item())
        return loss

    workdir.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(BranchTrainer, "step", watched)
        fit = Fit(CONFIG, sphere, sphere.split(), FitContext(workdir, 0, "cpu", SILENT))
        branches, _ = fit.run()
    return seen, branches[0].field.parameters["means"].detach().numpy()


def test_plain_torch_learns_what_the_kernels_learn(
    sphere: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    compiled, means = losses(sphere, tmp_path / "compiled", monkeypatch)
    with monkeypatch.context() as patch:
        asked = use_plain_torch(patch)
        plain, other = losses(sphere, tmp_path / "plain", monkeypatch)
    assert asked == set(CHOOSERS)
    assert len(plain) == len(compiled) == CONFIG.branch_iterations
    np.testing.assert_allclose(plain, compiled, rtol=2e-3)
    assert other.shape == means.shape
    assert np.abs(other - means).mean() < 1e-4
