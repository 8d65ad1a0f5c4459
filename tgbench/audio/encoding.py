"""Running an audio encoder on a sound, and reading files of features."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arrays import map_array
from ..errors import TgbenchError
from ..files import require_file
from ..requirements import why_not_run
from ..specs import AudioEncoderSpec
from .waveform import Waveform
from .windows import whole_frames

SLACK = 2
"""Rows by which a file may miss the number of video frames: for N frames of sound the field's
HuBERT script writes N - 1 rows, its wav2vec script N + 1."""


class CannotEncode(TgbenchError):
    """The audio encoder cannot be run here."""


def encode(encoder: AudioEncoderSpec, sound: Waveform) -> NDArray[np.float32]:
    """Run an encoder on a sound.

    Returns:
        float32 [frames or more, steps, channels], for the whole video frames of the sound.

    Raises:
        CannotEncode: tgbench does not run this encoder, or something that it needs is missing.
        TgbenchError: the sound is shorter than a frame, or the output is not as declared.
    """
    if reason := why_not_run(encoder):
        raise CannotEncode(f"the audio encoder '{encoder.name}' cannot be run here: {reason}")
    frames = whole_frames(sound)
    windows = np.asarray(encoder.load()().features(sound))
    for problem in _problems(windows, encoder, frames):
        raise TgbenchError(f"the audio encoder '{encoder.name}' is faulty: its output {problem}")
    return _completed(windows, frames)


def read_features(
    path: Path, encoder: AudioEncoderSpec, frames: int, longest: int | None = None
) -> NDArray[np.float32]:
    """Read a file of features.

    Args:
        path: a `.npy` file.
        encoder: that the features are of.
        frames: video frames that they are for.
        longest: most rows that the file may have; None: any number.

    Returns:
        float32 [frames or more, steps, channels]. Where the file is up to two rows short, the
        last row is repeated, as ER-NeRF does.

    Raises:
        TgbenchError: the file is missing, or not such features.
    """
    require_file(path, f"give the features of '{encoder.name}' as a .npy file")
    try:
        array = map_array(path)
    except (OSError, ValueError, EOFError) as error:
        raise TgbenchError(f"{path}: cannot be read ({error})") from error
    for problem in _problems(array, encoder, frames, longest):
        raise TgbenchError(f"{path}: {problem}")
    return _completed(array, frames)


def feature_problems(path: Path, encoder: AudioEncoderSpec, frames: int) -> Iterator[str]:
    """Yield what is wrong with the file of features of an identity folder, by its name.

    Args:
        path: the file.
        encoder: that the features are of.
        frames: of the clip; 0 where that is not known.
    """
    try:
        array = map_array(path)
    except (OSError, ValueError, EOFError) as error:
        yield f"{path.name}: cannot be read ({error})"
        return
    for problem in _problems(array, encoder, frames):
        yield f"{path.name}: {problem}"


def _problems(
    array: NDArray, encoder: AudioEncoderSpec, frames: int, longest: int | None = None
) -> Iterator[str]:
    steps, channels = encoder.window
    if array.ndim != 3 or array.shape[1:] != encoder.window:
        yield (
            f"has shape {array.shape}, expected (frames, {steps}, {channels}) for "
            f"'{encoder.name}' features"
        )
    elif array.dtype.kind not in "fiu":
        yield f"holds {array.dtype}, not numbers; make it again"
    elif len(array) == 0 or len(array) < frames - SLACK:
        yield (
            f"has {len(array)} rows for {frames} frames; make it from the sound of the whole clip"
        )
    elif longest is not None and len(array) > longest:
        yield f"has {len(array)} rows for {frames} frames of sound; is it of another sound?"
    elif not np.isfinite(array).all():
        yield "holds NaN or infinity; make it again"


def _completed(array: NDArray, frames: int) -> NDArray[np.float32]:
    """Return the rows as float32, the last one repeated where some are missing."""
    windows = np.ascontiguousarray(array, dtype=np.float32)
    missing = frames - len(windows)
    return windows if missing <= 0 else np.pad(windows, ((0, missing), (0, 0), (0, 0)), "edge")
