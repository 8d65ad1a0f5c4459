"""Lip synchronisation: drive a person with other speech."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from tgbench.audio import (
    DEFAULT_FEATURES,
    AudioFeatures,
    FeatureSource,
    Waveform,
    read_waveform,
    whole_frames,
)
from tgbench.driving.rules import DriveRules
from tgbench.driving.sequences import positions, smoothed, windows_of
from tgbench.errors import TgbenchError, suggest
from tgbench.identities import Identity
from tgbench.identities.resolve import looks_like_path
from tgbench.interfaces import Case, Drive
from tgbench.metrics.lips.specs import LIP_LEAK
from tgbench.plugins import in_table_order, metric_spec, metrics_of
from tgbench.specs import Needs
from tgbench.synthetic.names import SPOKEN, TRACKS, WORDLESS

from .specs import CROSS_LINGUAL, LIPSYNC, SILENCE

_LONGEST_NAME = 60


class LipSync:
    """The lip-synchronisation setting of the TalkingGaussian paper (section 4.2).

    Pose, expression and backdrop are those of the training frames in their order, as the official
    code renders: they are what every method has seen, so what is new is the sound alone. No frame
    has a ground truth.
    """

    spec = LIPSYNC
    sounds: ClassVar[tuple[str, ...]] = SPOKEN
    """Built-in tracks that drive where no sound is given."""

    def __init__(self, rules: DriveRules = LIPSYNC.rules) -> None:
        """Know how sounds and poses meet."""
        self._rules = rules

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
        paths = [_track(path) for path in audio or map(Path, self.sounds)]
        sounds = [(path, read_waveform(path)) for path in paths]
        names = unique_names(path.stem for path in paths)
        heard = features.of_sounds(sounds)
        return [
            self._case(identity, name, path, sound, windows)
            for identity in identities
            for name, (path, sound), windows in zip(names, sounds, heard, strict=True)
        ]

    def metrics(self) -> tuple[str, ...]:
        """Return what is measured unless metrics are named."""
        return metrics_of(self.spec)

    def _case(
        self,
        identity: Identity,
        driver: str,
        path: Path,
        sound: Waveform,
        features: AudioFeatures,
    ) -> Case:
        split, rules = identity.split(), self._rules
        if len(split.train) == 0:
            raise TgbenchError(f"{identity.folder}: has no training frames to take head poses from")
        poses, heard = positions(rules, whole_frames(sound), len(split.train))
        windows, index = windows_of(rules, features.windows, heard)
        drive = Drive.of_frames(
            identity,
            source_frames=np.array(split.train, np.int64)[poses],
            audio=repeated(sound, len(heard), whole_frames(sound)),
            features=dataclasses.replace(features, windows=windows),
            feature_index=index,
        )
        return Case(
            protocol=self.spec.name,
            protocol_version=self.spec.version,
            identity=identity,
            split=split,
            driver=driver,
            drive=dataclasses.replace(drive, poses=smoothed(drive.poses, rules.smooth_poses)),
            driving_audio=path,
            target_frames=None,
            metrics=self.metrics(),
            features_file=features.file,
        )


class Silence(LipSync):
    """Driven by silence, then by noise: does the mouth follow the sound, or leaked expression?

    KeySync (2505.00497). Poses and expressions are those of training frames, whose lips moved: a
    method that reads the mouth off what it is given of the true face opens it. What compares lips
    with speech is not measured, as nothing is said.
    """

    spec = SILENCE
    sounds = WORDLESS

    def metrics(self) -> tuple[str, ...]:
        """Return `lip_leak`, and what needs no sound."""
        usual = (name for name in metrics_of(self.spec) if not _hears(name))
        return in_table_order((LIP_LEAK.name, *usual))


class CrossLingual(LipSync):
    """The cross-lingual setting of the paper's supplement (section A.2).

    It drives as `LipSync` does. Only sounds in another language than the person's are cases.
    """

    spec = CROSS_LINGUAL


def repeated(sound: Waveform, count: int, heard: int) -> Waveform:
    """Return the sound of `count` frames, which begins anew after every `heard` frames."""
    once = sound.cut(0.0, min(count, heard) / Identity.fps)
    if count <= heard:
        return once
    wanted = round(count / Identity.fps * sound.rate)
    return Waveform(np.resize(once.samples, wanted), sound.rate)


def _hears(metric: str) -> bool:
    return Needs.AUDIO in metric_spec(metric).needs


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
