from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from tgbench.methods.talkinggaussian.ssim import l1_ssim_loss, ssim_map

BACKENDS = ("torch", "numba")
INTERIOR = slice(5, -5)


def images(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32):
    g = torch.Generator().manual_seed(seed)
    target = torch.rand(*shape, generator=g)
    noisy = (target + 0.2 * torch.randn(*shape, generator=g)).clamp(0, 1)
    return noisy.to(dtype), target.to(dtype)


def test_map_agrees_with_skimage_inside():
    """At the border the definitions differ: skimage mirrors, 3DGS pads with zeros."""
    x, y = images(40, 33, 3, dtype=torch.float64)
    _, expected = structural_similarity(
        x.numpy(), y.numpy(), data_range=1.0, channel_axis=2, full=True,
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    )  # fmt: skip
    np.testing.assert_allclose(
        ssim_map(x, y)[INTERIOR, INTERIOR], expected[INTERIOR, INTERIOR], atol=1e-12
    )


def test_map_agrees_with_torchmetrics_inside():
    x, y = images(40, 33, 3, dtype=torch.float64)
    _, expected = structural_similarity_index_measure(
        x.permute(2, 0, 1)[None], y.permute(2, 0, 1)[None], data_range=1.0, sigma=1.5,
        return_full_image=True,
    )  # fmt: skip
    inside = expected[0].permute(1, 2, 0)[INTERIOR, INTERIOR]
    torch.testing.assert_close(ssim_map(x, y)[INTERIOR, INTERIOR], inside, atol=1e-7, rtol=1e-7)


def test_gradient_of_the_reference():
    x, y = images(6, 7, 2, dtype=torch.float64)
    loss = lambda image: l1_ssim_loss(image, y, 0.3, backend="torch")  # noqa: E731
    assert torch.autograd.gradcheck(loss, (x.requires_grad_(),))


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 1), (3, 70, 3), (50, 2, 3), (16, 16, 1), (31, 45, 4), (97, 64, 3)],
    ids=lambda shape: "x".join(map(str, shape)),
)
@pytest.mark.parametrize("weight", [0.2, 1.0])
def test_compiled_agrees_with_float64(shape, weight):
    x, y = images(*shape)
    fast, exact = x.clone().requires_grad_(), x.double().requires_grad_()
    value = l1_ssim_loss(fast, y, weight)
    truth = l1_ssim_loss(exact, y.double(), weight, backend="torch")
    (3.0 * value).backward()
    (3.0 * truth).backward()
    assert value.item() == pytest.approx(truth.item(), abs=1e-6)
    assert float((fast.grad - exact.grad).norm() / exact.grad.norm()) < 1e-4


@pytest.mark.parametrize("backend", BACKENDS)
def test_equal_images_cost_nothing(backend):
    _, y = images(20, 30, 3)
    x = y.clone().requires_grad_()
    loss = l1_ssim_loss(x, y, backend=backend)
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    assert float(x.grad.abs().max()) < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_flat_images(backend):
    """L1 is the difference; inside, SSIM is the luminance term alone."""
    a, b = 0.3, 0.7
    x, y = torch.full((40, 40, 1), a), torch.full((40, 40, 1), b)
    assert float(l1_ssim_loss(x, y, 0.0, backend=backend)) == pytest.approx(b - a, abs=1e-6)
    luminance = (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)
    inside = ssim_map(x, y)[INTERIOR, INTERIOR]
    torch.testing.assert_close(inside, torch.full_like(inside, luminance), atol=1e-3, rtol=0)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    weight=st.floats(0, 1),
)
def test_symmetric_bounded_and_blind_to_flips(seed, height, width, weight):
    x, y = images(height, width, 3, seed=seed)
    loss = float(l1_ssim_loss(x, y, weight))
    assert -1e-6 <= loss <= 2.0
    turned = (x.transpose(0, 1), y.transpose(0, 1))
    for u, v in ((y, x), (x.flip(0), y.flip(0)), (x.flip(1), y.flip(1)), turned):
        assert float(l1_ssim_loss(u, v, weight)) == pytest.approx(loss, abs=1e-5)


def test_without_gradient():
    x, y = images(20, 30, 3)
    assert not l1_ssim_loss(x, y).requires_grad
    with torch.no_grad():
        assert not l1_ssim_loss(x.requires_grad_(), y).requires_grad


def test_wrong_inputs_are_named():
    x, y = images(20, 30, 3)
    with pytest.raises(ValueError, match="one shape"):
        l1_ssim_loss(x, y[1:])
    with pytest.raises(ValueError, match="float32"):
        l1_ssim_loss(x.double(), y)
    with pytest.raises(ValueError, match="no SSIM backend"):
        l1_ssim_loss(x, y, backend="cuda")
