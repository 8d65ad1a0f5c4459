"""Heads seen from elsewhere: self-driven, and driven by other speech.

The settings of DGTalker (ICCV 2025), which publishes no numbers of its cameras; those here are
declared, and compared with other work in `docs/views.md`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tgbench.audio import DEFAULT_FEATURES, FeatureSource, Waveform
from tgbench.drive import PlainBackdrop
from tgbench.driving.cameras import View, beyond
from tgbench.driving.rules import DriveRules
from tgbench.identities import Identity
from tgbench.interfaces import Case
from tgbench.metrics.identity.specs import ID_VIEW
from tgbench.metrics.views.specs import (
    CAMERA_ERROR,
    DEPTH_ERROR,
    MASK_IOU,
    ORBIT_FLICKER,
    REPROJECTION_ERROR,
)
from tgbench.plugins import in_table_order, metric_spec, metrics_of
from tgbench.specs import CompositeMode, Needs, ProtocolSpec
from tgbench.synthetic.views import FilmedViews, studio_of

from .lipsync import LipSync
from .self_reconstruction import SelfReconstruction
from .specs import AUDIO_GENERALIZATION_3D, SELF_DRIVEN_3D

FRONT, SPIRAL, FROZEN = "front", "spiral", "frozen"
YAWS = (10.0, 20.0, 30.0)
PITCH = 10.0
FROZEN_FRAMES = 48
"""In which a camera goes round a frozen head once."""

_OF_FROZEN = (REPROJECTION_ERROR.name, ORBIT_FLICKER.name)


class SelfDriven3D:
    """Held-out sound, poses and expressions, rendered from cameras around the head.

    Last, the camera goes round the head of the first held-out frame, which does not move.
    Each view is a case, whose driver is the view's name. Frames are the head alone over white,
    because nobody knows how the torso of a real clip looks from elsewhere, and nothing of it is to
    be given away. The synthetic people have exact ground truth in every view; real clips have
    none, and only what needs none is measured.
    """

    def __init__(self, rules: DriveRules = SELF_DRIVEN_3D.rules) -> None:
        """Know how far the cameras go."""
        self._rules = rules

    def plan(
        self,
        identities: Sequence[Identity],
        audio: Sequence[Path],
        features: FeatureSource = DEFAULT_FEATURES,
    ) -> list[Case]:
        """Return a case for every identity and view.

        Raises:
            TgbenchError: as of `SelfReconstruction`; or a camera would be in the head.
        """
        found = SelfReconstruction(self._rules).plan(identities, audio, features)
        views = still_views(self._rules.camera_distance)
        circling = spiral(self._rules)
        still = dataclasses.replace(circling, name=FROZEN, frozen=True)
        seen = []
        for case in found:
            seen += [
                seen_from(SELF_DRIVEN_3D, case, view, view.name) for view in (*views, circling)
            ]
            frozen = seen_from(SELF_DRIVEN_3D, _frozen(case), still, FROZEN)
            seen.append(dataclasses.replace(frozen, metrics=_OF_FROZEN))
        return seen


class AudioGeneralization3D:
    """Other speech, seen by a camera that circles, and from the front.

    What judges lips was trained on faces from the front, so its values of the circling view say as
    much of the view as of the lips. The same motion from the front stands beside them.
    """

    def __init__(self, rules: DriveRules = AUDIO_GENERALIZATION_3D.rules) -> None:
        """Know how sounds and poses meet, and how far the camera goes."""
        self._rules = rules

    def plan(
        self,
        identities: Sequence[Identity],
        audio: Sequence[Path],
        features: FeatureSource = DEFAULT_FEATURES,
    ) -> list[Case]:
        """Return two cases for every identity and sound, such as `track-voice.front`.

        Raises:
            TgbenchError: as of `LipSync`; or a camera would be in the head.
        """
        front = View(FRONT, distance=self._rules.camera_distance)
        return [
            seen_from(AUDIO_GENERALIZATION_3D, case, view, f"{case.driver}.{view.name}")
            for case in LipSync(self._rules).plan(identities, audio, features)
            for view in (front, spiral(self._rules))
        ]


def still_views(distance: float = 1.0) -> tuple[View, ...]:
    """Return the views of cameras that keep their angle: front, yaw and pitch either way."""
    yaws = [View(f"yaw{angle:+.0f}", yaw=angle) for size in YAWS for angle in (-size, size)]
    pitches = [View(f"pitch{angle:+.0f}", pitch=angle) for angle in (-PITCH, PITCH)]
    views = (View(FRONT), *yaws, *pitches)
    return tuple(dataclasses.replace(view, distance=distance) for view in views)


def spiral(rules: DriveRules) -> View:
    """Return the view of a camera that circles."""
    return View(SPIRAL, half_angle=rules.spiral_degrees, distance=rules.camera_distance)


def seen_from(protocol: ProtocolSpec, case: Case, view: View, driver: str) -> Case:
    """Return a case as other cameras see it: the head alone, with the truth if it is known.

    Raises:
        TgbenchError: a camera would be in the head, or a synthetic person is of another version.
    """
    drive, identity = case.drive, case.identity
    cameras = view.cameras(drive.poses)
    size = drive.intrinsics
    truth = None
    studio = studio_of(identity) if case.target_frames is not None else None
    if studio is not None:
        truth = FilmedViews(studio, np.array(identity.image_ids)[drive.source_frames], cameras)
    note = beyond(cameras, identity.poses[case.split.train.start : case.split.train.stop])
    return dataclasses.replace(
        case,
        protocol=protocol.name,
        protocol_version=protocol.version,
        driver=driver,
        drive=dataclasses.replace(
            drive, poses=cameras, backdrop=PlainBackdrop(size.width, size.height)
        ),
        target_frames=None,
        metrics=_metrics(protocol, truth is not None),
        view=view,
        truth=truth,
        composite_mode=CompositeMode.HEAD_ALONE,
        notes=(note,) if note else (),
    )


def _frozen(case: Case) -> Case:
    """Return a case whose frames all have pose, expression and sound of the first one."""
    drive, first = case.drive, np.zeros(FROZEN_FRAMES, np.int64)
    units = {name: row[first] for name, row in drive.action_units.values.items()}
    samples = round(FROZEN_FRAMES / drive.fps * drive.audio.rate)
    still = dataclasses.replace(
        drive,
        poses=drive.poses[first],
        action_units=dataclasses.replace(drive.action_units, values=units),
        audio=Waveform(np.zeros(samples, np.float32), drive.audio.rate),
        feature_index=drive.feature_index[first],
        source_frames=drive.source_frames[first],
    )
    assert case.target_frames is not None
    return dataclasses.replace(case, drive=still, target_frames=case.target_frames[first])


def _metrics(protocol: ProtocolSpec, known: bool) -> tuple[str, ...]:
    """Return what is measured unless metrics are named: with the truth, or without one."""
    own = {CAMERA_ERROR.name} | ({MASK_IOU.name, DEPTH_ERROR.name} if known else {ID_VIEW.name})
    usual = (
        name
        for name in metrics_of(protocol)
        if known or Needs.TARGET not in metric_spec(name).needs
    )
    return in_table_order((*own, *usual))
