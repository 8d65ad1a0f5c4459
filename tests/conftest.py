"""How all tests run, and fixtures that several rooms' tests share."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from tgbench.audio import SAMPLE_RATE, Waveform
from tgbench.identities import (
    HEAD,
    INNER_MOUTH,
    TORSO,
    WHITE,
    IdentityWriter,
    default_split,
)
from tgbench.identities.layout import ALL_ACTION_UNITS

# The same examples every time, however busy the machine: a gate gives the same answer twice.
settings.register_profile(
    "tgbench",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("tgbench")

_THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

MadeOnce = Callable[[str, Callable[[Path], object]], Path]


def pytest_configure(config: pytest.Config) -> None:
    """Share the cores between the workers of pytest-xdist, before they import anything."""
    # Text is as wide as a test says.
    os.environ.pop("COLUMNS", None)
    workers = getattr(config.option, "numprocesses", None)
    if workers:
        threads = max(1, (os.cpu_count() or 1) // workers)
        os.environ.update({name: str(threads) for name in _THREADS})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print why tests were skipped, a line for every reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"skipped {count}: {reason}")


def draw_frame(index: int, size: int) -> dict[str, NDArray]:
    """A disc for a head, a dark slit that opens and closes for a mouth, a box for a torso."""
    y, x = np.mgrid[:size, :size] + 0.5
    centre = size / 2 + np.sin(index / 5.0)
    opening = (0.02 + 0.05 * (1 + np.sin(index * 0.9)) / 2) * size
    head = (x - centre) ** 2 + (y - size * 0.42) ** 2 < (size * 0.3) ** 2
    mouth = ((x - centre) / (size * 0.1)) ** 2 + ((y - size * 0.55) / opening) ** 2 < 1
    torso = (y > size * 0.75) & (abs(x - size / 2) < size * 0.35)
    plate = np.full((size, size, 3), (90, 120, 150), np.uint8)
    image = plate.copy()
    image[torso] = (60, 60, 120)
    shade = (200 - 40 * (x - centre) / size)[..., None] * np.array([1.0, 0.8, 0.7])
    image[head] = shade.astype(np.uint8)[head]
    image[mouth] = (60, 10, 10)
    parsing = np.full((size, size, 3), WHITE, np.uint8)
    parsing[torso] = TORSO
    parsing[head] = HEAD
    parsing[mouth] = INNER_MOUTH
    rgba = np.dstack([np.full((size, size, 3), (60, 60, 120)), torso * 255]).astype(np.uint8)
    landmarks = np.zeros((68, 2), np.float32)
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    landmarks[48:, 0] = centre + size * 0.1 * np.cos(angles)
    landmarks[48:, 1] = size * 0.55 + opening * np.sin(angles)
    landmarks[:48] = np.stack([centre + np.linspace(-10, 10, 48), np.full(48, size * 0.4)], 1)
    return {
        "image": image,
        "ground_truth": image,
        "parsing": parsing,
        "torso": rgba,
        "landmarks": landmarks,
        "teeth_mask": np.zeros((size, size), bool),
        "plate": plate,
    }


def write_identity(folder: Path, frames: int = 44, size: int = 64) -> Path:
    """Write a whole identity of drawn frames and a tone."""
    writer = IdentityWriter(folder, (size, size))
    for index in range(frames):
        drawn = draw_frame(index, size)
        plate = drawn.pop("plate")
        writer.write_frame(index, **drawn)
    writer.write_background(plate)
    poses = np.tile(np.eye(4, dtype=np.float32), (frames, 1, 1))
    poses[:, 2, 3] = 0.8
    poses[:, 0, 3] = 0.001 * np.sin(np.arange(frames) / 5.0)
    writer.write_transforms(1200.0 * size / 512, poses, default_split(frames))
    time = np.arange(frames)
    units = {name: 2.5 + 2.0 * np.sin(time * 0.3 + k) for k, name in enumerate(ALL_ACTION_UNITS)}
    writer.write_action_units(units, measured_by="drawn")
    seconds = np.arange(frames * SAMPLE_RATE // 25) / SAMPLE_RATE
    tone = 0.2 * np.sin(2 * np.pi * 180 * seconds) * (1 + np.sin(seconds * 25 * 0.9)) / 2
    writer.write_audio(Waveform(tone.astype(np.float32)))
    writer.finish({"made_by": "tests"})
    return folder


@pytest.fixture(scope="session")
def tiny_identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound identity folder of 44 frames, 64 x 64. Not to be changed."""
    return write_identity(tmp_path_factory.mktemp("identities") / "tiny")


@pytest.fixture
def own_identity(tmp_path: Path) -> Path:
    """A sound identity folder that a test may spoil."""
    return write_identity(tmp_path / "own", frames=12, size=32)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def made_once(shared_folder: Path) -> MadeOnce:
    """Makes what is costly once for all workers: `made_once(name, build)` is the folder made.

    `build` is called with an empty folder. Tests must not change what is in it.
    """

    def make(name: str, build: Callable[[Path], object]) -> Path:
        folder = shared_folder / "made" / name
        folder.parent.mkdir(exist_ok=True)
        with folder.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                folder.mkdir()
                try:
                    build(folder)
                except BaseException:
                    shutil.rmtree(folder)
                    raise
        return folder

    return make


@pytest.fixture(autouse=True)
def _cache_outside_home(shared_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what tests make out of the user's cache; share it between tests, as it is costly."""
    monkeypatch.setenv("TGBENCH_CACHE", str(shared_folder / "cache"))
    monkeypatch.setenv("TGBENCH_SYSTEMS", str(shared_folder / "systems"))


@pytest.fixture(autouse=True)
def _log_seen_by_caplog(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that ran before in this process prints what is logged and hands it on no more."""
    monkeypatch.setattr(logging.getLogger("tgbench"), "propagate", True)
