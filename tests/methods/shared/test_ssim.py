from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from tgbench.errors import Unavailable
from tgbench.methods.shared import ssim
from tgbench.methods.shared.backends import extension, has_extension
from tgbench.methods.shared.ssim import l1_ssim_loss, ssim_map

INTERIOR = slice(5, -5)


class Place(NamedTuple):
    """A backend and where it works; slack is for kernels with fast arithmetic."""

    backend: str
    device: str = "cpu"
    slack: float = 1.0


CPU, ORACLE = Place("numba"), Place("torch")
TWIN = pytest.param("twin", id="fused-twin")


def on_cuda(place: Place):
    reason = "" if torch.cuda.is_available() else "no CUDA device"
    if not reason and place.backend == "fused" and not has_extension("fused_ssim"):
        reason = "fused-ssim is not installed"
    return pytest.param(
        place, marks=pytest.mark.skipif(bool(reason), reason=reason), id=f"{place.backend}-cuda"
    )


CUDA = (on_cuda(Place("torch", "cuda")), on_cuda(Place("fused", "cuda", slack=10.0)))


class FusedTwin(ModuleType):
    """fused-ssim on the CPU: what its README asks for, by convolutions in two dimensions."""

    def __init__(self) -> None:
        super().__init__("fused_ssim")
        self.trained: list[bool] = []

    def fused_ssim(self, img1, img2, padding="same", train=True):
        assert img1.ndim == 4
        assert img1.shape == img2.shape
        assert img1.is_contiguous()
        assert img2.is_contiguous()
        assert padding == "same"
        assert train or not img1.requires_grad or not torch.is_grad_enabled()
        self.trained.append(train)
        return map_by_2d_windows(img1, img2.detach()).clamp(-1, 1).mean()


def map_by_2d_windows(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """SSIM of [B, C, H, W], padded with zeros."""
    profile = torch.exp(-((torch.arange(11) - 5.0).to(x) ** 2) / (2 * 1.5**2))
    window = torch.outer(profile, profile)
    kernel = (window / window.sum())[None, None]

    def mean(maps: torch.Tensor) -> torch.Tensor:
        return torch.conv2d(maps.flatten(0, 1)[:, None], kernel, padding=5).view(maps.shape)

    mean_x, mean_y = mean(x), mean(y)
    var_x, var_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    luminance = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
    return luminance * (2 * (mean(x * y) - mean_x * mean_y) + 9e-4) / (var_x + var_y + 9e-4)


@pytest.fixture
def twin_on_cpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[FusedTwin]:
    """Put the fused backend on the twin of fused-ssim."""
    for cached in (extension, has_extension):
        cached.cache_clear()
    twin = FusedTwin()
    monkeypatch.setitem(sys.modules, "fused_ssim", twin)
    monkeypatch.setattr(ssim, "FUSED_DEVICE", "cpu")
    yield twin
    for cached in (extension, has_extension):
        cached.cache_clear()


def _place(request: pytest.FixtureRequest) -> Place:
    if request.param == "twin":
        request.getfixturevalue("twin_on_cpu")
        return Place("fused")
    return request.param


@pytest.fixture(
    params=[pytest.param(CPU, id="numba"), pytest.param(ORACLE, id="torch"), TWIN, *CUDA]
)
def place(request: pytest.FixtureRequest) -> Place:
    """Each backend."""
    return _place(request)


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


@pytest.mark.parametrize("shape", [(40, 33, 3), (3, 70, 1), (1, 1, 4)])
def test_two_passes_are_one_window(shape):
    x, y = images(*shape, dtype=torch.float64)
    batches = [image.movedim(-1, 0)[None].clone().requires_grad_() for image in (x, y)]
    expected = map_by_2d_windows(*batches)
    x.requires_grad_(), y.requires_grad_()
    found = ssim_map(x, y)
    torch.testing.assert_close(found.movedim(-1, 0)[None], expected, atol=1e-12, rtol=0)
    found.sum().backward()
    expected.sum().backward()
    for image, batch in zip((x, y), batches, strict=True):
        torch.testing.assert_close(
            image.grad.movedim(-1, 0)[None], batch.grad, atol=1e-9, rtol=1e-9
        )
    single = ssim_map(x.detach().float(), y.detach().float()).mean()
    assert float(single) == pytest.approx(float(expected.detach().mean()), abs=1e-6)


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
def test_agrees_with_float64(place, shape, weight):
    x, y = images(*shape)
    fast = x.to(place.device).clone().requires_grad_()
    exact = x.double().requires_grad_()
    value = l1_ssim_loss(fast, y.to(place.device), weight, backend=place.backend)
    truth = l1_ssim_loss(exact, y.double(), weight, backend="torch")
    (3.0 * value).backward()
    (3.0 * truth).backward()
    assert value.item() == pytest.approx(truth.item(), abs=1e-6 * place.slack)
    error = float((fast.grad.cpu() - exact.grad).norm() / exact.grad.norm())
    assert error < 1e-4 * place.slack


def test_equal_images_cost_nothing(place):
    y = images(20, 30, 3)[1].to(place.device)
    x = y.clone().requires_grad_()
    cost = l1_ssim_loss(x, y, backend=place.backend)
    cost.backward()
    assert cost.item() == pytest.approx(0.0, abs=1e-6)
    assert float(x.grad.abs().max()) < 1e-6


def test_flat_images(place):
    """L1 is the difference; inside, SSIM is the luminance term alone."""
    a, b = 0.3, 0.7
    x, y = (torch.full((40, 40, 1), value, device=place.device) for value in (a, b))
    l1 = l1_ssim_loss(x, y, 0.0, backend=place.backend)
    assert float(l1) == pytest.approx(b - a, abs=1e-6)
    luminance = (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)
    inside = ssim_map(x, y)[INTERIOR, INTERIOR]
    torch.testing.assert_close(inside, torch.full_like(inside, luminance), atol=1e-3, rtol=0)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**31),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    weight=st.floats(0, 1),
)
def test_symmetric_bounded_and_blind_to_flips(seed, height, width, weight):
    x, y = images(height, width, 3, seed=seed)
    cost = float(l1_ssim_loss(x, y, weight))
    assert -1e-6 <= cost <= 2.0
    turned = (x.transpose(0, 1), y.transpose(0, 1))
    for u, v in ((y, x), (x.flip(0), y.flip(0)), (x.flip(1), y.flip(1)), turned):
        assert float(l1_ssim_loss(u, v, weight)) == pytest.approx(cost, abs=1e-5)


