"""What each protocol is, declared without importing what plans it."""

from __future__ import annotations

from tgbench.specs import Needs, ProtocolSpec

SELF_RECONSTRUCTION = ProtocolSpec(
    "self_reconstruction",
    "train on the first part of a clip, drive with its unseen rest, compare frame by frame",
    "tgbench.protocols.self_reconstruction:SelfReconstruction",
    version="1",
    self_driven=True,
)
LIPSYNC = ProtocolSpec(
    "lipsync",
    "drive with other speech; there is no ground truth, so only what needs none is measured",
    "tgbench.protocols.lipsync:LipSync",
    version="1",
    excludes=frozenset({Needs.TARGET}),
)
