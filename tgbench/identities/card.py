"""An identity's card: who it is and what may be done with the clip, as its owner declares it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from ..errors import TgbenchError
from ..files import sha256, write_text
from ..inputs import read_json
from ..synthetic.names import MADE_BY, card_of
from ..toml_files import Table, checked, read_toml
from . import layout

if TYPE_CHECKING:
    from collections.abc import Mapping

CARD = "card.toml"
"""In the identity's folder."""

_HASHED = (layout.TRANSFORMS_TRAIN, layout.TRANSFORMS_VAL, layout.AUDIO, layout.BACKGROUND)


class Card(Table):
    """What is declared of a person and their clip; nothing of it is measured or guessed."""

    name: str = Field(default="", description="Of the person, or a pseudonym.")
    language: str = Field(default="", description="That is spoken in the clip, such as `English`.")
    gender: str = Field(default="", description="As the person, or who has the clip, declares it.")
    consent: str = Field(default="", description="What the person agreed to, when and where.")
    licence: str = Field(default="", description="Of the clip.")
    links: tuple[str, ...] = Field(default=(), strict=False, description="Where the clip is from.")
    notes: str = Field(default="", description="What else its users should know.")
    sha256: dict[str, str] = Field(
        default_factory=dict, description="Of files of the folder, by name; `prepare` fills it in."
    )


TEMPLATE = """\
# Card of an identity. Everything is declared by you; leave empty what is not known.
name = ""        # of the person, or a pseudonym
language = ""    # spoken in the clip, such as "English"
gender = ""      # as the person declares it
consent = ""     # what the person agreed to, when and where that is written
licence = ""     # of the clip, such as "CC BY 4.0"
links = []       # where the clip is from
notes = ""
"""


def read_card(folder: Path) -> Card | None:
    """Return the card of an identity's folder; None where it has none.

    Raises:
        TgbenchError: the card cannot be read, or something in it is wrong.
    """
    path = folder / CARD
    if path.is_file():
        return checked(path, read_toml(path), Card)
    declared = card_of(folder.resolve().name)
    return Card.model_validate(declared) if declared and _is_synthetic(folder) else None


def given_card(path: Path) -> Card:
    """Return the card that a user gives; where there is no such file, write one to be filled in.

    Raises:
        TgbenchError: there was no such file, it cannot be read, or something in it is wrong.
    """
    if not path.exists():
        write_text(path, TEMPLATE)
        raise TgbenchError(f"{path}: was not there; fill in the template that is there now")
    return checked(path, read_toml(path), Card)


def write_card(folder: Path, card: Card) -> Path:
    """Write a card into an identity's folder, with the hashes of its tables and sound."""
    hashes = {name: sha256(folder / name) for name in _HASHED if (folder / name).is_file()}
    fields = card.model_dump(exclude={"sha256"})
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()]
    lines += ["", "[sha256]", *(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in hashes.items())]
    write_text(folder / CARD, "\n".join(lines) + "\n")
    return folder / CARD


def card_problems(folder: Path) -> Iterator[str]:
    """Yield what is wrong with the card of a folder, if it has one."""
    try:
        card = read_card(folder)
    except TgbenchError as error:
        yield str(error).removeprefix(f"{folder}/")
        return
    hashes: Mapping[str, str] = card.sha256 if card is not None else {}
    for name, expected in hashes.items():
        path = folder / name
        if path.name != name or name in ("", ".", ".."):
            yield f"{CARD}: sha256.{name}: is no file of this folder; take the line out"
        elif not path.is_file():
            yield f"{CARD}: sha256 names {name}, which is missing"
        elif sha256(path) != expected:
            yield (
                f"{name}: is not the file that {CARD} describes; check that the card is still "
                "true, and write it again with `tgbench prepare --card`"
            )


def _is_synthetic(folder: Path) -> bool:
    try:
        said = read_json(folder / layout.PROVENANCE)
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and str(said.get("made_by", "")).startswith(MADE_BY)
