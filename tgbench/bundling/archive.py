"""Reading a bundle, which anyone may have made, with any intent.

Nothing is unpacked: members are read into memory one at a time, and only those whose names a
bundle may have. Nothing in it is compressed and members may not overlap, so that what is read is
never more than what was sent.
"""

from __future__ import annotations

import hashlib
import io
import json
import stat
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np
import pandas as pd
from pydantic import ValidationError

from ..errors import TgbenchError
from ..interfaces import Image
from ..running.result import FRAMES_FILE, RESULT_FILE, Result, parse_result
from .contents import BUNDLE_SCHEMA_VERSION, MANIFEST, MEMBER, BundledCase, Manifest, frame_name

MOST_MEMBERS = 1_000_000
LARGEST_JSON = 256 << 20
LARGEST_TABLE = 256 << 20
LARGEST_IMAGE = 64 << 20
"""Bytes of one member; a manifest of a million frames has about 150 MB."""

MOST_COLUMNS = 1000
LONGEST_SIDE = 8192
"""Pixels."""

_FLAG_ENCRYPTED = 0x1
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


class BundleReader:
    """A bundle that was checked as a whole; each member is checked again when it is read.

    Attributes:
        path: of the archive.
        manifest: what it says is in it.
    """

    def __init__(self, path: Path) -> None:
        """Open an archive and check its list of members.

        Raises:
            TgbenchError: it is missing, no archive, no bundle, of a newer schema, cut short, or
                holds what a bundle may not.
        """
        self.path = path
        if not path.is_file():
            raise TgbenchError(f"{path}: no such file; make one with `tgbench bundle OUT`")
        with self._told("is no bundle: not a zip archive, or cut short"):
            self._archive = zipfile.ZipFile(path)
        try:
            self._members = self._checked(self._archive.infolist())
            self.manifest = self._manifest()
        except BaseException:
            self._archive.close()
            raise

    def __enter__(self) -> BundleReader:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._archive.close()

    def result(self, case: BundledCase) -> Result:
        """Return the result of a case.

        Raises:
            TgbenchError: it is damaged, or larger than anything that is measured.
        """
        name = f"{case.folder}/{RESULT_FILE}"
        result = parse_result(self._read(name, LARGEST_JSON), f"{self.path}: {name}")
        if max(result.identity.width, result.identity.height) > LONGEST_SIDE:
            raise TgbenchError(f"{self.path}: {name}: frames are larger than {LONGEST_SIDE} pixels")
        held = self._held[case.folder]
        if held != result.frames + 2:
            raise TgbenchError(
                f"{self.path}: {case.folder} holds {held - 2} frames, its result tells "
                f"of {result.frames}"
            )
        if len(case.target_frames) not in (0, result.frames):
            raise TgbenchError(
                f"{self.path}: {case.folder} has hashes of {len(case.target_frames)} "
                f"ground-truth frames for {result.frames} frames"
            )
        return result

    def frame_values(self, case: BundledCase, frames: int) -> dict[str, np.ndarray]:
        """Return values of single frames [T] by column, NaN where there is none.

        Raises:
            TgbenchError: the table is damaged, or has other rows than frames.
        """
        import pyarrow
        import pyarrow.parquet

        name = f"{case.folder}/{FRAMES_FILE}"
        data = self._read(name, LARGEST_TABLE)
        try:
            stored = pyarrow.parquet.ParquetFile(io.BytesIO(data))
            about = stored.metadata
            if about.num_rows != frames or about.num_columns > MOST_COLUMNS:
                raise TgbenchError(
                    f"{self.path}: {name}: has {about.num_rows} rows and {about.num_columns} "
                    f"columns for {frames} frames"
                )
            numbers = [
                field.name
                for field in stored.schema_arrow
                if pyarrow.types.is_integer(field.type) or pyarrow.types.is_floating(field.type)
            ]
            table = pd.DataFrame(
                {column: stored.read([column])[column].to_numpy() for column in numbers}
            )
        except (pyarrow.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
            raise TgbenchError(f"{self.path}: {name}: is no table ({_first_line(error)})") from None
        return {str(column): table[column].to_numpy(np.float64) for column in table}

    def frames(self, case: BundledCase, result: Result) -> Iterator[Image]:
        """Yield what the method rendered, uint8 RGB [H, W, 3].

        Raises:
            TgbenchError: a frame is damaged, missing, or of another size.
        """
        size = (result.identity.width, result.identity.height)
        for index in range(result.frames):
            name = frame_name(case.folder, index)
            yield self._decoded(name, self._read(name, LARGEST_IMAGE), size)

    def _decoded(self, name: str, data: bytes, size: tuple[int, int]) -> Image:
        import PIL.Image

        try:
            # The size is in the head: nothing is decoded before it is known.
            with PIL.Image.open(io.BytesIO(data), formats=["PNG"]) as image:
                if image.size != size or image.mode != "RGB":
                    raise TgbenchError(
                        f"{self.path}: {name}: is {image.mode} of {image.width}x{image.height}, "
                        f"expected RGB of {size[0]}x{size[1]}"
                    )
                return np.asarray(image)
        except TgbenchError:
            raise
        except Exception as error:
            # A decoder of hostile bytes may raise anything; all of it means the same.
            raise TgbenchError(
                f"{self.path}: {name}: is no PNG image ({_first_line(error)})"
            ) from error

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

    def _manifest(self) -> Manifest:
        where = f"{self.path}: {MANIFEST}"
        data = self._bytes(MANIFEST, LARGEST_JSON)
        try:
            raw = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise TgbenchError(f"{where}: is no JSON ({_first_line(error)})") from error
        version = raw.get("schema_version") if isinstance(raw, dict) else None
        if isinstance(version, int) and version > BUNDLE_SCHEMA_VERSION:
            raise TgbenchError(
                f"{where}: was written by a newer tgbench (schema {version}, this one reads "
                f"{BUNDLE_SCHEMA_VERSION}); upgrade tgbench"
            )
        try:
            manifest = Manifest.model_validate(raw)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise TgbenchError(f"{where}: is no manifest ({place}: {first['msg']})") from error
        self._compare(manifest)
        return manifest

    def _compare(self, manifest: Manifest) -> None:
        """Hold the list of members to what the manifest says.

        Raises:
            TgbenchError: something is missing, or there is more.
        """
        said, there = set(manifest.files), set(self._members) - {MANIFEST}
        if missing := sorted(said - there):
            raise TgbenchError(f"{self.path}: lacks {missing[0][:200]!r}, which {MANIFEST} lists")
        if more := sorted(there - said):
            raise TgbenchError(f"{self.path}: holds {more[0]!r}, which {MANIFEST} does not list")
        self._held = Counter("/".join(name.split("/")[:2]) for name in there)
        folders = [case.folder for case in manifest.cases]
        if not folders or len(set(folders)) < len(folders):
            raise TgbenchError(f"{self.path}: {MANIFEST} lists no cases, or one of them twice")
        if unclaimed := sorted({name.rpartition("/")[0] for name in there} - _folders(folders)):
            raise TgbenchError(f"{self.path}: {unclaimed[0]} belongs to no case")

    def _read(self, name: str, limit: int) -> bytes:
        """Return a member whose hash is the manifest's.

        Raises:
            TgbenchError: it is missing, damaged, too large, or another one.
        """
        data = self._bytes(name, limit)
        if hashlib.sha256(data).hexdigest() != self.manifest.files.get(name):
            raise TgbenchError(
                f"{self.path}: {name} is not what {MANIFEST} says (its SHA-256 differs); the "
                "bundle was changed after it was made"
            )
        return data

    def _bytes(self, name: str, limit: int) -> bytes:
        if name not in self._members:
            raise TgbenchError(f"{self.path}: lacks {name}; is no bundle, or not a whole one")
        member = self._members[name]
        if member.file_size > limit:
            raise TgbenchError(
                f"{self.path}: {name} has {member.file_size} bytes, {limit} are allowed"
            )
        with self._told(f"{name} is damaged"), self._archive.open(member) as stream:
            return stream.read(limit + 1)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Turn what the zip module raises on damaged archives into one kind of error."""
        try:
            yield
        except _DAMAGES as error:
            raise TgbenchError(f"{self.path}: {what} ({_first_line(error)})") from error


def _folders(cases: list[str]) -> set[str]:
    return {*cases, *(f"{case}/frames" for case in cases)}


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


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
