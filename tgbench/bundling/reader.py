"""Reading a bundle: what its manifest says must be there, and be what was put in."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..interfaces import Image
from ..running.result import FRAMES_FILE, RESULT_FILE, Result, parse_result
from ..running.schema import parse_record
from .archive import Archive, first_line
from .contents import (
    BUNDLE_SCHEMA_VERSION,
    MANIFEST,
    BundledCase,
    Manifest,
    beyond_limits,
    frame_name,
)

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

LARGEST_MANIFEST = 48 << 20
LARGEST_RESULT = 1 << 20
LARGEST_TABLE = 64 << 20
LARGEST_IMAGE = 64 << 20
"""Bytes."""

MOST_COLUMNS = 1000
_TABLE_CODECS = frozenset({"UNCOMPRESSED", "SNAPPY"})
"""With others a small table may unpack to more than any memory holds."""


class BundleReader:
    """A bundle that was checked as a whole; each member is checked again when it is read.

    Decoders of hostile bytes may raise anything; all of it means that the bundle is damaged.

    Attributes:
        path: of the archive.
        manifest: what it says is in it.
    """

    def __init__(self, path: Path) -> None:
        """Open an archive and hold it to its manifest.

        Raises:
            TgbenchError: it is missing, no archive, no bundle, of a newer schema, cut short, or
                holds what a bundle may not.
        """
        self.path = path
        self._archive = Archive(path)
        try:
            self.manifest = self._manifest()
            self._held = self._compared()
        except BaseException:
            self._archive.close()
            raise

    def __enter__(self) -> BundleReader:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._archive.close()

    def result(self, case: BundledCase) -> Result:
        """Return the result of a case.

        Raises:
            TgbenchError: it is damaged, or larger than anything that is measured.
        """
        name = f"{case.folder}/{RESULT_FILE}"
        result = parse_result(self._read(name, LARGEST_RESULT), f"{self.path}: {name}")
        if reason := beyond_limits(result):
            raise TgbenchError(f"{self.path}: {name}: {reason}")
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

    def frame_values(self, case: BundledCase, result: Result) -> dict[str, NDArray[np.float64]]:
        """Return values of single frames [T] by metric, NaN where there is none.

        Raises:
            TgbenchError: the table is damaged, or has other rows than frames.
        """
        import pyarrow
        import pyarrow.parquet

        name = f"{case.folder}/{FRAMES_FILE}"
        data = self._read(name, LARGEST_TABLE)
        try:
            stored = pyarrow.parquet.ParquetFile(io.BytesIO(data))
            if reason := _table_refused(stored.metadata, result.frames):
                raise TgbenchError(f"{self.path}: {name}: {reason}")
            numbers = [
                field.name
                for field in stored.schema_arrow
                if field.name in result.metrics
                and (pyarrow.types.is_integer(field.type) or pyarrow.types.is_floating(field.type))
            ]
            values = {
                column: stored.read([column])[column].to_numpy().astype(np.float64)
                for column in numbers
            }
        except TgbenchError:
            raise
        except Exception as error:
            raise TgbenchError(f"{self.path}: {name}: is no table ({first_line(error)})") from error
        for column, series in values.items():
            if series.shape != (result.frames,):
                raise TgbenchError(
                    f"{self.path}: {name}: is damaged ('{column}' has {len(series)} values "
                    f"for {result.frames} frames)"
                )
        return values

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

        stream, too_large = io.BytesIO(data), PIL.Image.DecompressionBombWarning
        try:
            # The size is in the head: nothing is decoded before it is known.
            with (
                warnings.catch_warnings(action="ignore", category=too_large),
                PIL.Image.open(stream, formats=["PNG"]) as image,
            ):
                if image.size != size or image.mode != "RGB":
                    raise TgbenchError(
                        f"{self.path}: {name}: is {image.mode} of {image.width}x{image.height}, "
                        f"expected RGB of {size[0]}x{size[1]}"
                    )
                return np.asarray(image)
        except TgbenchError:
            raise
        except Exception as error:
            raise TgbenchError(
                f"{self.path}: {name}: is no PNG image ({first_line(error)})"
            ) from error

    def _manifest(self) -> Manifest:
        return parse_record(
            Manifest,
            self._archive.read(MANIFEST, LARGEST_MANIFEST),
            f"{self.path}: {MANIFEST}",
            BUNDLE_SCHEMA_VERSION,
            "manifest",
            "get the bundle again",
        )

    def _compared(self) -> Counter[str]:
        """Hold the list of members to the manifest; return how many of them each case has.

        Raises:
            TgbenchError: something is missing, or there is more.
        """
        said, there = set(self.manifest.files), self._archive.names - {MANIFEST}
        if missing := sorted(said - there):
            raise TgbenchError(f"{self.path}: lacks {missing[0][:200]!r}, which {MANIFEST} lists")
        if more := sorted(there - said):
            raise TgbenchError(f"{self.path}: holds {more[0]!r}, which {MANIFEST} does not list")
        folders = [case.folder for case in self.manifest.cases]
        if not folders or len(set(folders)) < len(folders):
            raise TgbenchError(f"{self.path}: {MANIFEST} lists no cases, or one of them twice")
        if unclaimed := sorted({name.rpartition("/")[0] for name in there} - _folders(folders)):
            raise TgbenchError(f"{self.path}: {unclaimed[0]} belongs to no case")
        return Counter("/".join(name.split("/")[:2]) for name in there)

    def _read(self, name: str, limit: int) -> bytes:
        """Return a member whose hash is the manifest's.

        Raises:
            TgbenchError: it is missing, damaged, too large, or another one.
        """
        data = self._archive.read(name, limit)
        if hashlib.sha256(data).hexdigest() != self.manifest.files.get(name):
            raise TgbenchError(
                f"{self.path}: {name} is not what {MANIFEST} says (its SHA-256 differs); the "
                "bundle was changed after it was made"
            )
        return data


def _table_refused(about: FileMetaData, frames: int) -> str:
    """Return why a table cannot be that of so many frames; empty: it can."""
    parts = [about.row_group(part) for part in range(about.num_row_groups)]
    rows = {about.num_rows, sum(abs(part.num_rows) for part in parts)}
    if rows != {frames} or about.num_columns > MOST_COLUMNS:
        return f"has {max(rows)} rows and {about.num_columns} columns for {frames} frames"
    columns = range(about.num_columns)
    codecs = {part.column(column).compression for part in parts for column in columns}
    return "" if codecs <= _TABLE_CODECS else "is compressed in another way than tables of tgbench"


def _folders(cases: list[str]) -> set[str]:
    return {*cases, *(f"{case}/frames" for case in cases)}
