"""Features that audio encoders computed, kept in the cache for the jobs that come after."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..files import cache_root, hash_of, make_cache, sha256
from ..requirements import why_not_run
from ..running.code import Code
from ..running.locks import sole_replacer
from ..specs import AudioEncoderSpec
from .encoding import CannotEncode, encode, read_features
from .feature_files import made_with, write_features
from .waveform import Waveform
from .windows import whole_frames

_HASHED_AT_ONCE = 1 << 22
_log = logging.getLogger("tgbench")


def encode_once(encoder: AudioEncoderSpec, sound: Waveform) -> NDArray[np.float32]:
    """Return what `encode` does, computed once for a sound, an encoder and its weights.

    Only encoders that describe what they are made with are kept: of others it is not known when
    they change. Two processes that want the same features wait for each other; an entry that is
    not what was written is made again.

    Returns:
        float32 [frames or more, steps, channels]; what was kept is mapped from its file.

    Raises:
        CannotEncode: tgbench does not run this encoder, or something that it needs is missing.
        TgbenchError: the sound is shorter than a frame, or the output is not as declared.
    """
    if reason := why_not_run(encoder):
        raise CannotEncode(f"the audio encoder '{encoder.name}' cannot be run here: {reason}")
    made = encoder.load()()
    frames = whole_frames(sound)
    if not hasattr(made, "describe"):
        return encode(encoder, sound)
    heard = _sha256_of(sound)
    key = hash_of([encoder.name, Code.of(encoder).sha256, made.describe(), heard])
    try:
        folder = make_cache(cache_root() / "features" / key[:24])
    except TgbenchError as error:
        _log.warning("%s; features are computed anew in each job", error)
        return encode(encoder, sound)
    path = folder / encoder.file
    with sole_replacer(folder, wait=True):
        if not _is_whole(path):
            write_features(encoder, sound, path, heard)
        return read_features(path, encoder, frames)


def _is_whole(path: Path) -> bool:
    """Whether a file is the one that its record was written for."""
    return path.is_file() and bool(made_with(path, sha256(path)))


def _sha256_of(sound: Waveform) -> str:
    digest = hashlib.sha256(str(sound.rate).encode())
    for first in range(0, len(sound.samples), _HASHED_AT_ONCE):
        digest.update(np.ascontiguousarray(sound.samples[first : first + _HASHED_AT_ONCE]).data)
    return digest.hexdigest()
