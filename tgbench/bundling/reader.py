"""Reading a bundle: what its manifest says must be there, and be what was put in."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..interfaces import Image
from ..running.result import LARGEST_RESULT, RESULT_FILE, Result, parse_result
from ..running.schema import Record, parse_record
from ..statistics import as_series
from .archive import Archive, first_line
from .contents import (
    BUNDLE_SCHEMA_VERSION,
    LARGEST_TABLE,
    MANIFEST,
    VALUES_FILE,
    BundledCase,
    FramesRecord,
    Manifest,
    beyond_limits,
    frame_name,
)

LARGEST_MANIFEST = 48 << 20
LARGEST_IMAGE = 64 << 20
"""Bytes."""

_HEAD, _PER_MEMBER, _PER_VALUE = 1 << 12, 512, 32
"""Bytes of JSON that are enough for each: what is small for a file may be much to parse."""


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
                f"{self.path}: {case.folder} holds {held - 2} frames, but its result has "
                f"{result.frames}"
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
            TgbenchError: they are damaged, or of more or fewer frames.
        """
        name = f"{case.folder}/{VALUES_FILE}"
        honest = _HEAD + len(result.metrics) * (_HEAD + _PER_VALUE * result.frames)
        text = self._read(name, min(honest, LARGEST_TABLE))
        table = _parsed(FramesRecord, text, f"{self.path}: {name}", "table of values")
        if more := sorted(table.values.keys() - result.metrics.keys()):
            raise TgbenchError(f"{self.path}: {name}: has values of {more[0][:50]!r}, no metric")
        for metric, values in table.values.items():
            if len(values) != result.frames:
                raise TgbenchError(
                    f"{self.path}: {name}: has {len(values)} values of {metric[:50]!r} "
                    f"for {result.frames} frames"
                )
        return {metric: as_series(values) for metric, values in table.values.items()}

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
        honest = _HEAD + len(self._archive.names) * _PER_MEMBER
        text = self._archive.read(MANIFEST, min(honest, LARGEST_MANIFEST))
        return _parsed(Manifest, text, f"{self.path}: {MANIFEST}", "manifest")

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


_Kind = TypeVar("_Kind", bound=Record)


def _parsed(kind: type[_Kind], text: bytes, where: str, what: str) -> _Kind:
    return parse_record(kind, text, where, BUNDLE_SCHEMA_VERSION, what, "get the bundle again")


def _folders(cases: list[str]) -> set[str]:
    return {*cases, *(f"{case}/frames" for case in cases)}
