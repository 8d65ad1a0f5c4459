"""Notes of runs that have not finished, beside results that are older than they.

A run that is refused, fails or is killed leaves results of before where they are. Whoever takes
these for its outcome, such as a gate in continuous integration, would pass what was never measured.
"""

from __future__ import annotations

import datetime
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from .. import plugins
from ..errors import TgbenchError
from ..faults import one_line
from ..files import hash_of, write_json
from ..inputs import read_json
from ..synthetic.names import built_in
from .result import LARGEST_RESULT, RESULT_FILE
from .schema import Record

ATTEMPT_FILE = "attempt.json"
"""In the folder of a case: of a run that includes it."""

_NAME_ABOVE = "attempt-{}.json"
"""In OUT: of runs before they knew their cases, one for all that were asked for the same."""

_DIGITS = 12

_LONGEST_REASON = 2000


class Names(Record):
    """What was given for one option."""

    known: list[str] = Field(description="Names in paths of results, sorted.")
    unknown: list[str] = Field(description="As typed, sorted. Each may have been meant as any.")

    def may_mean(self, name: str) -> bool:
        """Whether a name may have been meant."""
        return bool(self.unknown) or name in self.known


class Asked(Record):
    """Which cases a run was asked for."""

    methods: Names
    protocol: Names
    identities: Names

    @classmethod
    def of(
        cls, methods: Iterable[str], protocols: Iterable[str], identities: Iterable[str]
    ) -> Asked:
        """Return what a run is asked for.

        Args:
            methods: their names, as typed.
            protocols: their names, as typed.
            identities: built-in names or folders, as typed.
        """
        return cls(
            methods=_names(methods, _method),
            protocol=_names(protocols, _installed(plugins.protocols)),
            identities=_names(identities, _filed_as),
        )

    @property
    def correctable(self) -> bool:
        """Whether a later run can be known as the one that was meant."""
        return sum(bool(names.unknown) for names in self._fields()) <= 1

    def concerns(self, protocol: str, identity: str, method: str) -> bool:
        """Whether a case may have been among those asked for."""
        return (
            self.protocol.may_mean(protocol)
            and self.identities.may_mean(identity)
            and self.methods.may_mean(method)
        )

    def settles(self, earlier: Asked) -> bool:
        """Whether this run covers all that an earlier one asked for, or corrects a name of it."""
        if earlier == self:
            return True
        fields = list(zip(self._fields(), earlier._fields(), strict=True))
        covered = all({*old.known} <= {*new.known} for new, old in fields)
        if not any(old.unknown for _, old in fields):
            return covered
        same = all(old.unknown or old.known == new.known for new, old in fields)
        return covered and same and earlier.correctable

    def _fields(self) -> tuple[Names, Names, Names]:
        return self.methods, self.protocol, self.identities


class Attempt(Record):
    """A run that has not finished, or not yet."""

    began: str = Field(description="UTC by the clock of its machine, ISO 8601.")
    why: str = Field(default="", description="What it said at its end, if it came to say anything.")
    asked: Asked | None = Field(
        default=None, description="What for; null in the folder of a case, which says it."
    )


@dataclass(frozen=True)
class Note:
    """An attempt and where it is noted.

    Attributes:
        file: of the note.
        attempt: what it says.
        goes: whether it goes away when the run is done as it was meant.
    """

    file: Path
    attempt: Attempt
    goes: bool


@contextmanager
def asking(out: Path, asked: Asked) -> Iterator[Attempt]:
    """Note in OUT, if it is there, what a run is asked for, and what it says if it is refused.

    Yields:
        What is noted. The note stays.
    """
    attempt = Attempt(began=_now(), asked=asked)
    _note_above(out, attempt)
    try:
        yield attempt
    except Exception as error:
        _note_above(out, attempt.model_copy(update={"why": _in_short(error)}))
        raise


def withdraw(out: Path, asked: Asked) -> None:
    """Take away the note of what a run was asked for."""
    if out.is_dir():
        with _alone(out):
            _file_above(out, asked).unlink(missing_ok=True)


@contextmanager
def planning(out: Path, asked: Asked) -> Iterator[None]:
    """Note in OUT what a run is asked for until it knows its cases.

    Then the notes of earlier runs that it covers or corrects go, too.
    """
    # Not by when they began: machines that share a folder have clocks of their own.
    before = {path: note for path in _notes_above(out) if (note := _read(path)) is not None}
    with asking(out, asked) as attempt:
        yield
    if not out.is_dir():
        return
    before[_file_above(out, asked)] = attempt
    with _alone(out):
        for path, earlier in before.items():
            settled = earlier.asked is not None and asked.settles(earlier.asked)
            # Another run may have noted the same since.
            if settled and _read(path) == earlier:
                path.unlink(missing_ok=True)


