"""Names of files and folders as a site shows them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from tgbench.files import hash_of

from .cleaning import cleaned_text

_LONGEST = 48
_DIGITS = 12
"""Of a hash; among a thousand names, two alike have odds of one in a billion."""


def page_name(words: Sequence[str], key: object) -> str:
    """Return a file's name without its ending: readable words, and a hash that tells it apart.

    Only lower-case letters, digits and hyphens are in it, whatever the words hold, so that it
    names the same file on every system, and never one elsewhere.

    Args:
        words: what to say.
        key: what the name stands for, as JSON; equal keys and words give equal names.
    """
    said = re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")[:_LONGEST].strip("-")
    return f"{said}-{hash_of(key)[:_DIGITS]}" if said else hash_of(key)[:_DIGITS]


def source_names(folders: Sequence[Path]) -> list[str]:
    """Return how each folder is called: as given, and by its own name where that is absolute.

    Folders that would be called alike are numbered.
    """
    told: list[str] = []
    for folder in folders:
        name = cleaned_text(_source_name(folder))
        numbered = (f"{name} ({number})" for number in itertools.count(2))
        told.append(next(one for one in itertools.chain([name], numbered) if one not in told))
    return told


def _source_name(folder: Path) -> str:
    if folder.is_absolute() or ".." in folder.parts or not folder.parts:
        return folder.resolve().name or "results"
    return folder.as_posix()
