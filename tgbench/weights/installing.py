"""Adding files to the store, and verifying them all."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import TgbenchError, Unavailable
from ..files import make_folder, require_file
from ..progress import SILENT, Progress
from .fetching import discard, download
from .records import Record, read_record, record_path, write_record
from .store import (
    by_hand,
    check,
    how_to_get,
    present_path,
    store_folder,
    stored_path,
    weight_file,
)
from .table import TABLE, Weights, find

_log = logging.getLogger("tgbench")


def fetch(name: str, progress: Progress = SILENT) -> Path:
    """Fetch a file from its source into the store, unless a valid copy is already there.

    Two processes may fetch the same file: the second waits for the first.

    Args:
        name: of the table.
        progress: where to report.

    Raises:
        TgbenchError: the name is unknown, the source is a page that a person must visit, the
            server cannot be reached or the connection is lost (the bytes so far are kept), or the
            file is not the expected one (it is not kept).
    """
    weights = find(name)
    with _locked(weights):
        if present_path(weights):
            return weight_file(name)
        if weights.by_hand:
            raise TgbenchError(f"{name} cannot be fetched by a program: {by_hand(weights)}")
        part = _beside(weights, "part")
        download(weights.source, part, None if weights.member else weights.size, progress)
        try:
            offered = f"the file from {weights.source}"
            taken = _unpacked(weights, part, offered)
            _take_in(weights, taken, weights.source, offered, "it is not kept")
        finally:
            discard(part)
    return stored_path(weights)


def add(file: Path, name: str | None = None) -> Path:
    """Copy a file that the user has into the store.

    Args:
        file: to copy.
        name: of the table; None recognises it by the file's name.

    Raises:
        TgbenchError: there is no such file, its name matches no entry or several, or its content
            is not that of the entry.
    """
    require_file(file, "give the weight file itself")
    weights = _named_like(file) if name is None else find(name)
    with _locked(weights):
        if file.resolve() == stored_path(weights).resolve():
            return weight_file(weights.name)
        copy = _beside(weights, "copy")
        try:
            _copy(file, copy)
            taken = _unpacked(weights, copy, file)
            _take_in(weights, taken, str(file.resolve()), file, "it is not added")
        finally:
            copy.unlink(missing_ok=True)
    return stored_path(weights)


@dataclass(frozen=True)
class Verified:
    """The result of hashing a file again.

    Attributes:
        weights: what it should be.
        path: where it is.
        trouble: what is wrong with it; empty if nothing is.
        since: the date on which its hash was recorded; empty where this was the first time.
    """

    weights: Weights
    path: Path
    trouble: str = ""
    since: str = ""


def verify() -> Iterator[Verified]:
    """Hash every file that is present."""
    for weights in TABLE.values():
        path = present_path(weights)
        if path is None:
            continue
        try:
            known = read_record(record_path(store_folder(), weights.file)) is not None
            remedy = f"delete it, then {how_to_get(weights)}"
            record = check(weights, path, "found in place", remedy)
        except Unavailable as error:
            yield Verified(weights, path, str(error))
        except OSError as error:
            yield Verified(
                weights, path, f"{path}: cannot be read ({error.strerror}); change its permissions"
            )
        else:
            _remember(weights, record)
            yield Verified(weights, path, since=record.since if known else "")


def _copy(file: Path, copy: Path) -> None:
    try:
        shutil.copyfile(file, copy)
    except PermissionError as error:
        raise TgbenchError(f"{file}: cannot be read ({error.strerror}); it is not added") from error


def _take_in(
    weights: Weights, candidate: Path, source: str, called: Path | str, refusal: str
) -> None:
    """Move a file of the store's folder to its final name if it is the right one; else drop it."""
    try:
        record = check(weights, candidate, source, refusal, called)
        os.replace(candidate, stored_path(weights))
    finally:
        candidate.unlink(missing_ok=True)
    # A move keeps size and time, so the hash stays valid.
    _remember(weights, replace(record, path=str(stored_path(weights))))


def _remember(weights: Weights, record: Record) -> None:
    write_record(record_path(store_folder(), weights.file), record)


def _unpacked(weights: Weights, candidate: Path, called: Path | str) -> Path:
    """Return the file itself, extracted if its source is an archive."""
    if not weights.member or not zipfile.is_zipfile(candidate):
        return candidate
    target = _beside(weights, "unpacked")
    try:
        with (
            zipfile.ZipFile(candidate) as archive,
            archive.open(weights.member) as inside,
            target.open("wb") as outside,
        ):
            shutil.copyfileobj(inside, outside)
    except (KeyError, zipfile.BadZipFile, EOFError, OSError) as error:
        target.unlink(missing_ok=True)
        raise TgbenchError(
            f"{called}: is damaged, or has no {weights.member} ({error}); it is not kept"
        ) from error
    return target


def _named_like(file: Path) -> Weights:
    fitting = [
        weights
        for weights in TABLE.values()
        if file.name in (weights.file, weights.published_as, weights.source.rsplit("/", 1)[1])
    ]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(weights.name for weights in fitting or TABLE.values())
    trouble = "matches several entries" if fitting else "matches no entry"
    raise TgbenchError(
        f"{file}: its name {trouble} of the table; name the entry with --as: {names}"
    )


@contextlib.contextmanager
def _locked(weights: Weights) -> Iterator[None]:
    """Let one process at a time add a file; the system frees the lock of a dead process."""
    folder = make_folder(store_folder())
    with (folder / f".{weights.file}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.warning("another process is adding %s; waiting for it", weights.file)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _beside(weights: Weights, what: str) -> Path:
    return store_folder() / f".{weights.file}.{what}"
