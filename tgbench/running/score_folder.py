"""The folder that `tgbench score --out` writes."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import TgbenchError
from ..files import atomic_path, make_folder, remove_leftovers, write_json
from ..inputs import read_json
from ..interfaces import MetricOptions
from ..metrics.folders import clip_sha256
from ..metrics.videos import VideoScores
from ..version import __version__
from .environment import describe_environment
from .result import FRAMES_FILE, RESULT_FILE, SCORES_FILE, SCORES_SCHEMA_VERSION, MetricRecord


def make_scores_folder(folder: Path, fresh: bool) -> None:
    """Create the folder, unless there are numbers in it that would be lost.

    Args:
        folder: for scores.
        fresh: whether earlier scores may be replaced. A result of `tgbench run` never is.

    Raises:
        TgbenchError: it holds numbers, or cannot be written to.
    """
    if (folder / RESULT_FILE).exists():
        raise TgbenchError(
            f"{folder}: holds a result of `tgbench run`, the frames of which would be lost; use "
            "another --out"
        )
    if (folder / SCORES_FILE).exists() and not fresh:
        raise TgbenchError(
            f"{folder}: holds scores already{_told(folder / SCORES_FILE)}; use --fresh to replace "
            "them, or another --out"
        )
    remove_leftovers(make_folder(folder))


def write_scores(
    folder: Path,
    scores: VideoScores,
    records: Mapping[str, MetricRecord],
    inputs: Mapping[str, Path | None],
    options: MetricOptions,
) -> None:
    """Write what was measured.

    Args:
        folder: that is there.
        scores: of the clips.
        records: of the metrics, by name.
        inputs: files and folders by what they are for; None where there is none.
        options: how was measured.
    """
    import pandas as pd

    from .frame_table import write_table

    table = pd.DataFrame({"frame": scores.places, **scores.per_frame})
    width, height = scores.size
    document = {
        "schema_version": SCORES_SCHEMA_VERSION,
        "tgbench_version": __version__,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "inputs": {name: _input(path) for name, path in inputs.items() if path is not None},
        "options": _described(options),
        "frames": scores.frames,
        "width": width,
        "height": height,
        "fps": scores.fps,
        "notes": list(scores.notes),
        "metrics": {name: record.model_dump() for name, record in records.items()},
        "environment": describe_environment("cpu").model_dump(),
    }
    # Earlier scores stay until both files are written; then one follows the other at once.
    with atomic_path(folder / SCORES_FILE) as temporary:
        write_json(temporary, document)
        write_table(folder / FRAMES_FILE, table)


def _told(path: Path) -> str:
    """Return of what the scores in a file are, as far as it can be read."""
    try:
        stored = read_json(path)
        inputs = stored["inputs"]
        names = [
            inputs[what].get("file") or inputs[what]["folder"]
            for what in ("prediction", "target")
            if what in inputs
        ]
        return f" ({' against '.join(names)}, {stored['created']})"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def _described(options: MetricOptions) -> dict[str, Any]:
    return {
        "landmarks": options.landmarks,
        "through_codec": options.through_codec,
        "floor": options.floor,
        "face_box": options.face_box,
        "action_units": options.action_units and [_input(path) for path in options.action_units],
        "phonemes": options.phonemes and _input(options.phonemes),
        "aligned_faces": options.aligned_faces and [_input(path) for path in options.aligned_faces],
    }


def _input(path: Path) -> dict[str, str]:
    """Name a file, or a folder, and the hash of what is in it."""
    kind, name = ("file", path.name) if path.is_file() else ("folder", path.resolve().name)
    return {kind: name, "sha256": clip_sha256(path)}
