"""Names of the built-in identities and audio tracks; importing them loads nothing else."""

from __future__ import annotations

MADE_BY = "tgbench.synthetic"
"""Marks the provenance of an identity as synthetic."""

IDENTITIES = {
    "synth-a": "synthetic head and voice with exact ground truth",
    "synth-b": "another synthetic head and voice",
}
TRACKS = {
    "track-voice": "synthetic speech of a third voice",
    "track-language": "synthetic speech with another phoneme inventory and rhythm",
}
