"""Self-reconstruction: drive a person with the held-out part of their own clip."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tgbench.audio import DEFAULT_FEATURES, FeatureSource, Waveform
from tgbench.driving.rules import DriveRules
from tgbench.driving.sequences import windows_of
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.interfaces import Case, Drive
from tgbench.plugins import metrics_of
from tgbench.specs import OWN_SOUND, AudioEncoderSpec

from .specs import SELF_RECONSTRUCTION


class SelfReconstruction:
    """The head-reconstruction setting of the TalkingGaussian paper (section 4.2).

    A method is fitted on the training frames and rendered at the poses, action units and sound of
    the held-out frames, which are the ground truth. Audio features are those of the whole clip:
    the window of a held-out frame near the split reaches back into the sound of training frames,
    as in the field's own code, unless the rule `windows=cut` keeps it out.
    """

    def __init__(self, rules: DriveRules = SELF_RECONSTRUCTION.rules) -> None:
        """Know what held-out frames hear of the training part."""
        self._rules = rules

    def plan(
        self,
        identities: Sequence[Identity],
        audio: Sequence[Path],
        features: FeatureSource = DEFAULT_FEATURES,
    ) -> list[Case]:
        """Return one case an identity.

        Raises:
            TgbenchError: driving audio or a file of features was given, which this setting cannot
                use, an identity holds out no frame, or its audio features cannot be had.
        """
        if audio:
            raise TgbenchError(
                f"{SELF_RECONSTRUCTION.name} drives with the clip's own sound; leave out --audio, "
                "or use --protocol lipsync"
            )
        if features.files:
            raise TgbenchError(
                f"{SELF_RECONSTRUCTION.name} takes audio features from the identity folder; put "
                f"the file there as {features.encoder.file} and leave out --audio-features"
            )
        return [_case(identity, features.encoder, self._rules) for identity in identities]


def _case(identity: Identity, encoder: AudioEncoderSpec, rules: DriveRules) -> Case:
    split = identity.split()
    frames = np.array(split.test, np.int64)
    if len(frames) == 0:
        raise TgbenchError(
            f"{identity.folder}: has no held-out frames; transforms_val.json is empty"
        )
    features = identity.audio_features(encoder)
    windows, index = windows_of(rules, features.windows, frames)
    return Case(
        protocol=SELF_RECONSTRUCTION.name,
        protocol_version=SELF_RECONSTRUCTION.version,
        identity=identity,
        split=split,
        driver=OWN_SOUND,
        drive=Drive.of_frames(
            identity,
            source_frames=frames,
            audio=sound_of_frames(identity.audio, [identity.image_ids[i] for i in frames]),
            features=dataclasses.replace(features, windows=windows),
            feature_index=index,
        ),
        driving_audio=identity.audio_path,
        target_frames=frames,
        metrics=metrics_of(SELF_RECONSTRUCTION),
        features_file=features.file,
    )


def sound_of_frames(audio: Waveform, image_ids: Sequence[int]) -> Waveform:
    """Return the sound of frames, piece by piece, silent past the end of the track.

    Frames of a clip from which a tracker dropped some are not contiguous, so that one cut from
    the first to the last would drift.
    """
    edges = [round(i / Identity.fps * audio.rate) for i in range(max(image_ids) + 2)]
    samples = np.pad(audio.samples, (0, max(0, edges[-1] - len(audio.samples))))
    pieces = [samples[edges[i] : edges[i + 1]] for i in image_ids]
    return Waveform(np.concatenate(pieces), audio.rate)
