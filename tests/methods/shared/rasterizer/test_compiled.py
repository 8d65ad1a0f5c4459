"""What only the compiled CPU backend promises, and its frame threads."""

from __future__ import annotations

import platform
import re

import pytest
import torch
from numba import njit

from tgbench.methods.shared.rasterizer import map_frames
from tgbench.methods.shared.rasterizer.blending import blend, blend_backward

from .scenes import (
    COMPILED,
    axis_camera,
    camera_at_a_metre,
    gradients,
    one_gaussian,
    random_scene,
)


def test_repeats_are_bitwise_equal():
    scene, camera = random_scene(8, count=200), camera_at_a_metre(61, 45)
    first, first_gradients = gradients(scene, camera, COMPILED, torch.float32)
    second, second_gradients = gradients(scene, camera, COMPILED, torch.float32)
    assert torch.equal(first.colors, second.colors)
    for one, other in zip(first_gradients, second_gradients, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("changed", ["colors", "drawn"])
def test_changes_in_place_before_backward_are_noticed(changed):
    leaves = [tensor.requires_grad_() for tensor in one_gaussian().tensors()]
    drawn = COMPILED.draw(leaves, axis_camera())
    with torch.no_grad():
        (leaves[4] if changed == "colors" else drawn.colors).mul_(2.0)
    with pytest.raises(RuntimeError, match="inplace"):
        drawn.colors.sum().backward()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="looks for x86 instructions")
@pytest.mark.parametrize("compiled", [blend, blend_backward])
def test_blending_is_vectorized(compiled):
    """Harmless edits can cost LLVM's vectorization and with it a factor of 7."""
    leaves = [tensor.requires_grad_() for tensor in one_gaussian().tensors()]
    COMPILED.draw(leaves, axis_camera()).colors.sum().backward()
    options = {key: value for key, value in compiled.targetoptions.items() if key != "nopython"}
    fresh = njit(**options)(compiled.py_func)
    fresh.compile(compiled.signatures[0])
    (assembly,) = fresh.inspect_asm().values()
    packed = re.findall(r"\bv?(?:mul|fn?m(?:add|sub)\d+)ps\b", assembly)
    assert len(packed) > 10


def test_a_footprint_wider_than_an_integer():
    """Close to the camera and huge: all pixels see the middle of it."""
    scene = one_gaussian(means=[[0.0, 0.0, 0.02]], scales=[[1e18, 1e18, 1e-3]])
    leaves = [tensor.requires_grad_() for tensor in scene.tensors()]
    drawn = COMPILED.draw(leaves, axis_camera())
    drawn.colors.sum().backward()
    torch.testing.assert_close(drawn.alpha, torch.full((31, 31), 0.7))
    assert all(bool(torch.isfinite(leaf.grad).all()) for leaf in leaves)


def test_frames_are_mapped_in_order_and_may_nest():
    def nested(row: int) -> list[int]:
        return map_frames(lambda column: 10 * row + column, range(5))

    assert map_frames(nested, range(8)) == [[10 * r + c for c in range(5)] for r in range(8)]


def test_a_frames_exception_comes_through():
    def fail(frame: int) -> None:
        if frame == 3:
            raise KeyError("frame 3")

    with pytest.raises(KeyError, match="frame 3"):
        map_frames(fail, range(6))
