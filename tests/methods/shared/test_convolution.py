from __future__ import annotations

import copy
import itertools

import pytest
import torch
from torch import nn

from tgbench.methods.shared.convolution import convolve


def stack(widths: tuple[int, ...], stride: int) -> nn.Sequential:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for narrow, wide in itertools.pairwise(widths):
        layers += [nn.Conv1d(narrow, wide, 3, stride, padding=1), nn.LeakyReLU(0.02)]
    return nn.Sequential(*layers)


@pytest.mark.parametrize(
    ("widths", "stride", "steps"),
    [((7, 5, 4), 2, 16), ((7, 5, 4, 3), 2, 5), ((3, 8, 1), 1, 8), ((2, 3), 1, 1)],
)
def test_kernels_agree_with_torch_in_float64(widths: tuple[int, ...], stride: int, steps: int):
    fast = stack(widths, stride)
    exact = copy.deepcopy(fast).double()
    generator = torch.Generator().manual_seed(1)
    # Not contiguous, as the encoder hands its windows over.
    inputs = torch.randn(3, steps, widths[0], generator=generator).transpose(1, 2)
    x, y = inputs.detach().requires_grad_(), inputs.detach().double().requires_grad_()
    found, truth = convolve(fast, x), exact(y)
    assert found.shape == truth.shape
    torch.testing.assert_close(found.double(), truth, rtol=1e-5, atol=1e-6)
    weights = torch.randn(found.shape, generator=generator)
    found.backward(weights)
    truth.backward(weights.double())
    pairs = [(x.grad, y.grad)]
    pairs += [(a.grad, b.grad) for a, b in zip(fast.parameters(), exact.parameters(), strict=True)]
    for value, expected in pairs:
        assert value is not None
        torch.testing.assert_close(value.double(), expected, rtol=1e-4, atol=1e-5)


def test_inputs_without_gradient_and_repeats_to_the_bit():
    inputs = torch.randn(8, 80, 16, generator=torch.Generator().manual_seed(1))
    gradients = []
    for _ in range(2):
        layers = stack((80, 32, 32), 2)
        convolve(layers, inputs).sum().backward()
        gradients.append([parameter.grad for parameter in layers.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))
