"""Lip synchronisation: drive a person with other speech."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tgbench.audio import (
    DEFAULT_FEATURES,
    AudioFeatures,
    FeatureSource,
    Waveform,
    read_waveform,
    whole_frames,
)
from tgbench.errors import TgbenchError, suggest
from tgbench.identities import Identity
from tgbench.identities.resolve import looks_like_path
from tgbench.interfaces import Case, Drive
from tgbench.plugins import metrics_of
from tgbench.synthetic.names import TRACKS

from .specs import LIPSYNC

_LONGEST_NAME = 60


class LipSync:
    """The lip-synchronisation setting of the TalkingGaussian paper (section 4.2).

    Pose, expression and backdrop are those of the training frames in their order, as the official
    code renders: they are what every method has seen, so what is new is the sound alone. When the
    sound is longer they run backwards, then forwards again. No frame has a ground truth.
    """

    def plan(
        self,
        identities: Sequence[Identity],
        audio: Sequence[Path],
        features: FeatureSource = DEFAULT_FEATURES,
    ) -> list[Case]:
        """Return a case for every identity and sound.

        Args:
            identities: whom to drive.
            audio: files, or names of built-in driving tracks; empty for all of those.
            features: where the audio features of the sounds come from.

        Raises:
            TgbenchError: a sound is missing, unreadable, or shorter than one frame; or its audio
                features cannot be had.
        """
        paths = [_track(path) for path in audio or map(Path, TRACKS)]
        sounds = [(path, read_waveform(path)) for path in paths]
        names = unique_names(path.stem for path in paths)
        heard = features.of_sounds(sounds)
        return [
            _case(identity, name, path, sound, windows)
            for identity in identities
            for name, (path, sound), windows in zip(names, sounds, heard, strict=True)
        ]


def mirrored(count: int, length: int) -> NDArray[np.int64]:
    """Return `count` positions that run 0..length-1, back to 0, forth again, and so on.

    The ends come twice, as in the field's loaders.
    """
    cycle = np.arange(count) % (2 * length)
    return np.minimum(cycle, 2 * length - 1 - cycle).astype(np.int64)


def unique_names(stems: Iterable[str]) -> list[str]:
    """Return file stems made safe for a path: one short word each, no two the same."""
    names: list[str] = []
    taken: set[str] = set()
    for stem in stems:
        word = re.sub(r"[^\w.-]+", "-", stem)[:_LONGEST_NAME].strip("-.") or "audio"
        name, number = word, 2
        # Some file systems do not tell upper from lower case.
        while name.casefold() in taken:
            name, number = f"{word}-{number}", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names


def _track(path: Path) -> Path:
    """Return a built-in track's file for its name; any other path as it is."""
    if path.exists():
        return path
    if str(path) not in TRACKS:
        if looks_like_path(str(path)):
            return path
        unknown = suggest(str(path), TRACKS, "sound")
        raise TgbenchError(f"{unknown}. There is no file of that name either")
    from tgbench.synthetic import ensure_driving_track

    return ensure_driving_track(str(path))


def _case(
    identity: Identity,
    driver: str,
    path: Path,
    sound: Waveform,
    features: AudioFeatures,
) -> Case:
    split = identity.split()
    if len(split.train) == 0:
        raise TgbenchError(f"{identity.folder}: has no training frames to take head poses from")
    count = whole_frames(sound)
    frames = np.array(split.train, np.int64)[mirrored(count, len(split.train))]
    return Case(
        protocol=LIPSYNC.name,
        protocol_version=LIPSYNC.version,
        identity=identity,
        split=split,
        driver=driver,
        drive=Drive.of_frames(
            identity,
            source_frames=frames,
            audio=sound.cut(0.0, count / Identity.fps),
            features=features,
            feature_index=np.arange(count),
        ),
        driving_audio=path,
        target_frames=None,
        metrics=metrics_of(LIPSYNC),
        features_file=features.file,
    )
