"""Which video belongs to an identity and its driver: by its place in a folder, or by a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ...alignment.rules import AlignmentRules
from ...errors import TgbenchError
from ...inputs import read_text, reason
from ...metrics.folders import VIDEOS

_COLUMNS = ("identity", "driver", "video")
_RULES = "align"
_MOST_NAMED = 5


@dataclass(frozen=True)
class Found:
    """A video, or a folder of images.

    Attributes:
        path: of it.
        name: its path in the folder of videos.
        rules: of its own, by name; see `AlignmentRules`.
    """

    path: Path
    name: str
    rules: Mapping[str, Any] = field(default_factory=dict)


class VideoFolder:
    """The videos of a system."""

    def __init__(self, folder: Path, table: str = "") -> None:
        """Look at the folder, and read the table if there is one.

        Args:
            folder: of the videos.
            table: name of a CSV in it with the columns identity, driver, video and, if some have
                rules of their own, align; empty: a video is `<identity>/<driver>.mp4`, or has
                another ending, or is a folder of images.

        Raises:
            TgbenchError: there is no such folder or table, or a row of it is wrong.
        """
        if not folder.is_dir():
            raise TgbenchError(f"{folder}: no such folder; give that of the videos")
        self.path = folder
        self._table = folder / table if table else None
        self._rows = _read_table(self._table) if self._table else {}

    def find(self, identity: str, driver: str) -> Found:
        """Return the video of an identity that something drives.

        Raises:
            TgbenchError: there is none, or there are two.
        """
        if self._table is not None:
            return self._listed(self._table, identity, driver)
        found = self._of(identity).get(driver, [])
        if len(found) > 1:
            raise TgbenchError(
                f"{found[0]}: {found[1].name} beside it has the same name; keep one of them"
            )
        if not found:
            wanted = self.path / identity / f"{driver}.mp4"
            raise TgbenchError(f"{wanted}: no such video{self._others(identity)}")
        return Found(found[0], f"{identity}/{found[0].name}")

    def _listed(self, table: Path, identity: str, driver: str) -> Found:
        found = self._rows.get((identity, driver))
        if found is None:
            raise TgbenchError(
                f"{table}: has no row for '{identity}' driven by '{driver}'; add one, or leave "
                "this case out"
            )
        if not found.path.exists():
            raise TgbenchError(f"{found.path}: no such video, although {table.name} names it")
        return found

    def _of(self, identity: str) -> dict[str, list[Path]]:
        """Return the clips of an identity by name without ending."""
        folder, found = self.path / identity, dict[str, list[Path]]()
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.name.startswith("."):
                continue
            if path.is_dir():
                found.setdefault(path.name, []).append(path)
            elif path.suffix.lower() in VIDEOS:
                found.setdefault(path.stem, []).append(path)
        return found

    def _others(self, identity: str) -> str:
        names = list(self._of(identity))
        if not names:
            return f"; {self.path / identity} holds no videos"
        more = ", ..." if len(names) > _MOST_NAMED else ""
        return f"; there are {', '.join(names[:_MOST_NAMED])}{more}"


def _read_table(path: Path) -> dict[tuple[str, str], Found]:
    """Return the rows of a table by identity and driver.

    Raises:
        TgbenchError: it cannot be read, or a row is wrong; the message names its line.
    """
    try:
        rows = csv.DictReader(io.StringIO(read_text(path)), strict=True)
        heads = [head.strip() for head in rows.fieldnames or ()]
        rows.fieldnames = heads
        if missing := [name for name in _COLUMNS if name not in heads]:
            raise TgbenchError(
                f"{path}: has no column {missing[0]}; its first line is {','.join(_COLUMNS)}, and "
                f"{_RULES} where videos have rules of their own"
            )
        if odd := [head for head in heads if head not in (*_COLUMNS, _RULES)]:
            raise TgbenchError(f"{path}: has a column '{odd[0]}' that means nothing; remove it")
        return _rows(path, rows)
    except (OSError, ValueError, csv.Error) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise TgbenchError(f"{path}: cannot be read as a CSV ({why})") from error


def _rows(path: Path, rows: csv.DictReader[str]) -> dict[tuple[str, str], Found]:
    found: dict[tuple[str, str], Found] = {}
    lines: dict[tuple[str, str], int] = {}
    for row in rows:
        where = f"{path}, line {rows.line_num}"
        cells = {head: (text or "").strip() for head, text in row.items() if head is not None}
        if None in row or any(row[head] is None for head in cells):
            raise TgbenchError(f"{where}: has {len(row)} cells for {len(rows.fieldnames or ())}")
        if empty := [name for name in _COLUMNS if not cells[name]]:
            raise TgbenchError(f"{where}: {empty[0]} is empty; fill it in")
        key = cells["identity"], cells["driver"]
        if key in found:
            raise TgbenchError(
                f"{where}: '{key[0]}' driven by '{key[1]}' has a video in line {lines[key]} "
                "already; keep one"
            )
        video = PurePosixPath(cells["video"])
        if video.is_absolute() or ".." in video.parts or "\0" in cells["video"]:
            raise TgbenchError(f"{where}: {video} leads out of {path.parent}; put it inside")
        try:
            rules = AlignmentRules.parse(cells.get(_RULES, ""))
        except TgbenchError as error:
            raise TgbenchError(f"{where}: {_RULES}: {error}") from error
        found[key] = Found(path.parent / video, str(video), rules)
        lines[key] = rows.line_num
    return found
