from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def pair(rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A smooth picture and a noisy copy, uint8 RGB [90, 110, 3]."""
    y, x = np.mgrid[:90, :110]
    waves = [np.sin(x / 9.0 + k) + np.cos(y / (7.0 + k)) for k in range(3)]
    target = np.clip(128 + 50 * np.stack(waves, axis=-1), 0, 255)
    prediction = np.clip(target + rng.normal(0, 12, target.shape), 0, 255)
    return prediction.astype(np.uint8), target.astype(np.uint8)
