"""What a table shows, and what stands at its side and in its head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tgbench.errors import TgbenchError, suggest

FIELDS = ("method", "identity", "driver", "protocol")
"""What tells the numbers of one metric apart."""

_ALIASES = {"audio": "driver"}


@dataclass(frozen=True)
class Shape:
    """How a table is laid out; what is neither in rows nor in columns makes blocks.

    Attributes:
        metrics: to show, in this order; empty for all that were measured, in the field's order.
        rows: fields at the side, the outermost first.
        columns: fields of the heads above the metrics, the outermost first.
        protocol: the only one that is shown; empty for all.
        published: the table of the paper that it is modelled on; 0: none.
    """

    metrics: tuple[str, ...] = ()
    rows: tuple[str, ...] = ("method",)
    columns: tuple[str, ...] = ()
    protocol: str = ""
    published: int = 0

    def __post_init__(self) -> None:
        """Check that every field has one place.

        Raises:
            TgbenchError: a field is unknown or stands twice, or methods are not at the side.
        """
        fields = (*self.rows, *self.columns)
        for field in fields:
            if field not in FIELDS:
                raise suggest(field, (*FIELDS, *_ALIASES), "field of a table")
            if fields.count(field) > 1:
                raise TgbenchError(f"{field}: stands twice among rows and columns; name it once")
        for metric in self.metrics:
            if self.metrics.count(metric) > 1:
                raise TgbenchError(f"{metric}: is named twice among the metrics; name it once")
        if "method" not in self.rows:
            raise TgbenchError("a table compares methods within a column; add 'method' to the rows")

    @property
    def blocks(self) -> tuple[str, ...]:
        """Fields that are neither at the side nor in the head, without the protocol."""
        return tuple(
            field for field in FIELDS if field not in (*self.rows, *self.columns, "protocol")
        )

    @property
    def joins_protocols(self) -> bool:
        """Whether protocols stand in one table."""
        return "protocol" in (*self.rows, *self.columns)


PLAIN = Shape()

_QUALITY = ("psnr", "lpips", "ssim_face_aligned", "ssim_face", "lmd", "aue_l", "aue_u", "sync_c")
_SYNC = ("sync_e", "sync_c")
_SELF = "self_reconstruction"

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "table1": Shape((*_QUALITY, "training_time", "fps"), protocol=_SELF, published=1),
        "table2": Shape(_SYNC, columns=("driver", "identity"), protocol="lipsync", published=2),
        "table4": Shape(_QUALITY, protocol=_SELF, published=4),
        "table5": Shape(_QUALITY[:4], protocol=_SELF, published=5),
        "table6": Shape(_QUALITY, protocol=_SELF, published=6),
        "table7": Shape(_SYNC, columns=("driver",), protocol="lipsync", published=7),
    }
)
"""The shapes of the TalkingGaussian paper's tables, by name. Where the paper says SSIM, both its
OpenFace-aligned one and the suite's own stand."""


def fields_named(text: str) -> tuple[str, ...]:
    """Return the fields of a list with commas; `audio` is the driver."""
    return tuple(_ALIASES.get(name, name) for name in names(text))


def names(text: str) -> tuple[str, ...]:
    """Return the names of a list with commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
