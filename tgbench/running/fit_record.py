"""What is kept of a finished fit beside the fitted method: read with suspicion, kept twice.

A fit may have taken a day. So its record has a copy, a damaged record is put together again from
what is left, and what the method wrote is known by its hashes.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from pydantic import Field

from ..errors import TgbenchError
from ..files import sha256, write_text
from ..inputs import read_bytes, reason
from ..interfaces import FitReport
from .result import MachineRecord
from .schema import Record, parse_record

RECORD_FILE = "fit.json"
COPY_FILE = "fit.copy.json"
MODEL_FOLDER = "model"
WORK_FOLDER = "work"
TOKEN_FILE = "fresh"
"""Token of the run with `--fresh` whose checkpoints are in the work folder."""
FIT_FILES = frozenset({RECORD_FILE, COPY_FILE, MODEL_FOLDER, WORK_FOLDER, TOKEN_FILE})
"""What a fit writes into its folder, and replaces as a whole."""

_LARGEST = 1 << 20
_VERSION = 1
_LOST = "the record of the fit was damaged, so how long training took is not known"
_log = logging.getLogger("tgbench")


class FitRecord(Record):
    """A finished fit."""

    experiment: str | None = Field(default=None, description="Hash of what is fitted to what.")
    seconds: float | None = Field(ge=0, description="Wall time of all stages; null: lost.")
    iterations: dict[str, int] = Field(description="Optimiser steps by stage.")
    notes: tuple[str, ...] = Field(description="What a reader of the numbers must know.")
    files: dict[str, str] | None = Field(
        default=None,
        description="SHA-256 of what the method wrote, by relative name; null in records of "
        "versions that did not look.",
    )
    fresh: str = Field(default="", description="Token of the run with --fresh that made it.")
    shared_machine: bool = Field(
        default=False,
        description="Whether other jobs may have run on the machine at the same time.",
    )
    machine: MachineRecord | None = Field(
        default=None, description="Where; null in records of versions that did not say."
    )

    @property
    def report(self) -> FitReport:
        """What the method said."""
        return FitReport(self.seconds, self.iterations, self.notes)


def write_record(
    folder: Path,
    experiment: str,
    report: FitReport,
    fresh: str = "",
    shared_machine: bool = False,
    machine: MachineRecord | None = None,
) -> FitRecord:
    """Say that the fit in a folder is finished; the record itself comes last.

    Args:
        folder: of the fit, with the model in it.
        experiment: hash of what was fitted to what.
        report: what the method said.
        fresh: token of the run with `--fresh` that made it, if one did.
        shared_machine: whether other jobs may have run on the machine at the same time.
        machine: where.
    """
    record = FitRecord(
        experiment=experiment,
        seconds=report.seconds,
        iterations=dict(report.iterations),
        notes=tuple(report.notes),
        files=_hashes(folder / MODEL_FOLDER),
        fresh=fresh,
        shared_machine=shared_machine,
        machine=machine,
    )
    _write(folder, record)
    return record


def read_record(folder: Path) -> FitRecord | None:
    """Return what is known of the finished fit in a folder; None: there is none.

    Where the record and its copy differ, one of them is damaged: the one that does not describe
    what the method wrote.

    Raises:
        TgbenchError: it cannot be read for another reason than damage, such as its permissions.
    """
    names = [name for name in (RECORD_FILE, COPY_FILE) if (folder / name).is_file()]
    records = [record for name in names if (record := _read(folder / name)) is not None]
    if records and records[0] != records[-1]:
        return next((each for each in records if not damage_of_model(folder, each)), records[0])
    if records:
        return records[0]
    if not names or not (folder / MODEL_FOLDER).is_dir():
        return None
    return FitRecord(seconds=None, iterations={}, notes=(_LOST,))


def mend_record(folder: Path, record: FitRecord, experiment: str) -> None:
    """Set aside what is damaged of the record of an intact fit, and write it again."""
    for name in (RECORD_FILE, COPY_FILE):
        path = folder / name
        if path.is_file() and _read(path) != record:
            _log.warning(
                "%s: is damaged; set aside as %s, the fit itself is kept",
                path,
                set_aside(path).name,
            )
    if not all((folder / name).is_file() for name in (RECORD_FILE, COPY_FILE)):
        _write(folder, record.model_copy(update={"experiment": record.experiment or experiment}))


def damage_of_model(folder: Path, record: FitRecord) -> str:
    """Return which file of a fitted method is not as it was written; empty: none.

    Raises:
        TgbenchError: one cannot be read for another reason than damage.
    """
    found = _hashes(folder / MODEL_FOLDER)
    if record.files is None:
        return "" if found else f"{folder / MODEL_FOLDER}: is missing"
    for name, digest in record.files.items():
        if name not in found:
            return f"{folder / MODEL_FOLDER / name}: is missing"
        if found[name] != digest:
            return f"{folder / MODEL_FOLDER / name}: is damaged, it is not what was written"
    return ""


def set_aside(path: Path) -> Path:
    """Rename what is damaged, so that something whole can take its place; return the new path."""
    number, aside = 1, path.with_name(f"{path.stem}.damaged{path.suffix}")
    while os.path.lexists(aside):
        number += 1
        aside = path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")
    os.rename(path, aside)
    return aside


def _write(folder: Path, record: FitRecord) -> None:
    text = record.model_dump_json(indent=2) + "\n"
    write_text(folder / COPY_FILE, text)
    write_text(folder / RECORD_FILE, text)


def _read(path: Path) -> FitRecord | None:
    """Return a record; None if it is damaged."""
    try:
        text = read_bytes(path, _LARGEST)
    except OSError as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)})") from error
    except ValueError:
        return None
    try:
        return parse_record(FitRecord, text, str(path), _VERSION, "record of a fit", "")
    except TgbenchError as error:
        _log.debug("%s", error)
        return None


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file at or below a folder, by relative name."""
    try:
        return {
            path.relative_to(folder).as_posix(): sha256(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    except OSError as error:
        raise TgbenchError(
            f"{error.filename or folder}: cannot be read ({error.strerror or error})"
        ) from error
