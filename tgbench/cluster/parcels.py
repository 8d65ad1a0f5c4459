"""Files on their way to a node and back: tar archives, cut into chunks.

An archive follows from names and contents alone, so equal files have equal archives. Whoever
unpacks one trusts nothing in it: regular files below the folder, and nothing else.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast

from ..errors import TgbenchError
from ..files import make_folder

CHUNK = 32 << 20
"""Bytes of a chunk: as much as is held in memory at a time."""

MOST_FILES = 1_000_000
"""Of an archive: some hours of frames as images."""


def pack(files: Iterable[tuple[str, Path]], take: Callable[[bytes], object]) -> str:
    """Pack files, and hand the archive over in chunks.

    Args:
        files: name in the archive and path of each.
        take: is called with each chunk in turn.

    Returns:
        The SHA-256 of the archive.
    """
    stream = _Cut(take)
    # Streamed, for the archive may be larger than memory.
    with tarfile.open(
        mode="w|", fileobj=cast(IO[bytes], stream), format=tarfile.PAX_FORMAT
    ) as archive:
        for name, path in sorted(files):
            with path.open("rb") as content:
                about = tarfile.TarInfo(name)
                about.size = os.fstat(content.fileno()).st_size
                archive.addfile(about, content)
    return stream.finish()


def files_of(folder: Path, inside: str) -> Iterator[tuple[str, Path]]:
    """Yield the files at or below a folder with their names in an archive.

    Hidden ones are left out: locks, and what has not been finished. Links are followed.

    Args:
        folder: to look in.
        inside: name of the folder in the archive.
    """
    seen = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        # A link may lead back to a folder above it.
        seen.add(os.path.realpath(place))
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(Path(place, name)) not in seen
        ]
        at = PurePosixPath(inside, Path(place).relative_to(folder).as_posix())
        for name in names:
            path = Path(place, name)
            if not name.startswith(".") and path.is_file():
                yield str(at / name), path


def unpack(
    chunks: Iterable[bytes], folder: Path, digest: str = "", most: int | None = None
) -> None:
    """Unpack an archive below a folder, which is made if it is not there.

    Args:
        chunks: of the archive, in order.
        folder: where to.
        digest: SHA-256 that the archive must have; empty: any.
        most: bytes that its files may have together; None: any number.

    Raises:
        TgbenchError: it is damaged, too large, or holds anything but files that belong below the
            folder.
        OSError: a file cannot be written.
    """
    make_folder(folder)
    stream = _Joined(chunks)
    try:
        with tarfile.open(mode="r|", fileobj=cast(IO[bytes], stream)) as archive:
            total = 0
            for count, member in enumerate(archive, 1):
                # By what they would take: a file with holes is small on its way.
                total += max(0, member.size)
                if count > MOST_FILES or (most is not None and total > most):
                    raise TgbenchError(
                        f"{folder}: what was sent holds {count} files of {total / 1e9:.2f} GB and "
                        f"maybe more; {MOST_FILES} files of {(most or 0) / 1e9:.2f} GB are the most"
                    )
                _unpack_member(archive, member, folder)
    except tarfile.TarError as error:
        raise TgbenchError(f"{folder}: what was sent is no whole archive ({error})") from error
    if digest and stream.finish() != digest:
        raise TgbenchError(f"{folder}: what was sent is damaged, its SHA-256 differs")


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    name = PurePosixPath(member.name)
    is_odd = re.search(r"[\x00-\x1f]", member.name) is not None
    is_elsewhere = name.is_absolute() or ".." in name.parts or not name.parts
    if not member.isreg() or is_odd or is_elsewhere:
        raise TgbenchError(
            f"{folder}: what was sent holds {member.name[:200]!r}, which is no file that belongs "
            "here"
        )
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    content = archive.extractfile(member)
    assert content is not None
    with content, target.open("xb") as file:
        shutil.copyfileobj(content, file)


class _Cut:
    """A file that hands over what is written to it in chunks of one size."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take
        self._held = bytearray()
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._held += data
        self._digest.update(data)
        while len(self._held) >= CHUNK:
            self._take(bytes(self._held[:CHUNK]))
            del self._held[:CHUNK]
        return len(data)

    def finish(self) -> str:
        if self._held:
            self._take(bytes(self._held))
        return self._digest.hexdigest()


class _Joined:
    """Chunks as one file, read from the start to the end."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._chunk = io.BytesIO()
        self._digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        found = self._chunk.read(size)
        while len(found) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._digest.update(chunk)
            self._chunk = io.BytesIO(chunk)
            found += self._chunk.read(size - len(found))
        return found

    def finish(self) -> str:
        """Return the SHA-256 of all chunks; an archive ends before its last bytes do."""
        while self.read(CHUNK):
            pass
        return self._digest.hexdigest()
