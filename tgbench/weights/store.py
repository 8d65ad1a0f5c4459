"""The store: where the files are, and whether they are the right ones."""

from __future__ import annotations

import datetime
import os
from dataclasses import replace
from pathlib import Path

from ..errors import Unavailable
from ..files import cache_root, sha256
from .formats import fault
from .records import Record, read_record, record_path, write_record
from .table import Weights, find

_SHOWN_DIGITS = 12


def store_folder() -> Path:
    """Return the folder of the files (`TGBENCH_WEIGHTS`, else `weights` in the cache).

    Raises:
        Unavailable: it exists and is not a folder.
    """
    chosen = os.environ.get("TGBENCH_WEIGHTS")
    folder = Path(chosen) if chosen else cache_root() / "weights"
    if folder.exists() and not folder.is_dir():
        remedy = "set TGBENCH_WEIGHTS to a folder" if chosen else "move it away"
        raise Unavailable(f"{folder}: is not a folder; {remedy}")
    return folder


def weight_file(name: str) -> Path:
    """Return a file of the table with checked content.

    The whole file is hashed the first time, and again when its size or time changes.

    Raises:
        TgbenchError: there is no such name.
        Unavailable: the file is missing, damaged, or different from the recorded one; the text
            says what to do.
    """
    return _checked(find(name))[0]


def describe_weights(name: str) -> str:
    """Return a file's name and hash as results record them.

    Raises:
        TgbenchError, Unavailable: as `weight_file`.
    """
    path, record = _checked(find(name))
    return f"{path.name}, sha256 {record.sha256[:_SHOWN_DIGITS]}"


def stored_path(weights: Weights) -> Path:
    """Return where the store keeps a file, whether it exists or not."""
    return store_folder() / weights.file


def present_path(weights: Weights) -> Path | None:
    """Return where a file is, in the store or in torch's own cache; None if in neither."""
    places = [stored_path(weights)]
    if weights.in_torch_hub:
        places.append(_torch_hub() / "checkpoints" / weights.file)
    return next((place for place in places if place.is_file()), None)


def by_hand(weights: Weights) -> str:
    """Return how to get a file whose source is a page."""
    return (
        f"get {weights.file} in a browser at {weights.source}, then run `tgbench weights add FILE "
        f"--as {weights.name}`"
    )


def how_to_get(weights: Weights) -> str:
    """Return how to get a file, in the shortest way."""
    return by_hand(weights) if weights.by_hand else f"run `tgbench weights fetch {weights.name}`"


def check(
    weights: Weights, path: Path, source: str, remedy: str, called: Path | str | None = None
) -> Record:
    """Hash a file and compare it with the table and an earlier record.

    Args:
        weights: the expected entry.
        path: the file, anywhere.
        source: where it comes from, for the record.
        remedy: what happens to a wrong file, or what the user can do.
        called: the user's name for the file, if that is not its path.

    Returns:
        The record to keep.

    Raises:
        Unavailable: it is not the expected file.
    """
    named = called or path
    _require_size(weights, path, named, remedy)
    found = sha256(path)
    earlier = read_record(record_path(store_folder(), weights.file))
    _require_published(weights, path, found, named, remedy)
    if earlier is not None and earlier.sha256 != found:
        raise Unavailable(
            f"{named} differs from the {weights.name} recorded on {earlier.since} (sha256 then "
            f"{earlier.sha256[:_SHOWN_DIGITS]}, now {found[:_SHOWN_DIGITS]}), so numbers made with "
            "the two are not comparable; restore the earlier file, or delete "
            f"{record_path(store_folder(), weights.file)} to accept this one"
        )
    state = path.stat()
    record = Record(
        found, str(path), state.st_size, state.st_mtime_ns, source, f"{datetime.date.today()}"
    )
    return record if earlier is None else replace(record, since=earlier.since)


def _checked(weights: Weights) -> tuple[Path, Record]:
    path = present_path(weights)
    if path is None:
        raise Unavailable(
            f"{weights.file} ({weights.purpose}) is missing from {store_folder()}; "
            f"{_fetch_or_add(weights)}"
        )
    place = record_path(store_folder(), weights.file)
    try:
        record = read_record(place)
        if record is None or not record.is_of(path):
            source = record.source if record else "found in place"
            record = check(weights, path, source, f"delete it, then {_fetch_or_add(weights)}")
            write_record(place, record)
    except OSError as error:
        raise Unavailable(
            f"{error.filename or path}: cannot be read ({error.strerror}); change its permissions"
        ) from error
    return path, record


def _require_size(weights: Weights, path: Path, named: Path | str, remedy: str) -> None:
    size = path.stat().st_size
    if size == 0:
        raise Unavailable(f"{named} is empty; {remedy}")
    if weights.size is not None and size != weights.size:
        known = f"{weights.size:,} bytes"
    elif size < weights.least_size:
        known = f"at least {weights.least_size:,} bytes"
    else:
        return
    raise Unavailable(
        f"{named} is damaged or a different file: {weights.name} has {known}, this has {size:,}; "
        f"{remedy}"
    )


def _require_published(
    weights: Weights, path: Path, found: str, named: Path | str, remedy: str
) -> None:
    """Compare with the published hash; if none is published, check the format."""
    if not weights.published_hash:
        wrong = fault(path, weights.format) if weights.format else ""
        if wrong:
            raise Unavailable(f"{named} {wrong}, so it is not {weights.name}; {remedy}")
        return
    if not found.startswith(weights.sha256):
        got = found
    elif weights.sha1 and _sha1(path) != weights.sha1:
        got = _sha1(path)
    else:
        return
    raise Unavailable(
        f"{named} is damaged or a different file: {weights.name} has {weights.published_hash}, "
        f"this has {got}; {remedy}"
    )


def _fetch_or_add(weights: Weights) -> str:
    have = f", or, if you have the file, `tgbench weights add FILE --as {weights.name}`"
    return f"{how_to_get(weights)}{'' if weights.by_hand else have}"


def _sha1(path: Path) -> str:
    import hashlib

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha1").hexdigest()


def _torch_hub() -> Path:
    """Return torch.hub's folder without importing torch."""
    home = os.environ.get("TORCH_HOME")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(home) if home else Path(base) / "torch") / "hub"
