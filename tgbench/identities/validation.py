"""Check an identity folder and report everything that is wrong with it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .. import plugins
from ..audio.encoding import feature_problems
from ..audio.windows import VIDEO_FPS
from ..errors import TgbenchError
from ..inputs import read_text, reason
from . import layout
from .cameras import CameraTable, few, lens_problems, numbering_problems, read_cameras
from .card import card_problems
from .frame_validation import frame_problems, plate_problems
from .identity import features_file
from .track_params import read_track_params

_UPPER_INPUTS = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU45", "AU25")
_POSE_TOLERANCE = 1e-3
"""Of matrix entries and metres; both files hold single precision."""

_BEYOND = 0.5
"""By how much a value may leave the scale: another program may not have clipped its own."""


def validate(folder: Path) -> list[str]:
    """Return what is wrong with a folder, one line each naming file and remedy; empty if sound.

    Images are checked by their headers and ends, so that a long clip takes seconds.
    """
    if not folder.is_dir():
        return [f"{folder}: no such folder"]
    problems: list[str] = []
    tables = _cameras(folder, problems)
    image_ids = [i for table in tables.values() for i in table.image_ids]
    everything = [*image_ids, *_left_out(folder, problems)]
    numbering = list(numbering_problems(everything))
    problems += numbering
    frames = 0 if numbering else len(everything)
    if tables:
        size = next(iter(tables.values())).size
        problems += frame_problems(folder, image_ids, size)
        problems += plate_problems(folder, image_ids, size)
    else:
        problems += plate_problems(folder, [], (0, 0))
    problems += _track_params(folder / layout.TRACK_PARAMS, tables, frames)
    problems += _action_units(folder / layout.ACTION_UNITS, frames)
    problems += _audio(folder, frames)
    problems += _features(folder, frames)
    problems += card_problems(folder)
    return problems


def _cameras(folder: Path, problems: list[str]) -> dict[str, CameraTable]:
    """Return the tables of cameras that can be used."""
    tables: dict[str, CameraTable] = {}
    for name in (layout.TRANSFORMS_TRAIN, layout.TRANSFORMS_VAL):
        if not (folder / name).is_file():
            problems.append(f"{name}: missing; prepare the identity again")
            continue
        try:
            table = read_cameras(folder / name)
        except TgbenchError as error:
            problems.append(str(error).removeprefix(f"{folder}/"))
            continue
        problems += lens_problems(name, table)
        if table.has_size:
            tables[name] = table
    lenses = {(table.focal, table.cx, table.cy) for table in tables.values()}
    if len(lenses) > 1:
        problems.append(
            f"{layout.TRANSFORMS_VAL}: another focal_len, cx or cy than in "
            f"{layout.TRANSFORMS_TRAIN}; all frames of a clip share one camera"
        )
    return tables


def _left_out(folder: Path, problems: list[str]) -> list[int]:
    """Return the numbers of frames that neither train nor test."""
    path = folder / layout.TRANSFORMS_LEFT_OUT
    if not path.is_file():
        return []
    try:
        return read_cameras(path).image_ids
    except TgbenchError as error:
        problems.append(str(error).removeprefix(f"{folder}/"))
        return []


def _track_params(path: Path, tables: dict[str, CameraTable], frames: int) -> Iterator[str]:
    if not path.is_file():
        return
    try:
        params = read_track_params(path)
    except TgbenchError as error:
        yield str(error).removeprefix(f"{path.parent}/")
        return
    if frames and len(params.euler) != frames:
        yield (
            f"{path.name}: tracks {len(params.euler)} frames, the transforms list {frames}; frames "
            "without landmarks shift all that follow: cut them away and track the head again"
        )
    elif frames and len(tables) == 2:
        poses = np.concatenate([table.poses for table in tables.values()])
        away = np.abs(params.poses - poses).max(axis=(1, 2)) > _POSE_TOLERANCE
        if away.any():
            yield (
                f"{path.name}: other poses than in the transforms in frame(s) "
                f"{few(np.flatnonzero(away).tolist())}; make the transforms again from it"
            )


def _action_units(path: Path, frames: int) -> Iterator[str]:
    if not path.is_file():
        return
    try:
        reader = csv.reader(io.StringIO(read_text(path), newline=""))
        header = [name.strip() for name in next(reader, [])]
        rows = [row for row in reader if row]
    except (OSError, ValueError, csv.Error) as error:
        yield f"{path.name}: cannot be read ({reason(error)}); prepare the identity again"
        return
    count = len(rows)
    absent = [name for name in _UPPER_INPUTS if f"{name}_r" not in header]
    if absent:
        yield f"{path.name}: no column {', '.join(f'{name}_r' for name in absent)}"
    for place, name in enumerate(header):
        if not (name.startswith("AU") and name.endswith("_r")):
            continue
        values = [_number(row[place : place + 1]) for row in rows]
        spoilt = [i for i, value in enumerate(values) if not math.isfinite(value)]
        if spoilt:
            yield f"{path.name}: {name} is not a finite number in frame(s) {few(spoilt)}"
        beyond = [i for i, value in enumerate(values) if abs(value - 2.5) > _BEYOND + 2.5]
        if beyond and not spoilt:
            yield f"{path.name}: {name} is not between 0 and 5 in frame(s) {few(beyond)}"
    if frames and count != frames:
        yield (
            f"{path.name}: {count} rows for {frames} frames; OpenFace drops frames of clips that "
            "are not 25 fps"
        )


def _number(cell: list[str]) -> float:
    try:
        return float(cell[0])
    except (IndexError, ValueError):
        return math.nan


def _audio(folder: Path, frames: int) -> Iterator[str]:
    from ..audio import read_waveform

    path = folder / layout.AUDIO
    if not path.is_file():
        yield f"{path.name}: missing; 16 kHz mono sound of the clip"
        return
    try:
        seconds = read_waveform(path).seconds
    except TgbenchError as error:
        yield str(error)
        return
    if frames and seconds * VIDEO_FPS < frames - 1:
        yield f"{path.name}: lasts {seconds:.2f} s, the frames {frames / VIDEO_FPS:.2f} s"


def _features(folder: Path, frames: int) -> Iterator[str]:
    for encoder in plugins.audio_encoders().values():
        if (path := features_file(folder, encoder)) is not None:
            yield from feature_problems(path, encoder, frames)
