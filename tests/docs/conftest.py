"""A folder with the files that the documentation's examples name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def images(folder: Path, level: int) -> None:
    """Write five grey frames, as a folder of images."""
    folder.mkdir()
    for index in range(5):
        Image.fromarray(np.full((64, 64, 3), level + index, np.uint8)).save(folder / f"{index}.png")


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of an example: `ours` is 10 grey levels brighter than `real`."""
    images(tmp_path / "ours", 110)
    images(tmp_path / "real", 100)
    monkeypatch.chdir(tmp_path)
    return tmp_path
