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
    "track-song": "a synthetic voice that sings",
    "track-silence": "digital silence",
    "track-noise": "white noise, as loud as speech",
}
SPOKEN = ("track-voice", "track-language")
"""Those that drive where nothing else is asked for."""

WORDLESS = ("track-silence", "track-noise")
"""Those in which nobody says anything, so that a mouth should stay shut."""

TRACK_TAGS = {
    "track-voice": {"language": "Synthetic A", "kind": "speech"},
    "track-language": {"language": "Synthetic B", "kind": "speech"},
    "track-song": {"language": "Synthetic B", "kind": "singing"},
}
"""What is declared of the tracks. Throats of formulas have no gender."""

CARDS = {
    name: {
        "name": name,
        "language": "Synthetic A",
        "consent": "not needed: nobody is shown",
        "licence": "Apache-2.0",
        "notes": text,
    }
    for name, text in IDENTITIES.items()
}
"""Cards of the built-in identities."""
