from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tgbench.methods.shared.hashgrid import (
    GridLayout,
    TriPlaneHashGrid,
)

from . import tinycudann_twin
from .grids import BOUND, ORACLE, PLANES, Place, grid, random_positions, supported


def twin(x: np.ndarray, table: np.ndarray, base: int, growth: float, levels: int, log2_size: int):
    """tiny-cuda-nn's 2D HashGrid for one point, loop by loop, after its grid.h.

    ``table`` is ``[entries, F]``; ``growth`` must be a power of two, so that exp2 is exact.
    """
    features, offset = [], 0
    for level in range(levels):
        scale = np.float32(growth**level) * np.float32(base) - np.float32(1)
        resolution = math.ceil(scale) + 1
        entries = min((resolution**2 + 7) // 8 * 8, 2**log2_size)
        corner, fraction = [], []
        for coordinate in x:
            position = np.float32(np.float64(scale) * np.float64(coordinate) + 0.5)
            corner.append(math.floor(position) % 2**32)
            fraction.append(np.float32(position - np.floor(position)))
        total = np.zeros(table.shape[1])
        for bits in range(4):
            weight, vertex = 1.0, []
            for d in range(2):
                if bits >> d & 1:
                    weight *= float(fraction[d])
                    vertex.append((corner[d] + 1) % 2**32)
                else:
                    weight *= 1.0 - float(fraction[d])
                    vertex.append(corner[d])
            index, stride = 0, 1
            for d in range(2):
                if stride <= entries:
                    index = (index + vertex[d] * stride) % 2**32
                    stride *= resolution
            if entries < stride:
                index = vertex[0] ^ vertex[1] * 2654435761 % 2**32
            total += weight * table[offset + index % entries]
        features.append(total)
        offset += entries
    assert offset == len(table)
    return np.concatenate(features)


@pytest.mark.parametrize(
    ("base", "levels", "features", "log2_size"),
    [(16, 4, 1, 17), (4, 6, 2, 8), (5, 3, 3, 6), (5, 3, 4, 6)],
    ids=["dense", "hashed", "hashed, odd", "hashed, four"],
)
def test_encoding_is_tiny_cuda_nns(place, base, levels, features, log2_size):
    supported(place, features)
    finest = base * 2 ** (levels - 1)
    encoder = grid(
        base, finest, place, levels=levels, features=features, log2_hashmap_size=log2_size
    )
    inside = random_positions(40)
    # The border, where vertices wrap into the next row, and points outside.
    border = torch.tensor(list(itertools.product([-BOUND, BOUND, 0.1493], repeat=3)))
    positions = torch.cat([inside, border, random_positions(20, reach=0.4)])
    unit = ((positions + BOUND) / (2 * BOUND)).numpy()
    table = encoder.table.detach().double().cpu().numpy()
    expected = [
        np.concatenate(
            [
                twin(point[list(axes)], table[plane], base, 2.0, levels, log2_size)
                for plane, axes in enumerate(PLANES)
            ]
        )
        for point in unit
    ]
    encoded = encoder(positions.to(place.device)).detach().cpu().numpy()
    assert (
        encoded.shape
        == (len(positions), encoder.output_dim)
        == (len(positions), 3 * levels * features)
    )
    # A position is a float32 with an error of scale * 2^-24 cells; entries differ by up to 2.
    np.testing.assert_allclose(encoded, expected, atol=4 * finest * 2**-23)


def test_layout_of_the_paper():
    face = GridLayout.build(12, 16, (256 / 16) ** (1 / 11), 17)
    assert face.resolutions[0] == 16
    assert face.resolutions[-1] in (256, 257)
    assert not face.hashed.any()
    mouth = GridLayout.build(12, 64, (384 / 64) ** (1 / 11), 17)
    assert mouth.resolutions[0] == 64
    assert mouth.resolutions[-1] in (384, 385)
    assert mouth.hashed.tolist() == [False] * 11 + [True]
    assert mouth.entries[-1] == 2**17


def test_offsets_count_padded_entries():
    layout = GridLayout.build(3, 3, 2.0, 5)
    # Vertices 9, 36, 144; padded to multiples of 8; capped at 32.
    assert layout.resolutions.tolist() == [3, 6, 12]
    assert layout.offsets.tolist() == [0, 16, 48, 80]
    assert layout.hashed.tolist() == [False, True, True]


@given(base=st.integers(2, 64), growth=st.floats(1.01, 2.5), levels=st.integers(1, 8))
def test_scales_are_those_of_the_formula(base, growth, levels):
    layout = GridLayout.build(levels, base, growth, 19)
    expected = base * np.float64(np.float32(growth)) ** np.arange(levels) - 1
    np.testing.assert_allclose(layout.scales, expected, rtol=4e-6)


@pytest.mark.parametrize(
    ("base", "finest", "options"),
    [
        (16, 256, {}),
        (64, 384, {}),
        (4, 40, {"features": 3, "log2_hashmap_size": 6, "levels": 5}),
        (4, 40, {"features": 2, "log2_hashmap_size": 6, "levels": 5}),
    ],
    ids=["face", "mouth", "hashed, odd", "hashed"],
)
def test_gradients_agree_with_float64(fast, base, finest, options):
    supported(fast, options.get("features", 1))
    encoder = grid(base, finest, fast, **options)
    exact = grid(base, finest, ORACLE, **options).double()
    positions = off_the_cell_borders(random_positions(300, reach=1.1 * BOUND), exact.layout)
    assert len(positions) > 50
    x = positions.to(fast.device).clone().requires_grad_()
    y = positions.double().requires_grad_()
    weights = torch.randn(len(x), exact.output_dim, generator=torch.Generator().manual_seed(5))
    encoded, truth = encoder(x), exact(y)
    encoded.backward(weights.to(fast.device))
    truth.backward(weights.double())
    assert float((encoded.cpu() - truth).detach().abs().max()) < 1e-4 * fast.slack
    for value, expected in ((x.grad, y.grad), (encoder.table.grad, exact.table.grad)):
        assert float((value.cpu() - expected).norm() / expected.norm()) < 1e-4 * fast.slack


def test_gradients_come_in_any_layout(fast):
    """A whole number of tiny-cuda-nn's batches is not padded, and so not copied on its way back."""
    count = tinycudann_twin.GRANULARITY
    gradients = []
    for where in (ORACLE, fast):
        encoder = grid(8, 64, where)
        by_feature = torch.randn(
            encoder.output_dim, count, generator=torch.Generator().manual_seed(5)
        )
        encoded = encoder(random_positions(count).to(where.device))
        encoded.backward(by_feature.to(where.device).t())
        gradients.append(encoder.table.grad.cpu())
    exact, found = gradients
    assert float((found - exact).norm() / exact.norm()) < 1e-4 * fast.slack


def off_the_cell_borders(positions: torch.Tensor, layout: GridLayout) -> torch.Tensor:
    """Positions that rounding moves into another cell on no level (where gradients jump)."""
    unit = (positions.double() + BOUND) / (2 * BOUND)
    keep = torch.ones(len(positions), dtype=torch.bool)
    for scale in layout.scales:
        fraction = (unit * float(scale) + 0.5) % 1.0
        keep &= ((fraction > 1e-3) & (fraction < 1 - 1e-3)).all(1)
    return positions[keep]


def test_gradients_of_the_reference():
    encoder = grid(3, 6, ORACLE, levels=2, log2_hashmap_size=4).double()
    positions = off_the_cell_borders(random_positions(6), encoder.layout).double().requires_grad_()

    def encode(x, table):
        return torch.func.functional_call(encoder, {"table": table}, (x,))

    table = encoder.table.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(encode, (positions, table))


def test_weights_add_up_to_one(place):
    encoder = grid(16, 256, place)
    encoder.table.data.fill_(0.75)
    encoded = encoder(random_positions(500, reach=2 * BOUND).to(place.device))
    torch.testing.assert_close(encoded, torch.full_like(encoded, 0.75))


def test_a_linear_table_interpolates_linearly(place):
    """Vertex g of a dense level lies at (g - 0.5) / scale."""
    encoder = grid(20, 20, place, levels=1)
    scale, resolution = float(encoder.layout.scales[0]), int(encoder.layout.resolutions[0])
    vertex = (torch.arange(resolution) - 0.5) / scale
    ramp = (2.0 * vertex[None, :] - 3.0 * vertex[:, None]).flatten()
    encoder.table.data[:, : len(ramp), 0] = ramp
    positions = random_positions(200, reach=0.9 * BOUND)
    unit = (positions + BOUND) / (2 * BOUND)
    expected = torch.stack([2 * unit[:, a] - 3 * unit[:, b] for a, b in PLANES], dim=1)
    encoded = encoder(positions.to(place.device)).cpu()
    torch.testing.assert_close(encoded, expected, atol=1e-5, rtol=1e-5)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**31), outside=st.integers(0, 300), inside=st.integers(0, 300))
