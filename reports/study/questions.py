"""What participants can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from tgbench.errors import TgbenchError, suggest

from .records import Question

_KNOWN = (
    (
        "lip_sync",
        "Lip-sync accuracy",
        "How well do the lips match what is said?",
        "In which video do the lips match better what is said?",
    ),
    (
        "realness",
        "Video realness",
        "How much does this look like a recording of a real person?",
        "Which video looks more like a recording of a real person?",
    ),
    (
        "quality",
        "Image quality",
        "How good is the image: sharp, clean, without flicker?",
        "Which video has the better image: sharp, clean, without flicker?",
    ),
    (
        "identity",
        "Identity",
        "How much does it look like one and the same person throughout?",
        "Which video looks more like one and the same person throughout?",
    ),
    (
        "motion",
        "Head and face motion",
        "How natural do head, eyes and face move?",
        "In which video do head, eyes and face move more naturally?",
    ),
    (
        "overall",
        "Overall",
        "How good is the video overall?",
        "Which video is better overall?",
    ),
)

QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        name: Question(name=name, title=title, text=text, pair_text=pair_text)
        for name, title, text, pair_text in _KNOWN
    }
)
"""By name; the first three are those of the TalkingGaussian paper's study."""

USUAL = ("lip_sync", "realness", "quality")


def questions_named(names: Iterable[str]) -> tuple[Question, ...]:
    """Return questions by their names, each once.

    Raises:
        TgbenchError: there is no such question, or none is named.
    """
    chosen = list(dict.fromkeys(names))
    if not chosen:
        raise TgbenchError(f"--questions: names no question; known: {', '.join(QUESTIONS)}")
    for name in chosen:
        if name not in QUESTIONS:
            raise suggest(name, QUESTIONS, "question")
    return tuple(QUESTIONS[name] for name in chosen)
