"""Names of what the suite can make itself, apart from how: listing them imports nothing."""

from __future__ import annotations

MADE_BY = "tgbench.synthetic"
"""How the provenance of an identity says that it is no recording."""

IDENTITIES = {
    "synth-a": "synthetic head and voice, made here, with exact ground truth",
    "synth-b": "another synthetic head and voice",
}
TRACKS = {
    "track-voice": "synthetic speech of a third voice",
    "track-language": "synthetic speech with another phoneme inventory and rhythm",
}