def test_points_do_not_influence_each_other(seed, outside, inside):
    """Points at the border and outside take another path; both keep their places."""
    encoder = grid(4, 40, levels=5)
    positions = torch.cat(
        [random_positions(outside, 3 * BOUND, seed), random_positions(inside, 0.8 * BOUND, seed)]
    )
    positions = positions[
        torch.randperm(len(positions), generator=torch.Generator().manual_seed(seed))
    ]
    together = encoder(positions)
    half = len(positions) // 2
    apart = torch.cat([encoder(positions[:half]), encoder(positions[half:])])
    assert torch.equal(together, apart)


def test_initial_values_come_from_the_generator():
    first, again, other = (
        TriPlaneHashGrid(8, 64, generator=torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(first.table, again.table)
    assert not torch.equal(first.table, other.table)
    assert first.table.shape == (3, first.layout.length, 1)
    values = first.table.detach()
    assert float(values.abs().max()) <= 1e-4
    assert float(values.std()) == pytest.approx(1e-4 / math.sqrt(3), rel=0.02)


def test_only_what_is_asked_for_gets_a_gradient(place):
    encoder, positions = grid(8, 64, place), random_positions(10).to(place.device)
    encoder(positions).sum().backward()
    assert encoder.table.grad is not None
    encoder.requires_grad_(False)
    encoder.table.grad = None
    positions.requires_grad_()
    encoder(positions).sum().backward()
    assert positions.grad is not None
    assert encoder.table.grad is None


def test_no_points(place):
    encoder = grid(8, 64, place)
    positions = torch.zeros(0, 3, device=place.device, requires_grad=True)
    encoded = encoder(positions)
    assert encoded.shape == (0, encoder.output_dim)
    encoded.sum().backward()
    assert positions.grad.shape == (0, 3)
    assert not encoder.table.grad.any()


def test_wrong_inputs_are_named():
    with pytest.raises(ValueError, match="float32 on cuda, points is"):
        grid(8, 64, Place("tcnn"))(random_positions(2))
    with pytest.raises(ValueError, match="NaN"):
        grid(8, 64)(torch.full((2, 3), math.nan))
    with pytest.raises(ValueError, match="no hash grid backend 'cuda'"):
        TriPlaneHashGrid(8, 64, backend="cuda")
    with pytest.raises(ValueError, match="no such grid"):
        TriPlaneHashGrid(64, 1)
    with pytest.raises(ValueError, match="float32"):
        grid(8, 64)(random_positions(2).double())
