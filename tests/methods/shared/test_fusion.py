from __future__ import annotations

import numpy as np
import pytest
import torch

from tgbench.methods.shared.fusion import fuse, fused_image, fused_layers
from tgbench.methods.shared.rasterizer import Rasterization


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


@pytest.mark.parametrize("with_mouth", [True, False])
def test_fused_images_are_those_of_the_tensors_to_the_nearest_value(with_mouth: bool):
    face, *_ = drawn(0)
    mouth = drawn(1)[0] if with_mouth else None
    for shown in (face, drawn(1)[0] if mouth is None else mouth):
        shown.alpha[2] = 0.0
        shown.colors[2] = 0.0
    behind = np.random.default_rng(2).integers(0, 256, (6, 10, 3), np.uint8)[:, ::2]
    exact = 255 * fuse(face, mouth, torch.tensor(behind / 255)).numpy()
    image = fused_image(face, mouth, behind)
    assert image.dtype == np.uint8
    assert np.abs(image - exact).max() < 0.5001
    assert (image[2] == behind[2]).all()


def without(shown: Rasterization, *places: tuple[slice | int, slice | int]) -> Rasterization:
    for place in places:
        shown.alpha[place] = 0.0
        shown.colors[place] = 0.0
    return shown


def test_branches_that_fill_a_part_of_the_image_change_that_part():
    every = slice(None)
    face = without(drawn(0)[0], (0, every), (slice(4, None), every), (every, 0), (every, 4))
    mouth = without(drawn(1)[0], (slice(0, 3), every), (5, every), (every, slice(0, 2)))
    behind = np.random.default_rng(2).integers(0, 256, (6, 5, 3), np.uint8)
    exact = 255 * fuse(face, mouth, torch.tensor(behind / 255)).numpy()
    image = fused_image(face, mouth, behind)
    assert np.abs(image - exact).max() < 0.5001
    nothing = ((face.alpha == 0) & (mouth.alpha == 0)).numpy()
    assert nothing.any()
    assert (image[nothing] == behind[nothing]).all()


@pytest.mark.parametrize("with_mouth", [True, False])
def test_where_nothing_is_drawn_there_is_what_lies_behind(with_mouth: bool):
    empty = without(drawn(0)[0], (slice(None), slice(None)))
    behind = np.random.default_rng(2).integers(0, 256, (6, 5, 3), np.uint8)
    assert (fused_image(empty, empty if with_mouth else None, behind, cut=True) == behind).all()


def test_channels_beyond_the_colours_are_left_out():
    face = drawn(0)[0]
    more = Rasterization(
        torch.cat([face.colors, face.colors[..., :2]], dim=-1), face.alpha, face.radii
    )
    behind = np.random.default_rng(2).integers(0, 256, (6, 5, 3), np.uint8)
    assert (fused_image(more, None, behind) == fused_image(face, None, behind)).all()


def test_fused_images_are_clipped_not_wrapped():
    alpha = torch.full((1, 7), 1.0)
    values = torch.tensor([-0.5, 0.0, 0.4 / 255, 1.51 / 255, 0.999, 1.0, 7.0])
    face = Rasterization(values[None, :, None].repeat(1, 1, 3), alpha, torch.zeros(1))
    image = fused_image(face, None, np.full((1, 7, 3), 9, np.uint8))
    assert image[0, :, 0].tolist() == [0, 0, 0, 2, 255, 255, 255]


def test_the_official_code_cuts_instead_of_rounding():
    face, mouth = drawn(0)[0], drawn(1)[0]
    behind = np.random.default_rng(2).integers(0, 256, (6, 5, 3), np.uint8)
    exact = 255 * fuse(face, mouth, torch.tensor(behind / 255)).numpy()
    image = fused_image(face, mouth, behind, cut=True)
    below = exact - image
    assert below.min() > -1e-3
    assert below.max() < 1.0
    assert below.max() > 0.6


def test_depth_of_both_branches_is_the_mean_by_what_each_covers():
    def flat(alpha: float, depth: float) -> Rasterization:
        values = torch.full((2, 3, 1), alpha * depth), torch.full((2, 3), alpha)
        return Rasterization(*values, torch.zeros(1, dtype=torch.int32))

    both = fused_layers(flat(0.5, 1.0), flat(0.5, 2.0))
    np.testing.assert_allclose(both.alpha, 0.75)
    np.testing.assert_allclose(both.depth, (0.5 * 1.0 + 0.25 * 2.0) / 0.75, rtol=1e-6)
    nothing = fused_layers(flat(0.0, 1.0), None)
    assert np.isnan(nothing.depth).all()
