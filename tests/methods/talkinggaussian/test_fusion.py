from __future__ import annotations

import numpy as np
import torch

from tgbench.methods.talkinggaussian.fusion import fuse
from tgbench.methods.talkinggaussian.rasterizer import Rasterization
from tgbench.methods.talkinggaussian.rendering import rounded


def drawn(seed: int) -> tuple[Rasterization, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    color, alpha = rng.random((6, 5, 3)), rng.random((6, 5))
    tensors = [torch.tensor(x, dtype=torch.float32) for x in (color * alpha[..., None], alpha)]
    return Rasterization(*tensors, torch.zeros(1, dtype=torch.int32)), color, alpha[..., None]


def test_fusion_is_equation_9_over_torso_and_plate():
    face, c_face, a_face = drawn(0)
    mouth, c_mouth, a_mouth = drawn(1)
    behind = np.random.default_rng(2).random((6, 5, 3))
    c_inside = c_mouth * a_mouth + behind * (1 - a_mouth)
    expected = c_face * a_face + c_inside * (1 - a_face)
    fused = fuse(face, mouth, torch.tensor(behind, dtype=torch.float32))
    np.testing.assert_allclose(fused, expected, atol=1e-6)


def test_without_a_mouth_the_face_lies_over_the_torso():
    face, c_face, a_face = drawn(0)
    behind = np.random.default_rng(2).random((6, 5, 3))
    fused = fuse(face, None, torch.tensor(behind, dtype=torch.float32))
    np.testing.assert_allclose(fused, c_face * a_face + behind * (1 - a_face), atol=1e-6)


def test_frames_are_rounded_not_cut():
    values = np.array([-0.5, 0.0, 0.5 / 255, 1.51 / 255, 0.999, 1.0, 7.0], np.float32)
    assert rounded(values).tolist() == [0, 0, 0, 2, 255, 255, 255]
