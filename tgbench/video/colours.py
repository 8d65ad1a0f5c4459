"""Which colour spaces can be read as 8-bit RGB, and which are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import TgbenchError

_HDR = {16: "PQ", 18: "HLG"}
"""Transfer characteristics (ITU-T H.273, table 3) that are brighter than a usual screen."""

_TO_SDR = "zscale=t=bt709:m=bt709:p=bt709:r=tv,format=yuv420p"

_UNKNOWN_MATRICES = {
    8: "YCgCo",
    10: "BT.2020 of constant luminance",
    11: "SMPTE 2085",
    12: "of its primaries, not constant in luminance",
    13: "of its primaries, constant in luminance",
    14: "ICtCp",
    15: "IPT-C2",
}
"""Matrix coefficients (ITU-T H.273, table 4) that libswscale takes for BT.601 without a word."""

_WIDE = {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
"""Colour primaries (ITU-T H.273, table 2) wider than a usual screen's."""


def check_colours(frame: Any, path: Path) -> None:
    """Refuse a picture whose values would not look as they are meant to.

    Raises:
        TgbenchError: it is HDR, or its colours are coded in a way that cannot be read.
    """
    if frame.color_trc in _HDR:
        raise TgbenchError(
            f"{path}: is HDR ({_HDR[frame.color_trc]}); convert it to SDR first, both clips in the "
            f"same way, for example with `ffmpeg -i {path.name} -vf {_TO_SDR} -c:a copy sdr.mp4`"
        )
    if frame.colorspace in _UNKNOWN_MATRICES and not frame.format.is_rgb:
        raise TgbenchError(
            f"{path}: its colour matrix, {_UNKNOWN_MATRICES[frame.colorspace]}, is not supported; "
            "convert it to BT.709"
        )


def colour_notes(frame: Any) -> list[str]:
    """Return what a reader of the numbers must know of a picture's colours."""
    if frame.color_primaries in _WIDE:
        return [f"{_WIDE[frame.color_primaries]} colours were read without conversion"]
    return []
