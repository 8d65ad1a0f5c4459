"""Everything that is wrong with an identity folder, said at once."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from ..audio.features import KINDS, VIDEO_FPS
from ..inputs import read_json, read_text, reason
from . import layout
from .arrays import map_array

_UPPER_INPUTS = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU45", "AU25")


def validate(folder: Path) -> list[str]:
    """Return what is wrong with a folder, one line each naming file and remedy; empty if sound.

    Images are checked by their headers, so that a long clip takes seconds.
    """
    if not folder.is_dir():
        return [f"{folder}: no such folder"]
    problems: list[str] = []
    transforms = [
        _transforms(folder / name, problems)
        for name in (layout.TRANSFORMS_TRAIN, layout.TRANSFORMS_VAL)
    ]
    known = [table for table in transforms if table is not None]
    image_ids = [int(frame["img_id"]) for table in known for frame in table["frames"]]
    if known:
        size = (int(known[0]["cx"]) * 2, int(known[0]["cy"]) * 2)
        problems += _image_ids(image_ids)
        problems += _frame_files(folder, image_ids, size)
    problems += _background(folder)
    frames = max(image_ids, default=-1) + 1
    problems += _action_units(folder / layout.ACTION_UNITS, frames)
    problems += _audio(folder, frames)
    problems += _features(folder, frames)
    return problems


def _transforms(path: Path, problems: list[str]) -> dict | None:
    if not path.is_file():
        problems.append(f"{path.name}: missing; prepare the identity again")
        return None
    try:
        table = read_json(path)
        frames = table["frames"]
        shapes = {np.array(frame["transform_matrix"], np.float64).shape for frame in frames}
        finite = all(np.isfinite(frame["transform_matrix"]).all() for frame in frames)
        float(table["focal_len"]), float(table["cx"]), float(table["cy"])
        [int(frame["img_id"]) for frame in frames]
    except (OSError, ValueError, KeyError, TypeError) as error:
        problems.append(f"{path.name}: cannot be read ({error!r}); prepare the identity again")
        return None
    if not frames:
        problems.append(f"{path.name}: lists no frames")
        return None
    if shapes != {(4, 4)} or not finite:
        problems.append(f"{path.name}: a transform_matrix is not 4 x 4 finite numbers")
        return None
    return table


def _image_ids(image_ids: list[int]) -> Iterator[str]:
    if len(set(image_ids)) != len(image_ids):
        yield "transforms: the same img_id stands twice"
    if image_ids and min(image_ids) != 0:
        yield f"transforms: img_id starts at {min(image_ids)}, files are numbered from 0"
    missing = sorted(set(range(max(image_ids, default=-1) + 1)) - set(image_ids))
    if missing:
        yield f"transforms: img_id {_few(missing)} missing; frames and audio would drift apart"


def _frame_files(folder: Path, image_ids: list[int], size: tuple[int, int]) -> Iterator[str]:
    pictures = [layout.ORIGINAL, layout.PARSING, layout.TORSO_IMAGE]
    if (folder / layout.GROUND_TRUTH).parent.is_dir():
        pictures.append(layout.GROUND_TRUTH)
    for pattern in pictures:
        yield from _pictures(folder, pattern, image_ids, size)
    absent = [i for i in image_ids if not (folder / layout.LANDMARKS.format(i)).is_file()]
    if absent:
        yield f"{layout.LANDMARKS.format('N')}: missing for frame(s) {_few(absent)}"
    if (folder / layout.TEETH).parent.is_dir():
        absent = [i for i in image_ids if not (folder / layout.TEETH.format(i)).is_file()]
        if absent:
            yield f"{layout.TEETH.format('N')}: missing for frame(s) {_few(absent)}"


def _pictures(
    folder: Path, pattern: str, image_ids: list[int], size: tuple[int, int]
) -> Iterator[str]:
    absent, unreadable, other_size, no_alpha = [], [], [], []
    for i in image_ids:
        path = folder / pattern.format(i)
        if not path.is_file():
            absent.append(i)
            continue
        try:
            with PillowImage.open(path) as image:
                found, mode = image.size, image.mode
        except Exception:  # Pillow raises errors of many kinds, for sizes that bombs claim, too.
            unreadable.append(i)
            continue
        # An odd row or column is dropped by every loader of the field, ours included.
        if found[0] - size[0] not in (0, 1) or found[1] - size[1] not in (0, 1):
            other_size.append(i)
        if pattern == layout.TORSO_IMAGE and mode != "RGBA":
            no_alpha.append(i)
    name = pattern.format("N")
    if absent:
        yield f"{name}: missing for frame(s) {_few(absent)}"
    if unreadable:
        yield f"{name}: no image for frame(s) {_few(unreadable)}"
    if other_size:
        yield f"{name}: not {size[0]}x{size[1]} as the transforms say, frame(s) {_few(other_size)}"
    if no_alpha:
        yield f"{name}: must be RGBA, frame(s) {_few(no_alpha)}"


def _background(folder: Path) -> Iterator[str]:
    if not (folder / layout.BACKGROUND).is_file():
        yield f"{layout.BACKGROUND}: missing; the plate behind the person"


def _action_units(path: Path, frames: int) -> Iterator[str]:
    if not path.is_file():
        yield (
            f"{path.name}: missing; run OpenFace's FeatureExtraction -aus on the clip, or "
            "`tgbench prepare`"
        )
        return
    try:
        reader = csv.reader(io.StringIO(read_text(path), newline=""))
        header = [name.strip() for name in next(reader, [])]
        rows = [row for row in reader if row]
    except (OSError, ValueError, csv.Error) as error:
        yield f"{path.name}: cannot be read ({reason(error)})"
        return
    count = len(rows)
    absent = [name for name in _UPPER_INPUTS if f"{name}_r" not in header]
    if absent:
        yield f"{path.name}: no column {', '.join(f'{name}_r' for name in absent)}"
    for place, name in enumerate(header):
        if name.removesuffix("_r") in _UPPER_INPUTS and name.endswith("_r"):
            spoilt = [i for i, row in enumerate(rows) if not _is_finite(row[place : place + 1])]
            if spoilt:
                yield f"{path.name}: {name} is no finite number in frame(s) {_few(spoilt)}"
    if frames and count != frames:
        yield (
            f"{path.name}: {count} rows for {frames} frames; OpenFace drops frames of clips that "
            "are not 25 fps"
        )


def _is_finite(cell: list[str]) -> bool:
    try:
        return math.isfinite(float(cell[0]))
    except (IndexError, ValueError):
        return False


def _audio(folder: Path, frames: int) -> Iterator[str]:
    from ..audio import read_waveform
    from ..errors import TgbenchError

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
        yield f"{path.name}: {seconds:.2f} s of sound for {frames / VIDEO_FPS:.2f} s of frames"


def _features(folder: Path, frames: int) -> Iterator[str]:
    if (folder / "aud.npy").is_file() and not (folder / KINDS["deepspeech"].file).is_file():
        yield f"aud.npy: rename it to {KINDS['deepspeech'].file}, the name every loader asks for"
    present = [kind for kind in KINDS.values() if (folder / kind.file).is_file()]
    for kind in present:
        try:
            array = map_array(folder / kind.file)
        except (OSError, ValueError) as error:
            yield f"{kind.file}: cannot be read ({error})"
            continue
        shape = array.shape
        if len(shape) != 3 or shape[1:] != kind.shape:
            yield f"{kind.file}: shape {shape}, expected (frames, {kind.shape[0]}, {kind.shape[1]})"
        elif frames and shape[0] < frames:
            yield f"{kind.file}: {shape[0]} rows for {frames} frames"
        elif not np.isfinite(array).all():
            yield f"{kind.file}: holds NaN or infinity; prepare the identity again"


def _few(numbers: Iterable[int]) -> str:
    listed = sorted(numbers)
    return ", ".join(map(str, listed[:5])) + (f", ... ({len(listed)})" if len(listed) > 5 else "")
