"""Reading an archive which anyone may have made, with any intent.

Nothing is unpacked: members are read into memory one at a time, and only those whose names a
bundle may have. Nothing in it is compressed and members may not overlap, so that what is read is
never more than what was sent.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Iterator, Set
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..errors import TgbenchError
from .contents import MANIFEST, MEMBER, MOST_MEMBERS

LARGEST_DIRECTORY = 16 << 20
"""Bytes of an archive's list of members."""

_FLAG_ENCRYPTED = 0x1
_FIRST = b"PK"
_DAMAGES = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    OverflowError,
    struct.error,
)


class Archive:
    """An archive whose list of members was checked as a whole.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        """Open it and check its list of members.

        Raises:
            TgbenchError: it is missing, no archive, cut short, or holds what no bundle may.
        """
        self.path = path
        if not path.is_file():
            raise TgbenchError(f"{path}: no such file; make one with `tgbench bundle OUT`")
        with ExitStack() as opened:
            with self._told("is no bundle: not a zip archive, or cut short"):
                file = opened.enter_context(_GuardedFile(path))
                if file.read(len(_FIRST)) != _FIRST:
                    raise zipfile.BadZipFile("it begins with something else")
                self._archive = opened.enter_context(zipfile.ZipFile(file))
            file.most = None
            self._members = self._checked(self._archive.infolist())
            self._opened = opened.pop_all()

    @property
    def names(self) -> Set[str]:
        """Of its members."""
        return self._members.keys()

    def read(self, name: str, limit: int) -> bytes:
        """Return a member.

        Args:
            name: of it.
            limit: how many bytes it may have.

        Raises:
            TgbenchError: it is missing, damaged or too large.
        """
        if name not in self._members:
            raise TgbenchError(f"{self.path}: lacks {name}; is no bundle, or not a whole one")
        member = self._members[name]
        if member.file_size > limit:
            raise TgbenchError(
                f"{self.path}: {name} has {member.file_size} bytes, {limit} are allowed"
            )
        with self._told(f"{name} is damaged"), self._archive.open(member) as stream:
            return stream.read(limit + 1)

    def close(self) -> None:
        """Close the file."""
        self._opened.close()

    def _checked(self, members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        """Return members by name.

        Raises:
            TgbenchError: there is one that no bundle has.
        """
        if len(members) > MOST_MEMBERS:
            raise TgbenchError(
                f"{self.path}: holds {len(members)} members, a bundle has {MOST_MEMBERS} at most"
            )
        found: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            name = member.orig_filename
            if name in found:
                raise TgbenchError(f"{self.path}: holds {name!r} twice")
            if reason := _refused(member):
                raise TgbenchError(f"{self.path}: holds {name[:200]!r}, {reason}; is no bundle")
            found[name] = member
        held = sum(member.file_size for member in members)
        if held > self.path.stat().st_size:
            raise TgbenchError(
                f"{self.path}: its members overlap, or are said to be larger than the archive is"
            )
        return found

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Turn what the zip module raises on damaged archives into one kind of error."""
        try:
            yield
        except _DAMAGES as error:
            raise TgbenchError(f"{self.path}: {what} ({first_line(error)})") from error


class _GuardedFile(io.FileIO):
    """A file that refuses to be read in larger pieces than a list of members may have.

    The zip module reads that list at once, and makes objects of it that take six times as much.

    Attributes:
        most: bytes of one piece; None: any.
    """

    most: int | None = LARGEST_DIRECTORY

    def read(self, size: int | None = -1, /) -> bytes:
        """Return as many bytes as asked for, or all that are left.

        Raises:
            BadZipFile: they are too many.
        """
        if self.most is not None and size is not None and size > self.most:
            raise zipfile.BadZipFile(f"its list of members has more than {self.most} bytes")
        return super().read(size)


def _refused(member: zipfile.ZipInfo) -> str:
    """Return why a member may not be in a bundle; empty: it may."""
    name = member.orig_filename
    kind = stat.S_IFMT(member.external_attr >> 16)
    if name != MANIFEST and not MEMBER.fullmatch(name):
        return "a name that no member of a bundle has"
    if kind not in (0, stat.S_IFREG):
        return "which is a link or a device, no file"
    if member.flag_bits & _FLAG_ENCRYPTED:
        return "which is encrypted"
    if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
        return "which is compressed"
    return ""


def first_line(error: BaseException) -> str:
    """Return the start of what an error says, or its kind."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
