"""How much worse a metric may get before that counts, in one place."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from tgbench.errors import TgbenchError
from tgbench.metrics.naming import metric_named

TOLERANCES = {
    "psnr": 0.2,
    "psnr_face": 0.2,
    "ssim": 0.005,
    "ssim_face": 0.005,
    "ssim_face_gaussian": 0.005,
    "ssim_face_skimage": 0.005,
    "ssim_face_aligned": 0.005,
    "lpips": 0.003,
    "lpips_vgg": 0.003,
    "lmd": 0.05,
    "lmd_relative": 0.001,
    "lmd_face": 0.05,
    "lmd_sum": 1.0,
    "lmd_absolute": 0.05,
    "aue_l": 0.05,
    "aue_u": 0.05,
    "aue_l_unmasked": 0.05,
    "aue_u_unmasked": 0.05,
    "aue_l_geometry": 0.2,
    "aue_u_geometry": 0.05,
    "au_l_pyfeat": 0.02,
    "au_u_pyfeat": 0.02,
    "sync_c": 0.2,
    "sync_e": 0.2,
    "sync_c_joonson": 0.2,
    "sync_e_joonson": 0.2,
    "sync_c_fast": 0.2,
    "sync_e_fast": 0.2,
    "lip_agreement": 0.05,
}
"""In each metric's own unit: less than what one would put into a changelog as a loss."""

OTHERS = 0.02
"""Of any other metric, as a share of the baseline's value."""


def default_tolerance(metric: str, value: float) -> float:
    """Return how much worse than a baseline's value a metric may get."""
    return TOLERANCES.get(metric, OTHERS * abs(value))


def parse_tolerances(pairs: Sequence[str], known: Collection[str] = ()) -> dict[str, float]:
    """Turn ["psnr=0.2", ...] into a dictionary.

    Args:
        pairs: as the user gave them.
        known: further metrics beside those that are installed.

    Raises:
        TgbenchError: not of this form, an unknown metric, or no number from 0 on.
    """
    tolerances: dict[str, float] = {}
    for pair in pairs:
        called, equals, text = pair.partition("=")
        if not equals or not called.strip():
            raise TgbenchError(f"--tolerance {pair}: expected METRIC=NUMBER, such as psnr=0.2")
        name = metric_named(called.strip(), known)
        if name in tolerances:
            raise TgbenchError(f"--tolerance {name}: given twice")
        try:
            tolerances[name] = float(text)
        except ValueError as error:
            raise TgbenchError(f"--tolerance {pair}: {text} is no number") from error
        if not (math.isfinite(tolerances[name]) and tolerances[name] >= 0.0):
            raise TgbenchError(f"--tolerance {pair}: must be a number from 0 on")
    return tolerances
