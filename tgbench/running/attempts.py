"""Notes of runs that have not finished, beside results that are older than they.

A run that is refused, fails or is killed leaves results of before where they are. Whoever takes
these for its outcome, such as a gate in continuous integration, would pass what was never measured.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field, ValidationError

from ..files import write_json
from ..inputs import read_json
from .result import ABOVE_CASE, RESULT_FILE
from .schema import Record

ATTEMPT_FILE = "attempt.json"
"""In OUT: of a run before it knew its cases. In the folder of a case: of a run that includes it."""


class Attempt(Record):
    """A run that has not finished, or not yet."""

    began: str = Field(description="UTC, ISO 8601.")
    why: str = Field(default="", description="What it said at its end, if it came to say anything.")


@contextmanager
def planning(out: Path) -> Iterator[None]:
    """Note in OUT that a run was asked for, until it knows which cases it is to do."""
    if not out.is_dir():
        yield
        return
    began = _now()
    _note(out, Attempt(began=began))
    try:
        yield
    except Exception as error:
        _note(out, Attempt(began=began, why=" ".join(str(error).split())))
        raise
    finish(out)


def begin(cases: Iterable[Path]) -> None:
    """Note in the folders of cases that a run is to do them, where there are results of before."""
    attempt = Attempt(began=_now())
    for folder in cases:
        if (folder / RESULT_FILE).exists():
            _note(folder, attempt)


def finish(folder: Path) -> None:
    """Take the note away: what lies there is what the run was to do."""
    (folder / ATTEMPT_FILE).unlink(missing_ok=True)


def unfinished(case: Path) -> Attempt | None:
    """Return the run that was to do a case and has not, if there is one.

    Args:
        case: its folder, `OUT/<protocol>/<identity>/<method>/<driver>`.
    """
    above = case.resolve().parents
    folders = [case, *above[ABOVE_CASE : ABOVE_CASE + 1]]
    return next(filter(None, map(_read, folders)), None)


def _note(folder: Path, attempt: Attempt) -> None:
    write_json(folder / ATTEMPT_FILE, attempt.model_dump())


def _read(folder: Path) -> Attempt | None:
    path = folder / ATTEMPT_FILE
    if not path.exists():
        return None
    try:
        return Attempt.model_validate(read_json(path))
    except (OSError, ValueError, ValidationError):
        return Attempt(began="an unknown time")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
