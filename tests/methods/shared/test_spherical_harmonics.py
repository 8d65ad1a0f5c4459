from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import sph_harm_y

from tgbench.methods.shared import spherical_harmonics
from tgbench.methods.shared.backends import choose
from tgbench.methods.shared.spherical_harmonics import harmonics_basis, sh_to_rgb

NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
CUDA = pytest.param("cuda", marks=NEEDS_CUDA, id="cuda")
BACKENDS = ("torch", "numba")


def random_inputs(count: int = 60, seed: int = 0, dtype: torch.dtype = torch.float32):
    g = torch.Generator().manual_seed(seed)
    coefficients = torch.randn(count, 9, 3, generator=g)
    directions = 3.0 * torch.randn(count, 3, generator=g)
    split = coefficients[:, 0], coefficients[:, 1:], directions
    return tuple(tensor.contiguous().to(dtype) for tensor in split)


def test_basis_is_scipys():
    """Real harmonics with the Condon-Shortley phase, m from -l to l."""
    *_, directions = random_inputs(dtype=torch.float64)
    unit = torch.nn.functional.normalize(directions, dim=-1)
    x, y, z = unit.numpy().T
    polar, azimuth = np.arccos(z), np.arctan2(y, x)
    columns = []
    for degree in range(3):
        for order in range(-degree, degree + 1):
            complex_value = sph_harm_y(degree, abs(order), polar, azimuth)
            part = complex_value.imag if order < 0 else complex_value.real
            columns.append(part * (math.sqrt(2) if order else 1.0))
    np.testing.assert_allclose(harmonics_basis(unit, 2), np.stack(columns, 1), atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_constant_term(backend):
    """3DGS stores a colour as (rgb - 0.5) / Y_00."""
    rgb = torch.tensor([[0.1, 0.6, 0.95]])
    constant = (rgb - 0.5) * math.sqrt(4 * math.pi)
    directions = torch.tensor([[1.0, 2.0, 3.0]])
    found = sh_to_rgb(constant, torch.empty(1, 0, 3), directions, 0, backend=backend)
    torch.testing.assert_close(found, rgb)


@pytest.mark.parametrize("device", ["cpu", CUDA])
@pytest.mark.parametrize("degree", [0, 1, 2])
def test_agrees_with_float64(degree, device):
    """The default backend of each device."""
    inputs = random_inputs()
    fast = [tensor.clone().to(device).requires_grad_() for tensor in inputs]
    exact = [tensor.double().requires_grad_() for tensor in inputs]
    value = sh_to_rgb(*fast, degree)
    truth = sh_to_rgb(*exact, degree, backend="torch")
    weights = torch.randn(value.shape, generator=torch.Generator().manual_seed(2))
    (value * weights.to(device)).sum().backward()
    (truth * weights).sum().backward()
    assert bool((truth == 0).any())
    assert float((value.cpu() - truth).detach().abs().max()) < 1e-5
    by_constant, by_higher, by_directions = (tensor.grad.cpu() for tensor in fast)
    torch.testing.assert_close(by_constant, exact[0].grad.float(), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(by_higher, exact[1].grad.float(), atol=1e-6, rtol=1e-5)
    if degree:
        torch.testing.assert_close(by_directions, exact[2].grad.float(), atol=1e-5, rtol=1e-4)
    else:
        assert not by_directions.any()
    assert not by_higher[:, (degree + 1) ** 2 - 1 :].any()


def test_the_device_chooses(monkeypatch: pytest.MonkeyPatch):
    assert choose(None, torch.device("cuda", 1), spherical_harmonics._BY_DEVICE) == "torch"
    assert choose(None, torch.device("cpu"), spherical_harmonics._BY_DEVICE) == "numba"
    monkeypatch.setattr(spherical_harmonics, "_BY_DEVICE", {"cpu": "torch"})
    assert sh_to_rgb(*random_inputs(dtype=torch.float64)).dtype == torch.float64


def test_gradient_of_the_reference():
    constant, higher, directions = random_inputs(count=5, dtype=torch.float64)
    inputs = 0.1 * constant, 0.1 * higher, directions
    assert torch.autograd.gradcheck(
        lambda *tensors: sh_to_rgb(*tensors, backend="torch"),
        tuple(tensor.requires_grad_() for tensor in inputs),
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_length_of_the_direction_does_not_matter(backend):
    *coefficients, directions = random_inputs()
    first = sh_to_rgb(*coefficients, directions, backend=backend)
    torch.testing.assert_close(first, sh_to_rgb(*coefficients, 7 * directions, backend=backend))


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_gaussians(backend):
    rgb = sh_to_rgb(torch.zeros(0, 3), torch.zeros(0, 8, 3), torch.zeros(0, 3), backend=backend)
    assert rgb.shape == (0, 3)


def test_wrong_inputs_are_named():
    constant, higher, directions = inputs = random_inputs()
    with pytest.raises(ValueError, match="degree must be"):
        sh_to_rgb(*inputs, 3)
    with pytest.raises(ValueError, match="more coefficients"):
        sh_to_rgb(constant, higher[:, :3], directions, 2)
    with pytest.raises(ValueError, match="do not fit"):
        sh_to_rgb(constant, higher, directions[:-1])
    with pytest.raises(ValueError, match="float32"):
        sh_to_rgb(constant, higher.double(), directions)
    with pytest.raises(ValueError, match="no harmonics backend"):
        sh_to_rgb(*inputs, backend="cuda")
