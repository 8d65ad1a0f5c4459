"""Reading answers, which come from anybody, and choosing those that count."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.inputs import read_bytes, reason
from tgbench.running.schema import parse_record

from .records import SCHEMA_VERSION, Answer, Answers, Design, Key

LARGEST_ANSWERS = 1 << 20
"""Bytes of a participant's file; one of 1000 trials has a fifth of this."""

_REMEDY = "ask the participant for the file again"


@dataclass(frozen=True)
class Participant:
    """One participant's answers, as they count.

    Attributes:
        answers: what was said.
        failed: how many attention checks were answered otherwise than asked.
        seen: how many attention checks were answered.
    """

    answers: Answers
    failed: int
    seen: int


@dataclass(frozen=True)
class Collected:
    """The answers of a study.

    Attributes:
        participants: in the order of their codes.
        notes: files and participants that do not count, or not all of what they said, and why.
    """

    participants: tuple[Participant, ...]
    notes: tuple[str, ...]


def parse_answers(text: bytes, where: str, design: Design) -> Answers:
    """Return what a file of answers says, if it can be of this design.

    Raises:
        TgbenchError: it is damaged, of another study, edited, or says what nobody can answer.
    """
    answers = parse_record(Answers, text, where, SCHEMA_VERSION, "file of answers", _REMEDY)
    if trouble := _trouble(answers, design):
        raise TgbenchError(f"{where}: {trouble}; {_REMEDY}")
    return answers


def read_answers(path: Path, design: Design) -> Answers:
    """Return what a file says, as `parse_answers`.

    Raises:
        TgbenchError: it cannot be read, or as `parse_answers` says.
    """
    try:
        text = read_bytes(path, LARGEST_ANSWERS)
    except (OSError, ValueError) as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)}); {_REMEDY}") from error
    return parse_answers(text, str(path), design)


def seal_of(answers: Answers, design: Design) -> str:
    """Return the SHA-256 that the page writes over answers.

    It shows accidental changes. Who knows how it is made can make it again.
    """
    lines = [
        answers.design,
        answers.participant,
        str(answers.sequence),
        str(int(answers.finished)),
        *(_line(answer, design) for answer in answers.answers),
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def gather(paths: Iterable[Path], key: Key, *, partial: bool, keep_failed: bool) -> Collected:
    """Read files of answers and choose what counts.

    Of one participant's several files the longest counts, if all the others begin as it does.
    Where they contradict each other none does: nothing says which is meant.

    Args:
        paths: of the files; what cannot be read is noted and left out.
        key: of the study.
        partial: whether half-finished answers count.
        keep_failed: whether those count who failed an attention check.
    """
    found: dict[str, list[Answers]] = defaultdict(list)
    notes: list[str] = []
    for path in paths:
        try:
            answers = read_answers(path, key.design)
        except TgbenchError as error:
            notes.append(f"left out: {error}")
            continue
        found[answers.participant].append(answers)
    participants = []
    for code, several in sorted(found.items()):
        chosen, consistent = _the_one(several)
        if not consistent:
            notes.append(f"{code!r}: {len(several)} files contradict each other; left out")
            continue
        participant = _judged(chosen, key)
        if not chosen.finished and not partial:
            total = len(key.design.sequences[chosen.sequence - 1])
            notes.append(f"{code!r}: finished {len(chosen.answers)} of {total} trials; left out")
        elif participant.failed and not keep_failed:
            notes.append(
                f"{code!r}: failed {participant.failed} of {participant.seen} attention checks; "
                "left out"
            )
        else:
            participants.append(participant)
    return Collected(tuple(participants), tuple(notes))


def _trouble(answers: Answers, design: Design) -> str:
    """Return in words why answers cannot be of a design; empty where they can."""
    if answers.design != design.hash:
        return "is of another study, or of another version of it"
    if answers.sequence > len(design.sequences):
        return f"sequence {answers.sequence}: the study has {len(design.sequences)}"
    trials = design.sequences[answers.sequence - 1]
    if len(answers.answers) > len(trials):
        return f"has {len(answers.answers)} answers; its sequence has {len(trials)} trials"
    if answers.finished != (len(answers.answers) == len(trials)):
        return "says wrongly whether it is finished; it was edited"
    allowed = range(2) if design.kind == "pairs" else range(1, 6)
    asked = {question.name for question in design.questions}
    for number, (answer, trial) in enumerate(zip(answers.answers, trials, strict=False), 1):
        if answer.videos != trial.videos:
            return f"answer {number}: is of another video than sequence {answers.sequence} shows"
        if answer.values.keys() != asked:
            return f"answer {number}: does not answer the questions of the study"
        if any(value not in allowed for value in answer.values.values()):
            return f"answer {number}: must be from {allowed[0]} to {allowed[-1]}"
    if answers.seal != seal_of(answers, design):
        return "was edited after the page wrote it"
    return ""


def _line(answer: Answer, design: Design) -> str:
    values = [answer.values[question.name] for question in design.questions]
    return " ".join(map(str, ("+".join(answer.videos), *values, answer.milliseconds, answer.plays)))


def extends(longer: Answers, shorter: Answers) -> bool:
    """Whether answers of a participant begin with all that an earlier file says."""
    begins = longer.answers[: len(shorter.answers)] == shorter.answers
    return begins and longer.sequence == shorter.sequence


def _the_one(several: Sequence[Answers]) -> tuple[Answers, bool]:
    """Return the longest, and whether all others begin like it."""
    longest = max(several, key=lambda each: len(each.answers))
    return longest, all(extends(longest, each) for each in several)


def _judged(answers: Answers, key: Key) -> Participant:
    checks = [answer for answer in answers.answers if answer.videos[0] in key.checks]
    failed = sum(
        any(value != key.checks[answer.videos[0]] for value in answer.values.values())
        for answer in checks
    )
    return Participant(answers, failed, len(checks))
