from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tgbench.methods.shared import threads
from tgbench.methods.shared.pixel_labels import BEHIND, FACE, HAIRS, IGNORED, MOUTH, TEETH
from tgbench.methods.shared.rasterizer import Camera, Rasterization
from tgbench.methods.shared.window import Window
from tgbench.methods.talkinggaussian.frames import Crop
from tgbench.methods.talkinggaussian.pixel_losses import Comparison, LossRegion, compare

WIDTH, HEIGHT = 37, 29
LIPS = Window(10, 12, 22, 19)
EVERYTHING = (BEHIND, FACE, HAIRS, MOUTH, IGNORED, TEETH)
REGIONS = {
    "surface": LossRegion((FACE, HAIRS), EVERYTHING[:4], (FACE, HAIRS), EVERYTHING[:4]),
    "hole": LossRegion((MOUTH,), (MOUTH,), (), EVERYTHING, "free"),
    "filled hole": LossRegion((MOUTH,), (MOUTH,), (), EVERYTHING, "opaque", seen_beside_lips=True),
}
BACKGROUND = torch.tensor([0.1, 0.9, 0.3])


def crop() -> Crop:
    rng = np.random.default_rng(0)
    view = Camera.from_pose(np.eye(4), 50.0, WIDTH / 2, HEIGHT / 2, WIDTH, HEIGHT)
    image = rng.integers(0, 256, (HEIGHT, 2 * WIDTH, 3), dtype=np.uint8)[:, ::2]
    labels = rng.integers(0, 6, (2 * HEIGHT, WIDTH), dtype=np.uint8)[::2]
    # Not contiguous, as parts of a crop are not.
    images = torch.from_numpy(image), torch.from_numpy(labels)
    return Crop(0, view, *images, Window(0, 0, WIDTH, HEIGHT))


def compared(
    region: LossRegion, channels: int, dtype: torch.dtype
) -> tuple[list[torch.Tensor], ...]:
    """The comparison and its gradients by colours and alpha, for random weights of its parts."""
    g = torch.Generator().manual_seed(1)
    alpha = torch.rand(HEIGHT, WIDTH, generator=g)
    alpha[::7] = 1.0
    alpha[::5] = 0.0
    colors = torch.rand(HEIGHT, WIDTH, channels, generator=g)
    colors, alpha = (tensor.to(dtype).requires_grad_() for tensor in (colors, alpha))
    drawn = Rasterization(colors, alpha, torch.zeros(1, dtype=torch.int32))
    found: Comparison = compare(drawn, BACKGROUND.to(dtype), crop(), LIPS, region)
    parts = [getattr(found, field.name) for field in dataclasses.fields(found)]
    weights = [torch.randn(part.shape, generator=g).to(dtype) for part in parts]
    pairs = [(p, w) for p, w in zip(parts, weights, strict=True) if p.requires_grad]
    torch.autograd.backward(*zip(*pairs, strict=True))
    return [part.detach() for part in parts], [colors.grad, alpha.grad]


@pytest.mark.parametrize("channels", [3, 5])
@pytest.mark.parametrize("name", REGIONS)
def test_kernels_agree_with_autograd_in_float64(name: str, channels: int):
    fast = compared(REGIONS[name], channels, torch.float32)
    exact = compared(REGIONS[name], channels, torch.float64)
    for values, expected in zip(fast, exact, strict=True):
        for value, truth in zip(values, expected, strict=True):
            assert value.dtype == torch.float32
            torch.testing.assert_close(value.double(), truth, rtol=1e-5, atol=1e-6)


def test_repeats_to_the_bit_with_another_core(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 2)
    monkeypatch.setattr(threads, "_WORTH_HALVING", 0)
    first = compared(REGIONS["surface"], 5, torch.float32)
    with threads.with_halves():
        second = compared(REGIONS["surface"], 5, torch.float32)
    for values, others in zip(first, second, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(values, others, strict=True))


def test_the_target_gets_no_gradient():
    g = torch.rand(HEIGHT, WIDTH, 3, requires_grad=True)
    drawn = Rasterization(g, torch.rand(HEIGHT, WIDTH), torch.zeros(1, dtype=torch.int32))
    found = compare(drawn, BACKGROUND, crop(), LIPS, REGIONS["hole"])
    assert found.prediction.requires_grad
    assert not found.target.requires_grad
