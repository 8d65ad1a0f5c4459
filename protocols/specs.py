"""What each protocol is, declared without importing what plans it."""

from __future__ import annotations

from tgbench.driving.rules import ALL_RULES
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
    takes_rules=ALL_RULES,
)
SILENCE = ProtocolSpec(
    "silence",
    "drive with silence and with noise: a mouth that moves follows what the method was given",
    "tgbench.protocols.lipsync:Silence",
    version="1",
    excludes=frozenset({Needs.TARGET}),
    takes_rules=ALL_RULES,
)
CROSS_LINGUAL = ProtocolSpec(
    "cross_lingual",
    "drive with speech in another language than the person's; both languages must be declared",
    "tgbench.protocols.lipsync:CrossLingual",
    version="1",
    excludes=frozenset({Needs.TARGET}),
    takes_rules=ALL_RULES,
    other_language=True,
)
