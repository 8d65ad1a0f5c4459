"""The layout of torch-ngp, which the official code uses: one more vertex, zeros outside."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from tgbench.methods.shared.hashgrid import GridLayout

from .grids import BOUND, CPU, ORACLE, PLANES, Place, grid, random_positions


def interpolated(unit: np.ndarray, table: np.ndarray, layout: GridLayout) -> np.ndarray:
    """Bilinear interpolation of one point in float64, of levels that are not hashed."""
    features, offset = [], 0
    for scale in layout.scales.astype(float):
        side = math.ceil(scale) + 2
        corner, fraction = zip(*(divmod(scale * c + 0.5, 1.0) for c in unit), strict=True)
        total = 0.0
        for dx, dy in itertools.product((0, 1), repeat=2):
            weight = abs(1 - dx - fraction[0]) * abs(1 - dy - fraction[1])
            column, row = int(corner[0]) + dx, int(corner[1]) + dy
            assert column < side
            assert row < side
            total += weight * table[offset + column + row * side, 0]
        features.append(total)
        offset += math.ceil(side**2 / 8) * 8
    assert offset == len(table)
    return np.array(features)


@pytest.mark.parametrize(("base", "finest"), [(16, 38.4), (64, 57.6)], ids=["face", "mouth"])
def test_encoding_is_bilinear_up_to_the_border_and_zero_beyond(
    place: Place, base: int, finest: float
):
    encoder = grid(base, finest, place, library="torch_ngp")  # type: ignore[arg-type]
    border = torch.tensor(list(itertools.product([-BOUND, BOUND, 0.1493], repeat=3)))
    positions = torch.cat([random_positions(40), border])
    unit = ((positions.double() + BOUND) / (2 * BOUND)).clamp(0, 1).numpy()
    table = encoder.table.detach().cpu().double().numpy()
    expected = [
        np.concatenate(
            [
                interpolated(point[list(axes)], plane, encoder.layout)
                for plane, axes in zip(table, PLANES, strict=True)
            ]
        )
        for point in unit
    ]
    found = encoder(positions.to(place.device)).detach().cpu().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4 * place.slack)
    outside = random_positions(60, reach=0.4)
    outside = outside[(outside.abs() > BOUND).any(dim=1)]
    assert len(outside) > 10
    assert (encoder(outside.to(place.device)) == 0).all()


def test_both_libraries_agree_away_from_the_border():
    """Their vertices lie at the same places; only how many there are differs."""
    first, second = (
        grid(8, 30.5, CPU, levels=4, library=library)  # type: ignore[arg-type]
        for library in ("tiny_cuda_nn", "torch_ngp")
    )
    levels = zip(
        first.layout.offsets, second.layout.offsets, first.layout.resolutions, strict=False
    )
    with torch.no_grad():
        for from_, to, side in levels:
            rows, columns = np.divmod(np.arange(side**2), side)
            second.table[:, to + columns + rows * (side + 1)] = first.table[
                :, from_ : from_ + side**2
            ]
    positions = random_positions(200, reach=0.8 * BOUND)
    torch.testing.assert_close(first(positions), second(positions))


def test_gradients_agree_with_float64_and_stop_at_the_border(fast: Place):
    """Of a table with levels that are hashed."""
    options = {"library": "torch_ngp", "log2_hashmap_size": 10}
    made = [grid(16, 38.4, place, **options) for place in (fast, ORACLE)]  # type: ignore[arg-type]
    assert made[0].layout.hashed.any()
    assert not made[0].layout.hashed.all()
    made[1] = made[1].double()
    inside, outside = random_positions(50), torch.tensor([[0.2, 0.0, 0.0]])
    weights = torch.randn(51, made[0].output_dim, generator=torch.Generator().manual_seed(3))
    found = []
    for encoder in made:
        x = torch.cat([inside, outside]).to(encoder.table).requires_grad_()
        (encoder(x) * weights.to(x)).sum().backward()
        found.append((x.grad.double().cpu(), encoder.table.grad.double().cpu()))
    for mine, exact in zip(*found, strict=True):
        torch.testing.assert_close(mine, exact, rtol=1e-3, atol=1e-2 * fast.slack)
    assert (found[0][0][-1] == 0).all()


def test_a_grid_that_grows_coarser_is_encoded_alike_by_all():
    """Its coarsest level is the last: that decides which points have all vertices inside."""
    fast, exact = (grid(64, 20, place, levels=3) for place in (CPU, ORACLE))
    border = torch.tensor(list(itertools.product([-BOUND, BOUND, 0.1465, 0.145], repeat=3)))
    torch.testing.assert_close(fast(border), exact(border), rtol=1e-4, atol=1e-4)


def test_one_encoding_of_tiny_cuda_nn_holds_a_level(twin_on_cpu):
    encoder = grid(16, 38.4, Place("tcnn"), levels=5, library="torch_ngp")
    encoder(random_positions(3))
    lengths = [encoding.params.numel() for encoding in twin_on_cpu.made]
    assert lengths == np.diff(encoder.layout.offsets).tolist()
