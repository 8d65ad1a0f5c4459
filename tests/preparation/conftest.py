"""Films of orange discs for heads, and backends that see those discs as faces.

Stages, caching and bad input can so be tested exactly and quickly. What the real backends see in
real pictures is the business of `test_with_mediapipe.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.audio import SAMPLE_RATE, Waveform
from tgbench.faces import mesh
from tgbench.preparation import faces, frames
from tgbench.video.writer import VideoWriter

Image = NDArray[np.uint8]
Discs = Sequence[tuple[float, float, float]]

SKIN = (230, 140, 60)


def draw(discs: Discs, width: int, height: int) -> Image:
    """Discs (x, y, radius) with a shirt beneath, before a green wall with marks."""
    rows, columns = np.mgrid[:height, :width]
    image = np.full((height, width, 3), (60, 160, 80), np.uint8)
    image[(rows // 16 + columns // 16) % 2 == 0] = (50, 140, 70)
    for x, y, radius in discs:
        image[(abs(columns - x) < 1.2 * radius) & (rows > y + 1.2 * radius)] = (40, 40, 160)
        image[(abs(columns - x) < 0.4 * radius) & (rows > y) & (rows < y + 1.3 * radius)] = SKIN
    for x, y, radius in discs:
        image[(columns - x) ** 2 + (rows - y) ** 2 < radius**2] = SKIN
    return image


def film(
    path: Path,
    count: int = 60,
    discs: Callable[[int], Discs] = lambda frame: [(160 + 4 * np.sin(frame / 6), 100, 40)],
    width: int = 320,
    height: int = 240,
    fps: float = 25.0,
    sound: float | None = None,
) -> Path:
    """Encode a film with a tone of `sound` seconds, as long as the film by default; 0 for none."""
    seconds = count / fps if sound is None else sound
    tone = np.sin(np.arange(round(seconds * SAMPLE_RATE)) * 0.1).astype(np.float32)
    audio = Waveform(0.3 * tone) if seconds else None
    with VideoWriter(path, width, height, fps=fps, audio=audio) as writer:
        for frame in range(count):
            writer.write(draw(discs(frame), width, height))
    return path


def _template() -> NDArray[np.float32]:
    """A mesh on the unit disc, y down."""
    points = np.zeros((478, 3), np.float32)
    rng = np.random.default_rng(0)
    for right, left in mesh.RIGID_PAIRS:
        x, y = rng.uniform(0.1, 0.6), rng.uniform(-0.7, 0.4)
        points[mesh.RIGID[right], :2], points[mesh.RIGID[left], :2] = (-x, y), (x, y)
    for vertex, x, y in ((33, -0.5, -0.1), (133, -0.2, -0.1), (362, 0.2, -0.1), (263, 0.5, -0.1)):
        points[vertex, :2] = x, y
    for vertex, y in ((10, -0.95), (151, -0.7), (9, -0.5), (168, -0.1), (4, 0.2), (2, 0.3)):
        points[vertex, 1] = y
    for ring, centre, radius in ((mesh.OVAL, 0.0, 0.97), (mesh.INNER_LIPS, 0.55, 0.1)):
        angle = np.linspace(0, 2 * np.pi, len(ring), endpoint=False)
        start = -np.pi / 2 if ring is mesh.OVAL else np.pi
        points[list(ring), 0] = radius * np.cos(angle + start)
        points[list(ring), 1] = centre + radius * np.sin(angle + start)
    points[:, 2] = -0.8 * np.sqrt(np.maximum(0.0, 1.0 - (points[:, :2] ** 2).sum(axis=1)))
    return points


TEMPLATE = _template()


class DiscDetector:
    """Sees every orange disc as a face; has the interface of `LandmarkDetector`."""

    def __init__(self, **options: Any) -> None:
        self._most = options.get("max_faces", 1)

    def __enter__(self) -> DiscDetector:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def detect_all(self, image: Image) -> list[NDArray[np.float32]]:
        low, high = (np.clip(np.add(SKIN, by), 0, 255) for by in (-60, 60))
        orange = cv2.inRange(image, low, high)
        _, _, stats, _ = cv2.connectedComponentsWithStats(orange)
        found = []
        for left, top, width, _, area in stats[1:]:
            if area > 200:
                radius = width / 2
                centre = (left + radius, top + radius, 0.0)
                found.append((TEMPLATE * radius + np.array(centre)).astype(np.float32))
        return sorted(found, key=lambda points: -np.ptp(points[:, 0]))[: self._most]


class ColourSegmenter:
    """Takes all that is not green for the person."""

    def segment(self, image: Image, landmarks: NDArray[np.floating]) -> NDArray[np.uint8]:
        red, green, blue = cv2.split(image)
        return np.where(cv2.subtract(green, cv2.max(red, blue)) > 35, 0, 255).astype(np.uint8)

    def close(self) -> None:
        pass


@pytest.fixture
def discs_for_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the backends by ones that see drawn discs."""
    monkeypatch.setattr(faces, "LandmarkDetector", DiscDetector)
    monkeypatch.setattr(frames, "LandmarkDetector", DiscDetector)
    monkeypatch.setattr(frames, "PersonSegmenter", ColourSegmenter)


@pytest.fixture
def make_film() -> Callable[..., Path]:
    """The function that encodes films."""
    return film
