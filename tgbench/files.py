"""Atomic writes, hashes, and the cache folder."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from .errors import TgbenchError, Unavailable
from .inputs import open_file

_CHUNK = 1 << 20


def cache_root() -> Path:
    """Return the folder for things that can be made again (`TGBENCH_CACHE`, else the user's).

    Raises:
        Unavailable: the user has no home folder.
    """
    chosen = os.environ.get("TGBENCH_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(base or Path.home() / ".cache") / "tgbench"
    except RuntimeError as error:
        raise Unavailable(
            "this user has no home folder for the cache; set TGBENCH_CACHE to a folder"
        ) from error


def make_cache(folder: Path) -> Path:
    """Create a folder of the cache with its parents.

    Raises:
        TgbenchError: it cannot be created or written to.
    """
    return make_folder(folder, "set TGBENCH_CACHE to a folder that you can write to")


def require_file(path: Path, what: str = "") -> None:
    """Refuse a path that is not a regular file.

    Args:
        path: as the user gave it.
        what: what to give instead, such as "give a video"; may be empty.

    Raises:
        TgbenchError: there is no file, or it is a folder, a pipe or a device.
    """
    if path.is_file():
        return
    if path.is_dir():
        trouble = "is a folder"
    elif path.exists():
        trouble = "is a pipe or a device, not a regular file"
    elif path.is_symlink():
        trouble = f"is a link to {path.readlink()}, which does not exist"
    else:
        raise TgbenchError(f"{path}: no such file")
    raise TgbenchError(f"{path}: {trouble}" + (f"; {what}" if what else ""))


def require_text(path: Path) -> None:
    """Refuse a name that results cannot store, before any work is done for it.

    Raises:
        TgbenchError: it is not valid UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise TgbenchError(
            f"{path}: the name is not valid UTF-8, so results cannot store it; rename the file or "
            "folder"
        ) from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of an ordinary file as hex, read in chunks.

    Raises:
        OSError: it cannot be read, or is a pipe or a device.
    """
    digest = hashlib.sha256()
    with open_file(path) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_once(path: Path) -> str:
    """Return the SHA-256 of a file as hex, computed once for as long as the file stays as it is.

    Raises:
        OSError: it cannot be read, or is a pipe or a device.
    """
    now = path.stat()
    return _sha256_of(path, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)


@lru_cache(maxsize=1 << 10)
def _sha256_of(path: Path, *_: int) -> str:
    return sha256(path)


def hash_of(value: object) -> str:
    """Return the SHA-256 of a JSON-serialisable value, independent of key order."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def make_folder(folder: Path, remedy: str = "choose another folder") -> Path:
    """Create a folder with its parents.

    Args:
        folder: to create, if it does not exist.
        remedy: what to do where that fails.

    Raises:
        TgbenchError: it cannot be created or written to, or its name is not valid UTF-8.
    """
    require_text(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        reason = error.strerror or error
        raise TgbenchError(f"{folder}: cannot write here ({reason}); {remedy}") from error


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that replaces it when the block ends well.

    A reader never sees half a file; after an error or a kill the old file stays. A link stays one:
    what it leads to is replaced.

    Raises:
        TgbenchError: the path is something other than a file, such as a device.
    """
    with suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            path = path.resolve()
        if not stat.S_ISREG(mode) and path.exists() and not path.is_file():
            raise TgbenchError(f"{path}: exists and is not a regular file; choose another name")
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays so that writers which choose a format by it (video, parquet) still can.
    temporary = path.with_name(f".{path.stem}.{_owner()}.part{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    """Write a value as indented JSON, atomically. NaN is refused: JSON has none."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def temporary_folder(name: str, parent: Path | None = None) -> tempfile.TemporaryDirectory[str]:
    """Return an empty folder that goes away with the block or the process.

    What a killed process leaves of it is known by its name; see `remove_leftovers`.

    Args:
        name: what the folder is for; it becomes a part of its hidden name.
        parent: an existing folder; None for the system's folder of temporary files.
    """
    return tempfile.TemporaryDirectory(
        prefix=f".{name}.{_owner()}.", suffix=".part", dir=parent, ignore_cleanup_errors=True
    )


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `folder` when the block ends well.

    Two processes may build the same folder at once: the first to finish wins and the other's
    work is dropped. What a killed process left is never taken for the real thing, and is removed.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder.parent)
    with temporary_folder(folder.name, folder.parent) as made:
        temporary = Path(made)
        yield temporary
        try:
            os.replace(temporary, folder)
        except OSError:
            if not folder.is_dir():
                raise


def remove_leftovers(folder: Path, beginning: str = "") -> None:
    """Remove the temporary files and folders that killed processes of this machine left here.

    Those of a process that still runs stay. Folders below are not looked into.

    Args:
        folder: to look in.
        beginning: of the names of ours, in a folder that other programs use too.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(beginning) and is_leftover(entry.name):
                remove(Path(entry.path))


def remove_parts(folder: Path) -> None:
    """Remove all temporary files at or below a folder that only this process writes to."""
    for path in list(folder.rglob(".*.part*")):
        remove(path)


def is_leftover(name: str) -> bool:
    """Whether a name is that of a temporary file whose process has ended on this machine."""
    if not name.startswith(".") or ".part" not in name:
        return False
    # Names of earlier versions do not say which machine.
    here = rf"(?:{re.escape(platform.node())}-)?"
    found = re.search(rf"\.{here}(\d{{1,10}})(\.[^./]+)?\.part(\.[^./]*)?$", name)
    return found is not None and not _is_running(int(found[1]))


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it, as far as that can be done."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _owner() -> str:
    """Return the name of this process in temporary files, unique across machines."""
    return f"{platform.node()}-{os.getpid()}"


def _is_running(process: int) -> bool:
    """Whether there is a process of this number on this machine."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        # Of another user.
        pass
    return True


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file, or a folder of files, a second name; copy where there are no links."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link_file)
    else:
        _link_file(source, target)


def _link_file(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
