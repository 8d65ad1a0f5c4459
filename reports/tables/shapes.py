"""What a table shows, and what stands at its side and in its head."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tgbench.errors import TgbenchError, suggest

from .settings import PREFIX, SETTINGS, is_setting, setting_title

FIELDS = ("method", "identity", "driver", "protocol")
"""What numbers of one metric differ in, beside settings that are asked for."""

_ALIASES = {"audio": "driver", "audio_features": f"{PREFIX}audio_features"}
_NAMES = (*FIELDS, *SETTINGS, *_ALIASES)


@dataclass(frozen=True)
class Shape:
    """How a table is laid out; what is neither in rows nor in columns makes blocks.

    Fields are `FIELDS` and settings. A setting that stands nowhere is part of the method's label
    where it differs; seeds that stand nowhere are averaged.

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
            TgbenchError: a field is unknown or stands twice, or nothing is at the side.
        """
        fields = (*self.rows, *self.columns)
        for field in fields:
            if field not in FIELDS and not is_setting(field):
                raise TgbenchError(_unknown(field))
            if fields.count(field) > 1:
                raise TgbenchError(f"{field}: stands twice among rows and columns; name it once")
        for metric in self.metrics:
            if self.metrics.count(metric) > 1:
                raise TgbenchError(f"{metric}: is named twice among the metrics; name it once")
        if not self.rows:
            raise TgbenchError("a table needs something at its side; name a field for the rows")

    @property
    def placed(self) -> tuple[str, ...]:
        """Fields at the side and in the head."""
        return *self.rows, *self.columns

    @property
    def settings(self) -> tuple[str, ...]:
        """Those of them that are settings."""
        return tuple(field for field in self.placed if is_setting(field))

    @property
    def blocks(self) -> tuple[str, ...]:
        """Fields that are neither at the side nor in the head, without the protocol."""
        return tuple(field for field in FIELDS if field not in (*self.placed, "protocol"))

    @property
    def joins_protocols(self) -> bool:
        """Whether protocols stand in one table."""
        return "protocol" in self.placed


PLAIN = Shape()


def _unknown(field: str) -> str:
    near = difflib.get_close_matches(field, _NAMES, n=1, cutoff=0.75)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return (
        f"unknown field of a table '{field}': {hint}known: {', '.join(_NAMES)}; for a setting of a "
        f"method's configuration write {PREFIX}{field}"
    )


def competes(field: str) -> bool:
    """Return whether what differs in a field is ranked: methods and settings are.

    Other people or sounds are other numbers, and another seed is luck.
    """
    return field == "method" or (is_setting(field) and field != "seed")


def field_title(field: str) -> str:
    """Return the head of a field's column."""
    return setting_title(field) if is_setting(field) else field.capitalize()


def headed(field: str, text: str) -> str:
    """Return what a field says where no head names the field: of a setting with its name."""
    return f"{setting_title(field).lower()} {text}" if is_setting(field) else text


_QUALITY = ("psnr", "lpips", "ssim_face_aligned", "ssim_face", "lmd", "aue_l", "aue_u", "sync_c")
_SYNC = ("sync_e", "sync_c")
_SELF = "self_reconstruction"
_PARTS = ("config.motion", "config.face_mouth_decomposition", "config.incremental_sampling")
_DECODED = ("config.predict_opacity", "config.predict_color")
_FEATURES = ("config.audio_features",)

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "table1": Shape((*_QUALITY, "training_time", "fps"), protocol=_SELF, published=1),
        "table2": Shape(_SYNC, columns=("driver", "identity"), protocol="lipsync", published=2),
        "table4": Shape(_QUALITY, ("method", *_PARTS), protocol=_SELF, published=4),
        "table5": Shape(_QUALITY[:4], ("method", *_DECODED), protocol=_SELF, published=5),
        "table6": Shape(_QUALITY, ("method", *_FEATURES), protocol=_SELF, published=6),
        "table7": Shape(
            _SYNC, (*_FEATURES, "method"), ("driver",), protocol="cross_lingual", published=7
        ),
    }
)
"""The shapes of the TalkingGaussian paper's tables, by name. Where the paper says SSIM, both its
OpenFace-aligned one and the suite's own stand."""

VARIED: frozenset[str] = frozenset(field for shape in SHAPES.values() for field in shape.settings)
"""Settings that tables of the paper vary."""


USER_STUDY = Path(__file__).parents[1] / "published" / "table3_user_study.csv"
"""Ratings from 1 to 5 by method, of which the suite makes no table."""


def shape_named(name: str) -> Shape:
    """Return a shape of the paper's tables.

    Raises:
        TgbenchError: there is none of this name.
    """
    plain = shape_key(name)
    if plain in SHAPES:
        return SHAPES[plain]
    if plain == "table3":
        raise TgbenchError(
            "--shape table3: table 3 of the paper is its user study, in which 16 people "
            "rated lip-sync accuracy, image quality and realness of videos from 1 to 5; no metric "
            "measures that, so results have no such table: ask people with `tgbench study` (the "
            f"published ratings are in {USER_STUDY}); shapes: {', '.join(SHAPES)}"
        )
    raise suggest(name, SHAPES, "shape")


def shape_key(name: str) -> str:
    """Return a name of a shape as `SHAPES` writes it: "Table 1" and "1" are "table1"."""
    plain = name.strip().lower().replace(" ", "").replace("_", "")
    return f"table{plain}" if plain.isdigit() else plain


def fields_named(fields: Iterable[str]) -> tuple[str, ...]:
    """Return the fields of a table; `audio` is short for the driver, and so on."""
    return tuple(_ALIASES.get(name, name) for name in fields)
