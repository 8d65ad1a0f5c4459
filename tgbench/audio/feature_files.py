"""Files of audio features, written as they are computed, with a record of what made them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..files import atomic_path, sha256, write_json
from ..inputs import read_json
from ..progress import SILENT, Progress
from ..requirements import why_not_run
from ..specs import AudioEncoderSpec
from ..version import __version__
from .encoding import CannotEncode
from .loudness import at_loudness
from .waveform import Waveform
from .windows import whole_frames


def write_features(
    encoder: AudioEncoderSpec,
    sound: Waveform,
    path: Path,
    audio_sha256: str,
    progress: Progress = SILENT,
    loudness: float | None = None,
) -> None:
    """Run an encoder on a sound into a `.npy` file, and write a record with the suffix `.json`.

    No more than a block of the features is in memory, where the encoder computes in blocks.

    Args:
        encoder: to run.
        sound: mono at 16 kHz.
        path: of the file, float32 [frames, steps, channels] as the field's scripts write it.
        audio_sha256: of the file with the sound, for the record.
        progress: where to report, once a frame.
        loudness: to which the sound is brought first, in LUFS; None leaves it as it is.

    Raises:
        CannotEncode: the encoder cannot be run here.
        TgbenchError: the sound is shorter than a frame, or silent where a loudness is asked for,
            or the output is not finite.
    """
    if reason := why_not_run(encoder):
        raise CannotEncode(f"the audio encoder '{encoder.name}' cannot be run here: {reason}")
    if loudness is not None:
        sound = at_loudness(sound, loudness)
    frames, made = whole_frames(sound), encoder.load()()
    blocks = made.stream(sound) if hasattr(made, "stream") else iter([made.features(sound)])
    with (
        atomic_path(path) as temporary,
        temporary.open("wb") as stream,
        progress.task(f"{encoder.name} (frames)", frames) as bar,
    ):
        # A header of the most rows is at least as long as that of the right number.
        start = _write_header(stream, frames + 2, encoder.window)
        rows = 0
        for block in _checked(blocks, encoder):
            block.tofile(stream)
            rows += len(block)
            bar.advance(len(block))
        stream.seek(0)
        if _write_header(stream, rows, encoder.window) != start:
            raise TgbenchError(f"{path}: {rows} rows for {frames} frames; report this")
    told = made.describe() if hasattr(made, "describe") else {}
    if loudness is not None:
        told = {**told, "loudness": f"{loudness:g} LUFS"}
    write_json(
        record_path(path),
        {
            "made_by": f"tgbench {__version__} features",
            "encoder": encoder.name,
            "audio_sha256": audio_sha256,
            "features_sha256": sha256(path),
            "made_with": told,
        },
    )


def record_path(path: Path) -> Path:
    """Return where the record of a file of features is."""
    return path.with_suffix(".json")


def made_with(path: Path, features_sha256: str) -> dict[str, str]:
    """Return what made a file of features; empty where no record of this content is beside it."""
    try:
        record: Any = read_json(record_path(path))
    except (OSError, ValueError):
        return {}
    if not isinstance(record, dict) or record.get("features_sha256") != features_sha256:
        return {}
    told = record.get("made_with")
    return {str(key): str(value) for key, value in told.items()} if isinstance(told, dict) else {}


def _write_header(stream: BinaryIO, rows: int, window: tuple[int, int]) -> int:
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "<f4", "fortran_order": False, "shape": (rows, *window)}
    )
    return stream.tell()


def _checked(
    blocks: Iterator[NDArray[np.float32]], encoder: AudioEncoderSpec
) -> Iterator[NDArray[np.float32]]:
    for block in blocks:
        if block.shape[1:] != encoder.window or not np.isfinite(block).all():
            raise TgbenchError(
                f"the audio encoder '{encoder.name}' is faulty: its output has shape "
                f"{block.shape}, or is not finite"
            )
        yield np.ascontiguousarray(block, np.float32)
