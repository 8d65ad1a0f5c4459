"""Folders with the files that the documentation's examples name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tgbench.systems import remembered

from ..conftest import MadeOnce
from .workplace import Workplace, furnish, make_quick


@pytest.fixture
def grey_clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of docstrings: folders of five frames, `ours` 10 levels brighter."""
    for name, level in (("ours", 110), ("real", 100)):
        (tmp_path / name).mkdir()
        for index in range(5):
            pixels = np.full((64, 64, 3), level + index, np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{index}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def workplace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_once: MadeOnce
) -> Iterator[Workplace]:
    """The working folder of a page; see `Workplace`."""
    make_quick(monkeypatch)
    folder = tmp_path / "work"
    shutil.copytree(made_once("workplace", furnish), folder)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    # What a page adds is known to no other test.
    monkeypatch.setattr(remembered, "cache_root", lambda: tmp_path)
    place = Workplace(folder)
    yield place
    place.leave()
