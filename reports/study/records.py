"""What the files of a study say: its design, the key to it, and the answers of a participant."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tgbench.errors import TgbenchError
from tgbench.files import hash_of
from tgbench.inputs import read_bytes, reason
from tgbench.running.schema import Record, parse_record

SCHEMA_VERSION = 1
"""Grows when a field changes its meaning or goes; a reader refuses newer ones."""

KEY_FILE, PAGE_FILE, ANSWERS_FOLDER = "key.json", "page.html", "answers"

LARGEST_KEY = 32 << 20
LONGEST_NAME = 64
"""Characters of a participant's code."""

_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MOST_TRIALS = 1000
_DAY = 86_400_000

Kind = Literal["ratings", "pairs"]
VideoId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


def _participant_code(text: str) -> str:
    if _HIDDEN.search(text) or text != text.strip():
        raise ValueError("holds characters that cannot be seen")
    return text


class Question(Record):
    """What a participant is asked of each video, or of each pair."""

    name: str = Field(description="Short name, as on the command line.")
    title: str = Field(description="Head of its column in tables.")
    text: str = Field(description="As the page asks it, of one video.")
    pair_text: str = Field(description="As the page asks it, of two videos.")


class Trial(Record):
    """One video to rate, or two to choose from: the left one first."""

    videos: tuple[VideoId, ...] = Field(min_length=1, max_length=2)


class Design(Record):
    """All that the page knows: nothing in it says which method made a video."""

    schema_version: int = SCHEMA_VERSION
    title: str
    contact: str = Field(description="Whom participants may ask; empty: the page says so.")
    kind: Kind
    questions: tuple[Question, ...] = Field(min_length=1)
    sequences: tuple[tuple[Trial, ...], ...] = Field(
        min_length=1, description="Trials in the order in which a participant sees them."
    )

    @property
    def hash(self) -> str:
        """SHA-256 of the design; answers carry it."""
        return hash_of(self.model_dump(mode="json"))


class MetricValue(Record):
    """What a metric measured of the whole video of a case."""

    value: float
    title: str
    direction: str
    measured_by: str


class Stimulus(Record):
    """What a blinded video is."""

    condition: str = Field(description="The method, or the ground truth.")
    truth: bool = Field(description="Whether it is the ground truth.")
    item: str = Field(description="What all conditions show: protocol, identity and driver.")
    source: str = Field(description="File that it was made of.")
    metrics: dict[str, MetricValue] = Field(default_factory=dict)


class Key(Record):
    """The organiser's own file: who is who. It never goes to participants."""

    schema_version: int = SCHEMA_VERSION
    seed: int
    design: Design
    stimuli: dict[VideoId, Stimulus]
    checks: dict[VideoId, int] = Field(
        description="By the video of an attention check, the answer that it asks for."
    )
    exact_after: int = Field(description="Participants after which the balance is exact.")

    @property
    def conditions(self) -> tuple[str, ...]:
        """Methods in alphabetical order, the ground truth last."""
        ordered = sorted((each.truth, each.condition) for each in self.stimuli.values())
        return tuple(dict.fromkeys(name for _, name in ordered))

    @property
    def truth(self) -> str:
        """Name of the ground truth's condition; empty where the study has none."""
        return next((each.condition for each in self.stimuli.values() if each.truth), "")


class Answer(Record):
    """What was said of one trial."""

    videos: tuple[VideoId, ...] = Field(min_length=1, max_length=2)
    values: dict[str, Annotated[int, Field(ge=0, le=5)]] = Field(
        max_length=16,
        description="By question: a rating from 1 to 5, or the chosen side, 0 for left.",
    )
    milliseconds: int = Field(ge=0, le=30 * _DAY)
    plays: int = Field(ge=0, le=100_000, description="How often a video was played.")


class Answers(Record):
    """What one participant said: the file that the page saves."""

    schema_version: int = SCHEMA_VERSION
    design: str = Field(pattern=r"^[0-9a-f]{64}$", description="Hash of the design.")
    participant: Annotated[str, AfterValidator(_participant_code)] = Field(
        min_length=1, max_length=LONGEST_NAME
    )
    sequence: int = Field(ge=1, description="Number of the sequence, from 1 on.")
    consent: Literal[True]
    finished: bool
    answers: tuple[Answer, ...] = Field(max_length=_MOST_TRIALS)
    seal: str = Field(description="SHA-256 over all of this, made by the page.")

    @model_validator(mode="after")
    def _has_answers(self) -> Self:
        if not self.answers:
            raise ValueError("holds no answers")
        return self


def read_key(folder: Path) -> Key:
    """Return the key of a study.

    Raises:
        TgbenchError: the folder is none of a study, or its key is damaged.
    """
    path = folder / KEY_FILE
    try:
        text = read_bytes(path, LARGEST_KEY)
    except (OSError, ValueError) as error:
        raise TgbenchError(
            f"{path}: cannot be read ({reason(error)}); name the folder that `tgbench study make` "
            "wrote"
        ) from error
    return parse_record(
        Key, text, str(path), SCHEMA_VERSION, "key of a study", "take it from a backup"
    )
