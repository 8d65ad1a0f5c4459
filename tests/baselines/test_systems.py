"""Every shipped system, as a stand-in that obeys the real one's command line and habits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from tgbench.arrays import Image
from tgbench.identities import Identity
from tgbench.interfaces import Case, Drive

from .checkouts import STANDINS, build
from .conftest import SPOKEN, Install, context, declaration_of

# These take many programs, or many frames.
_LONG = ("geneface", "dfrf", "talkinggaussian-official", "synctalk", "ad-nerf", "rad-nerf")
ALL = [pytest.param(n, marks=[pytest.mark.slow] if n in _LONG else []) for n in STANDINS]
ONE_OF_EACH_MODE = ("wav2lip", "er-nerf", "ad-nerf")

PLATE, TORSO, MOUTH = (90, 120, 150), (60, 60, 120), (60, 10, 10)
"""Colours of the drawn people, and of a stand-in's mouth, RGB."""


def opening(frame: Image) -> int:
    """Return how many pixels about the middle column are mouth."""
    height, width = frame.shape[:2]
    middle = frame[height // 3 : height * 4 // 5, width // 2 - 4 : width // 2 + 4]
    return int((np.abs(middle.astype(int) - MOUTH).max(axis=-1) < 60).sum())


def loudness(drive: Drive) -> np.ndarray:
    """Return how loud each frame of a drive is."""
    samples = drive.audio.samples[: len(drive) * 640].reshape(len(drive), -1)
    return np.sqrt((samples.astype(float) ** 2).mean(axis=1))


def agreement(frames: list[Image], drive: Drive, skipped: int = 0) -> float:
    """Return the rank correlation of mouth and sound over the frames of a drive."""
    found = spearmanr([opening(frame) for frame in frames], loudness(drive)[skipped:])
    return float(found.statistic)


@pytest.mark.parametrize("name", ALL)
def test_a_system_is_fitted_saved_and_driven_by_other_speech(
    name: str, identity: Identity, spoken: Case, install: Install, tmp_path: Path
) -> None:
    checkout = build(name, tmp_path / f"checkout {name}")
    method = install(name, checkout)
    report = method.fit(identity, spoken.split, context(tmp_path))
    assert (report.seconds > 0) == declaration_of(name).trains
    assert any("clean" in note for note in report.notes)
    method.save(tmp_path / "saved")
    again = install(name, checkout)
    again.load(tmp_path / "saved", identity, spoken.split, "cpu")
    frames = list(again.render(spoken.drive))
    assert len(frames) == SPOKEN
    assert {(frame.shape, frame.dtype) for frame in frames} == {((64, 64, 3), np.dtype(np.uint8))}
    # IP-LAP writes its first frame three times.
    skipped = 2 if name == "ip-lap" else 0
    assert agreement(frames[skipped:], spoken.drive, skipped) > 0.9
    corner = np.mean([frame[:4, :4].reshape(-1, 3).mean(axis=0) for frame in frames], axis=0)
    assert np.abs(corner - PLATE).max() < 12


@pytest.mark.parametrize("name", ["dinet", pytest.param("lsp", marks=pytest.mark.slow)])
def test_what_a_system_draws_without_a_seed_is_seeded(
    name: str, identity: Identity, spoken: Case, install: Install, tmp_path: Path
) -> None:
    method = install(name, build(name, tmp_path / "checkout"))

    def rendered(seed: int, folder: str) -> list[Image]:
        method.fit(identity, spoken.split, context(tmp_path / folder, seed))
        return list(method.render(spoken.drive))

    first, again, other = rendered(3, "first"), rendered(3, "again"), rendered(4, "other")
    assert all((one == two).all() for one, two in zip(first, again, strict=True))
    assert not all((one == two).all() for one, two in zip(first, other, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", ONE_OF_EACH_MODE)
def test_a_held_out_part_is_rendered_frame_by_frame(
    name: str, identity: Identity, held_out: Case, install: Install, tmp_path: Path
) -> None:
    method = install(name, build(name, tmp_path / "checkout"))
    method.fit(identity, held_out.split, context(tmp_path))
    frames = list(method.render(held_out.drive))
    truth = [identity.frame(int(index)) for index in held_out.target_frames]
    assert len(frames) == len(truth)
    # Below the head: the true torso of that frame, or the plate alone.
    shown = {"full frame": PLATE}.get(declaration_of(name).composite_mode, TORSO)
    for frame in frames:
        assert np.abs(frame[54:59, 28:36].reshape(-1, 3).mean(axis=0) - shown).max() < 14