def begin(cases: Iterable[Path]) -> None:
    """Note in the folders of cases that a run is to do them, where there are results of before."""
    attempt = Attempt(began=_now())
    for folder in cases:
        if (folder / RESULT_FILE).exists():
            _write(folder / ATTEMPT_FILE, attempt)


def fail(case: Path, error: Exception) -> None:
    """Note in the folder of a case that a run was to do it and failed, and why.

    Where there is no result yet, the note says why there is none.
    """
    earlier = _read(case / ATTEMPT_FILE)
    note = Attempt(began=earlier.began if earlier else _now(), why=_in_short(error))
    # A disk may be full, which is what the run reports.
    with suppress(OSError):
        case.mkdir(parents=True, exist_ok=True)
        _write(case / ATTEMPT_FILE, note)


def failed(case: Path) -> str:
    """Return why there is no result of a case; empty where no run has noted that."""
    note = _read(case / ATTEMPT_FILE)
    return "" if note is None or (case / RESULT_FILE).exists() else note.why


def finish(folder: Path) -> None:
    """Take the note of a case away: what lies there is what the run was to do."""
    (folder / ATTEMPT_FILE).unlink(missing_ok=True)


def unfinished(case: Path) -> Note | None:
    """Return the last run that was to do a case, or may have been, and has not, if there is one.

    Args:
        case: its folder; see `folders`.
    """
    case = case.resolve()
    own = _read(case / ATTEMPT_FILE)
    if own is not None:
        return Note(case / ATTEMPT_FILE, own, goes=True)
    found = []
    # Earlier versions had no level for the variant.
    for above in case.parents[1:], case.parents:
        if len(above) < 4:
            continue
        method, identity, protocol, out = above[:4]
        for path in _notes_above(out):
            attempt = _read(path)
            if attempt is None:
                continue
            asked = attempt.asked
            # A damaged note does not say what it is about.
            if asked is None or asked.concerns(protocol.name, identity.name, method.name):
                found.append(Note(path, attempt, goes=asked is not None and asked.correctable))
    return max(found, key=lambda note: _written(note.file), default=None)


def _notes_above(out: Path) -> list[Path]:
    # Earlier versions left one for all runs, which says nothing of what it was asked for.
    return [out / ATTEMPT_FILE, *sorted(out.glob(_NAME_ABOVE.format("[0-9a-f]" * _DIGITS)))]


def _note_above(out: Path, attempt: Attempt) -> None:
    if attempt.asked is None or not out.is_dir():
        return
    with _alone(out):
        _write(_file_above(out, attempt.asked), attempt)


def _file_above(out: Path, asked: Asked) -> Path:
    return out / _NAME_ABOVE.format(hash_of(asked.model_dump())[:_DIGITS])


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep other runs from writing a note between the reading of it and its removal."""
    descriptor = os.open(out, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # Some file systems of other machines lock no folders.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _written(path: Path) -> int:
    """Return when a file was written, by the one clock of its file system; 0 if it is gone."""
    with suppress(OSError):
        return path.stat().st_mtime_ns
    return 0


def _write(path: Path, attempt: Attempt) -> None:
    write_json(path, attempt.model_dump())


def _read(path: Path) -> Attempt | None:
    if not path.exists():
        return None
    try:
        return Attempt.model_validate(read_json(path, LARGEST_RESULT))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ValidationError):
        return Attempt(began="an unknown time")


def _in_short(error: Exception) -> str:
    text = str(error) if isinstance(error, TgbenchError) else one_line(error)
    return " ".join(text.split()).encode(errors="backslashreplace").decode()[:_LONGEST_REASON]


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")


def _names(given: Iterable[str], filed_as: Callable[[str], str | None]) -> Names:
    known, unknown = set(), set()
    for typed in given:
        name = filed_as(typed)
        if name is None or not _is_text(name):
            unknown.add(typed.encode(errors="backslashreplace").decode())
        else:
            known.add(name)
    return Names(known=sorted(known), unknown=sorted(unknown))


def _installed(specs: Callable[[], Iterable[str]]) -> Callable[[str], str | None]:
    try:
        found = {*specs()}
    except Exception:  # The run meets a broken plug-in, too, and says what is wrong with it.
        found = set()
    return lambda name: name if name in found else None


def _method(name: str) -> str | None:
    try:
        return plugins.method(name).name
    except Exception:  # As above.
        return None


def _filed_as(identity: str) -> str | None:
    if own := built_in(identity):
        return own
    return Path(identity).resolve().name if os.path.isdir(identity) else None


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
