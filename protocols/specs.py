"""What each protocol is, declared without importing what plans it."""

from __future__ import annotations

from tgbench.driving.rules import CAMERA_RULES, SOUND_RULES
from tgbench.specs import Needs, ProtocolSpec

SELF_RECONSTRUCTION = ProtocolSpec(
    "self_reconstruction",
    "train on the first part of a clip, drive with its unseen rest, compare frame by frame",
    "tgbench.protocols.self_reconstruction:SelfReconstruction",
    version="1",
    self_driven=True,
    takes_rules=("windows",),
)
LIPSYNC = ProtocolSpec(
    "lipsync",
    "drive with other speech; there is no ground truth, so only what needs none is measured",
    "tgbench.protocols.lipsync:LipSync",
    version="1",
    excludes=frozenset({Needs.TARGET}),
    takes_rules=SOUND_RULES,
)
SILENCE = ProtocolSpec(
    "silence",
    "drive with silence and with noise: a mouth that moves follows what the method was given",
    "tgbench.protocols.lipsync:Silence",
    version="1",
    excludes=frozenset({Needs.TARGET}),
    takes_rules=SOUND_RULES,
)
CROSS_LINGUAL = ProtocolSpec(
    "cross_lingual",
    "drive with speech in another language than the person's; both languages must be declared",
    "tgbench.protocols.lipsync:CrossLingual",
    version="1",
    excludes=frozenset({Needs.TARGET}),
    takes_rules=SOUND_RULES,
    other_language=True,
)
SELF_DRIVEN_3D = ProtocolSpec(
    "self_driven_3d",
    "as self_reconstruction, seen by cameras that move around the head; exact truth of synth-*",
    "tgbench.protocols.views:SelfDriven3D",
    version="1",
    self_driven=True,
    excludes=frozenset({Needs.TIMING}),
    takes_rules=("windows", *CAMERA_RULES),
    moves_camera=True,
)
AUDIO_GENERALIZATION_3D = ProtocolSpec(
    "audio_generalization_3d",
    "as lipsync, seen by a camera that circles, and by one in front that sees the same motion",
    "tgbench.protocols.views:AudioGeneralization3D",
    version="1",
    excludes=frozenset({Needs.TARGET, Needs.TIMING}),
    takes_rules=(*SOUND_RULES, *CAMERA_RULES),
    moves_camera=True,
)
