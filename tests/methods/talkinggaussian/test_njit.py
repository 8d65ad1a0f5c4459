"""Compiled kernels do the same in the process that compiles them and in those that load them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_DRAW_AND_COMPARE = """
import hashlib, numpy as np, torch
from tgbench.methods.shared.rasterizer import Camera, rasterize
from tgbench.methods.shared.ssim import l1_ssim_loss

g = torch.Generator().manual_seed(0)
pose = np.eye(4)
pose[2, 3] = 1.0
shapes = (300, 3), (300, 4), (300, 3), (300,), (300, 3)
drawn = [torch.rand(shape, generator=g) for shape in shapes]
drawn = [(0.2 * drawn[0] - 0.1), drawn[1], 0.02 * drawn[2], *drawn[3:]]
leaves = [tensor.requires_grad_() for tensor in drawn]
image = rasterize(*leaves, Camera.from_pose(pose, 300.0, 40.0, 32.0, 80, 64)).colors
l1_ssim_loss(image, torch.rand(64, 80, 3, generator=g)).backward()
bits = b"".join(tensor.numpy().tobytes() for tensor in [image.detach(), *(x.grad for x in leaves)])
print(hashlib.sha256(bits).hexdigest())
"""


@pytest.mark.slow
def test_the_first_run_of_an_installation_ends_in_the_bits_of_all_others(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    compiled, loaded = (
        subprocess.run(
            [sys.executable, "-c", _DRAW_AND_COMPARE],
            env=environment, capture_output=True, text=True, check=True,
        ).stdout
        for _ in range(2)
    )  # fmt: skip
    assert any(tmp_path.rglob("*.nbc"))
    assert len(compiled) > 60
    assert compiled == loaded
