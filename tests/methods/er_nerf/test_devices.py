"""The path that a GPU takes: on one, and walked on the CPU with the plain torch backends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.configs import build
from tgbench.identities import Identity
from tgbench.interfaces import Drive, FitContext
from tgbench.methods.er_nerf.config import ErNerfExpressionConfig
from tgbench.methods.er_nerf.marching import interface
from tgbench.methods.er_nerf.method import ErNerf
from tgbench.methods.er_nerf.training import HeadTraining
from tgbench.methods.shared.hashgrid import module
from tgbench.progress import SILENT

CONFIG = build(
    ErNerfExpressionConfig,
    {
        "head.hidden": 16,
        "head.levels": 3,
        "head.coarsest": 16,
        "head.finest": 40,
        "head.cells": 16,
        "schedule.audio_pretraining_iterations": 3,
        "schedule.iterations": 8,
        "schedule.lips_iterations": 2,
        "schedule.rays": 96,
        "schedule.recoloured_share": 0.2,
        "loss.lpips": 0.0,
        "loss.patch_lpips": 0.0,
        "optimiser.average_every": 2,
    },
)


def fitted(
    identity: Identity, workdir: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[float], np.ndarray]:
    """Return the losses of the head by iteration, and the held-out frames."""
    losses: list[float] = []
    step = HeadTraining.step

    def watched(training: HeadTraining) -> torch.Tensor:
        losses.append(float(loss := step(training)))
        return loss

    workdir.mkdir()
    method, split = ErNerf(CONFIG), identity.split()
    with monkeypatch.context() as patch:
        patch.setattr(HeadTraining, "step", watched)
        method.fit(identity, split, FitContext(workdir, 0, device, SILENT))
    rows = np.array(split.test)
    sound = identity.audio.cut(rows[0] / 25, (rows[-1] + 1) / 25)
    drive = Drive.of_frames(identity, rows, sound, identity.audio_features(), rows)
    return losses, np.stack(list(method.render(drive)))


@pytest.mark.parametrize(
    "device",
    [
        pytest.param("cpu", marks=pytest.mark.slow),
        pytest.param(
            "cuda",
            marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
        ),
    ],
)
def test_plain_torch_learns_what_the_kernels_learn(
    sphere: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    compiled, frames = fitted(sphere, tmp_path / "compiled", "cpu", monkeypatch)
    asked = set()

    def choose(named: str | None, where: torch.device, by_device: Mapping[str, str]) -> str:
        asked.add(by_device["cuda"])
        return "torch"

    with monkeypatch.context() as patch:
        for user in (interface, module):
            patch.setattr(user, "choose", choose)
        plain, others = fitted(sphere, tmp_path / "plain", device, monkeypatch)
    # A GPU's hash grid is tiny-cuda-nn's where that is installed; torch takes its place here.
    assert asked - {"tcnn"} == {"torch"}
    assert len(plain) == len(compiled) == 10
    np.testing.assert_allclose(plain, compiled, rtol=5e-3)
    assert np.abs(frames.astype(int) - others).max() <= 2
