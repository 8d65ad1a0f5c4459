"""Metrics, from Python: functions of arrays of frames, and the streaming classes behind them.

    from tgbench.metrics import lmd, psnr
    print(psnr(prediction, target), lmd(prediction, target))

Every name is loaded when it is first used, so importing this package loads no numerical library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..interfaces import MetricContext, MetricOptions
    from .functional import (
        aue_l_geometry,
        aue_u_geometry,
        frame_pairs,
        lip_agreement,
        lmd,
        lpips,
        measure,
        psnr,
        psnr_face,
        ssim,
        ssim_face,
        sync_c,
        sync_e,
    )
    from .image.lpips import Lpips
    from .image.psnr import Psnr, PsnrFace
    from .image.ssim import SsimFace, SsimWhole
    from .lips.lip_agreement import LipAgreement
    from .lips.lmd import Lmd

__all__ = [
    "LipAgreement",
    "Lmd",
    "Lpips",
    "MetricContext",
    "MetricOptions",
    "Psnr",
    "PsnrFace",
    "SsimFace",
    "SsimWhole",
    "aue_l_geometry",
    "aue_u_geometry",
    "frame_pairs",
    "lip_agreement",
    "lmd",
    "lpips",
    "measure",
    "psnr",
    "psnr_face",
    "ssim",
    "ssim_face",
    "sync_c",
    "sync_e",
]

_CLASSES = {
    "LipAgreement": ".lips.lip_agreement",
    "Lmd": ".lips.lmd",
    "Lpips": ".image.lpips",
    "MetricContext": "..interfaces",
    "MetricOptions": "..interfaces",
    "Psnr": ".image.psnr",
    "PsnrFace": ".image.psnr",
    "SsimFace": ".image.ssim",
    "SsimWhole": ".image.ssim",
}
"""The modules of the names that are not in `functional`."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(import_module(_CLASSES.get(name, ".functional"), __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
