"""One blendshape at a time, from -3 to +3 standard deviations: rendered, measured, written."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tgbench.faces.action_units import face_lengths, intensities
from tgbench.faces.canonical import in_common_frame
from tgbench.faces.finders import among_mesh
from tgbench.interfaces import Blendshapes, FaceHalf, Image, Points
from tgbench.metrics.landmark_geometry import (
    below_nose,
    brow_height,
    eye_opening,
    inter_ocular_distance,
    mouth_opening,
)
from tgbench.video.label import draw_label
from tgbench.video.writer import GENERATED, VideoWriter

from .records import Change, ShapeRecord

REACH = 3
"""Standard deviations to either side."""

STEPS = 4
"""Frames of a deviation, so that a sweep to the other side takes a second."""

POSITIONS = np.linspace(-REACH, REACH, 2 * REACH * STEPS + 1)
"""In standard deviations, of the frames of a sweep."""

RATE_FACTOR = 20
"""Of x264: a page holds one video of every blendshape."""

_CAPTION = 18
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SHOWN_UNITS, _LEAST_UNIT = 3, 0.5


def swept(
    sets: Sequence[Blendshapes], chosen: int, shape: int, positions: NDArray[np.floating]
) -> list[Blendshapes]:
    """Return all sets at their means but for one blendshape, which goes through positions.

    Args:
        sets: with the coefficients of the training frames.
        chosen: which set.
        shape: which blendshape of it.
        positions: [T], in standard deviations from the mean.
    """
    found = []
    for number, each in enumerate(sets):
        rows = np.tile(each.coefficients.mean(axis=0), (len(positions), 1))
        if number == chosen:
            rows[:, shape] += positions * each.coefficients[:, shape].std()
        found.append(dataclasses.replace(each, coefficients=rows.astype(np.float32)))
    return found


def measured(
    frames: Sequence[Image],
    meshes: Sequence[Points | None],
    training: Blendshapes,
    shape: int,
    file: str,
) -> ShapeRecord:
    """Return what a blendshape moves, from the frames of its sweep.

    Args:
        frames: uint8 RGB [H, W, 3], at `POSITIONS`.
        meshes: of their faces [478, 3], None where there is none.
        training: its set with the coefficients of the training frames.
        shape: which blendshape of the set.
        file: name of its strip and video.
    """
    landmarks = [among_mesh(mesh) for mesh in meshes]
    ends = [landmarks[place] for place in (0, len(frames) // 2, -1)]
    changed = np.abs(frames[-1].astype(np.float64) - frames[0]).mean(axis=-1)
    column = training.coefficients[:, shape]
    return ShapeRecord(
        file=file,
        deviation=float(column.std()),
        mean=float(column.mean()),
        mouth_opening=Change(*(None if at is None else mouth_opening(at) for at in ends)),
        eye_opening=Change(*(None if at is None else eye_opening(at) for at in ends)),
        brow_height=Change(*(None if at is None else brow_height(at) for at in ends)),
        action_units=_units(meshes),
        own_half=_share(changed, ends[1], training.half),
        picture_change=float(changed.mean()),
        faces=sum(mesh is not None for mesh in meshes),
        frames=len(frames),
    )


def inter_ocular(mesh: Points | None) -> float | None:
    """Return the distance of the outer eye corners in pixels; None without a face."""
    found = among_mesh(mesh)
    return None if found is None else inter_ocular_distance(found)


def write_strip(frames: Sequence[Image], path: Path, title: str, label: bool) -> None:
    """Write the frames at whole deviations side by side, with the deviations above them, as PNG."""
    from PIL import Image as Picture
    from PIL.PngImagePlugin import PngInfo

    columns = []
    for frame, position in zip(frames[::STEPS], POSITIONS[::STEPS], strict=True):
        caption = np.full((_CAPTION, frame.shape[1], 3), 255, np.uint8)
        text = f"{position:+.0f} SD" if round(position) else "mean"
        (width, height), _ = cv2.getTextSize(text, _FONT, 0.4, 1)
        origin = ((frame.shape[1] - width) // 2, (_CAPTION + height) // 2)
        cv2.putText(caption, text, origin, _FONT, 0.4, (60, 60, 60), 1, cv2.LINE_AA)
        columns.append(np.concatenate([caption, draw_label(frame) if label else frame]))
    about = PngInfo()
    about.add_text("Title", title)
    about.add_text("Comment", GENERATED.note)
    about.add_text("DigitalSourceType", GENERATED.source_type)
    Picture.fromarray(np.concatenate(columns, axis=1)).save(path, pnginfo=about)


def write_sweep(frames: Sequence[Image], path: Path, title: str, fps: float, label: bool) -> None:
    """Write a video that goes from -3 to +3 and back."""
    height, width = frames[0].shape[:2]
    with VideoWriter(
        path, width, height, fps=fps, label=label, title=title, rate_factor=RATE_FACTOR
    ) as video:
        for frame in (*frames, *frames[-2:0:-1]):
            video.write(frame)


def _units(meshes: Sequence[Points | None]) -> dict[str, float]:
    """Return by how much the action units that change most grow from -3 to +3."""
    if any(meshes[place] is None for place in (0, len(meshes) // 2, -1)):
        return {}
    seen = np.array([mesh is not None for mesh in meshes])
    found = face_lengths(in_common_frame(np.stack([mesh for mesh in meshes if mesh is not None])))
    lengths = np.full((len(meshes), found.shape[1]), np.nan)
    lengths[seen] = found
    grown = {
        name: float(values[-1] - values[0])
        for name, values in intensities(lengths, lengths[len(lengths) // 2]).items()
    }
    most = sorted(grown, key=lambda name: -abs(grown[name]))[:_SHOWN_UNITS]
    return {name: grown[name] for name in most if abs(grown[name]) >= _LEAST_UNIT}


def _share(
    changed: NDArray[np.float64], landmarks: Points | None, half: FaceHalf | None
) -> float | None:
    if landmarks is None or half is None or not changed.any():
        return None
    lower = below_nose(landmarks, (changed.shape[0], changed.shape[1]))
    own = lower if half is FaceHalf.LOWER else ~lower
    return float(changed[own].sum() / changed.sum())
