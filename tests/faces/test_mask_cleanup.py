"""Masks: distances, and which parts hang together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, label

from tgbench.faces.mask_cleanup import connected_to, distance_from


@pytest.mark.parametrize("most", [6.0, float("inf")])
def test_distances_are_right_up_to_what_is_asked(most: float) -> None:
    mask = np.zeros((60, 80), np.bool_)
    mask[20:25, 30:33] = mask[50, 2] = True
    found, true = distance_from(mask, most), distance_transform_edt(~mask)
    near = true <= most
    assert found[near] == pytest.approx(true[near], rel=0.03)
    assert (found[~near] > most).all()
    assert np.isinf(distance_from(np.zeros_like(mask), most)).all()


def test_parts_that_touch_the_core_are_kept() -> None:
    random = np.random.default_rng(0)
    head, core = random.random((50, 70)) > 0.6, np.zeros((50, 70), np.bool_)
    core[20:24, 30:36] = True
    pieces, _ = label(head, np.ones((3, 3)))
    assert (connected_to(head, core) == (np.isin(pieces, pieces[core & head]) & head)).all()
    nothing = np.zeros_like(head)
    assert (connected_to(head, nothing) == head).all()
    assert not connected_to(nothing, core).any()