def test_without_gradient(place):
    x, y = (image.to(place.device) for image in images(20, 30, 3))
    assert not l1_ssim_loss(x, y, backend=place.backend).requires_grad
    with torch.no_grad():
        assert not l1_ssim_loss(x.requires_grad_(), y, backend=place.backend).requires_grad


def test_fused_ssim_is_told_whether_it_trains(twin_on_cpu):
    x, y = images(20, 30, 3)
    l1_ssim_loss(x, y, backend="fused")
    l1_ssim_loss(x.requires_grad_(), y, backend="fused")
    with torch.no_grad():
        l1_ssim_loss(x, y, backend="fused")
    assert twin_on_cpu.trained == [False, True, False]


def test_the_device_chooses(twin_on_cpu, monkeypatch: pytest.MonkeyPatch):
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    assert [ssim._backend(None, device) for device in (cpu, cuda)] == ["numba", "fused"]
    assert ssim._backend("torch", cuda) == "torch"
    for cached in (extension, has_extension):
        cached.cache_clear()
    monkeypatch.setitem(sys.modules, "fused_ssim", None)
    assert ssim._backend(None, cuda) == "torch"
    x, y = images(20, 30, 3)
    with pytest.raises(Unavailable, match=r"fused_ssim is not installed; .*pip install .*git\+"):
        l1_ssim_loss(x, y, backend="fused")


def test_wrong_inputs_are_named():
    x, y = images(20, 30, 3)
    with pytest.raises(ValueError, match="one shape"):
        l1_ssim_loss(x, y[1:])
    with pytest.raises(ValueError, match="float32"):
        l1_ssim_loss(x.double(), y)
    with pytest.raises(ValueError, match="float32 images on cuda"):
        l1_ssim_loss(x, y, backend="fused")
    with pytest.raises(ValueError, match="no SSIM backend"):
        l1_ssim_loss(x, y, backend="cuda")
