"""Where the tables of OpenFace come from: the user, or `FeatureExtraction` on the path."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ...errors import TgbenchError, Unavailable
from ...files import sha256
from ...interfaces import FrameView, MetricContext
from .extraction import ExtractedTables
from .feature_extraction import PROGRAM, FeatureExtraction, find_program
from .table import OpenFaceTable, read_table

_REMEDY = (
    f"needs OpenFace 2.2.0, which is not on the path ({PROGRAM}): get it from "
    "https://github.com/TadasBaltrusaitis/OpenFace (licence: academic, non-commercial), or run "
    f"`{PROGRAM} -f VIDEO -aus` elsewhere on both videos, cut to the same range of frames, and "
    "give its tables with `tgbench score --action-units PREDICTION.csv TARGET.csv`"
)

_log = logging.getLogger("tgbench")


class Tables(Protocol):
    """Where the tables of both videos come from."""

    @property
    def why_not_joined(self) -> str:
        """Why parts of a clip cannot be joined; empty where they can."""

    def require(self, units: Sequence[str]) -> None:
        """Refuse what is known to lack a unit that is to be scored.

        Raises:
            Unavailable: it does.
        """

    def describe(self) -> str:
        """Return what measured: values compare only where this is the same."""

    def details(self) -> dict[str, str]:
        """Return which files the values come from."""

    def see(self, frame: FrameView) -> int:
        """See a frame, and return which frame of the tables it is, counted from 1."""

    def tables(self) -> tuple[OpenFaceTable, OpenFaceTable]:
        """Return the tables of prediction and target.

        Raises:
            Unavailable: they could not be made.
        """


class GivenTables:
    """Tables that the user gives."""

    why_not_joined = ""

    def __init__(self, prediction: Path, target: Path) -> None:
        """Read them.

        Raises:
            TgbenchError: one cannot be scored.
        """
        self._tables = read_table(prediction), read_table(target)
        lengths = [len(table) for table in self._tables]
        if lengths[0] != lengths[1]:
            _log.warning(
                "%s has %d rows and %s %d: OpenFace calibrates to the whole clip, so cut both "
                "videos to the same range before measuring them",
                prediction,
                lengths[0],
                target,
                lengths[1],
            )

    def require(self, units: Sequence[str]) -> None:
        """Refuse tables that lack a unit; see `OpenFaceTable.require`."""
        for table in self._tables:
            table.require(units)

    def describe(self) -> str:
        """Return what the user says of them."""
        return "OpenFace's tables as given"

    def details(self) -> dict[str, str]:
        """Return the hash of each."""
        names = ("prediction_table", "target_table")
        return {
            name: f"sha256 {sha256(table.path)[:12]}"
            for name, table in zip(names, self._tables, strict=True)
        }

    def see(self, frame: FrameView) -> int:
        """Return the frame's number as OpenFace counts."""
        return frame.index + 1

    def tables(self) -> tuple[OpenFaceTable, OpenFaceTable]:
        """Return them."""
        return self._tables


def action_unit_tables(context: MetricContext) -> Tables:
    """Return the one source of tables that all metrics of a suite use.

    Raises:
        Unavailable: no tables are given and OpenFace is not here, or a given one cannot be scored.
    """
    return context.shared.once("openface action units", lambda: _make_tables(context))


def _make_tables(context: MetricContext) -> Tables:
    if context.options.action_units is not None:
        try:
            return GivenTables(*context.options.action_units)
        except TgbenchError as error:
            # What needs no tables is measured all the same.
            raise Unavailable(str(error)) from error
    if find_program() is None:
        raise Unavailable(_REMEDY)
    return ExtractedTables(FeatureExtraction(), context.fps)
