"""Names of the built-in identities and audio tracks; importing them loads nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import TgbenchError

MADE_BY = "tgbench.synthetic"
"""Marks the provenance of an identity as synthetic."""

IDENTITIES = {
    "synth-a": "synthetic head and voice with exact ground truth",
    "synth-b": "another synthetic head and voice",
}
DRAWN = "synth:SEED", "a person drawn from the population; SEED is a number, 0 to 999999"
"""How a drawn person is named, and what that is."""

MOST_SEED = 999_999
_PREFIX = "synth:"
_DRAWN_FOLDER = re.compile(r"synth-(0|[1-9]\d{0,5})")

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


def built_in(name: str) -> str | None:
    """Return what the folder of a built-in identity is called; None for any other name.

    People of the population are named by their seeds: `synth:7` has the folder `synth-7`, and is
    found by that name, too, which results hold.

    Raises:
        TgbenchError: a seed that is no whole number, or too large.
    """
    if name in IDENTITIES or _DRAWN_FOLDER.fullmatch(name):
        return name
    if not name.startswith(_PREFIX):
        return None
    folder = name.replace(_PREFIX, "synth-", 1)
    if not _DRAWN_FOLDER.fullmatch(folder):
        raise TgbenchError(
            f"{name}: the seed of a synthetic person must be a whole number, 0 to {MOST_SEED}, "
            f"such as {_PREFIX}7"
        )
    return folder


def seed_of(folder: str) -> int | None:
    """Return the seed of a drawn person, by the name of the folder; None for any other."""
    found = _DRAWN_FOLDER.fullmatch(folder)
    return int(found[1]) if found else None


def card_of(folder: str) -> Mapping[str, str] | None:
    """Return the card of a built-in identity, by the name of its folder; None for any other."""
    seed = seed_of(folder)
    if folder not in IDENTITIES and seed is None:
        return None
    return {
        "name": folder,
        "language": "Synthetic A",
        "consent": "not needed: nobody is shown",
        "licence": "Apache-2.0",
        "notes": IDENTITIES.get(folder, f"synthetic head and voice, drawn with the seed {seed}"),
    }
