"""What every method checks before it fits or renders."""

from __future__ import annotations

import numpy as np
import torch

from tgbench.errors import TgbenchError
from tgbench.interfaces import Drive
from tgbench.plugins import audio_encoder_of


def usable_device(device: str, method: str) -> torch.device:
    """Return a device that this machine has, a CPU or one of CUDA.

    Args:
        device: such as "cpu" or "cuda".
        method: what the error calls who cannot use it.

    Raises:
        TgbenchError: it is of another kind, or torch sees none.
    """
    found = torch.device(device)
    if found.type not in ("cpu", "cuda"):
        raise TgbenchError(f"{method} runs on cpu and cuda, not on '{device}'")
    if found.type == "cuda" and not torch.cuda.is_available():
        raise TgbenchError(
            f"'{device}': torch {torch.__version__} sees no CUDA device; install a torch built for "
            "CUDA and its driver, or run with --device cpu"
        )
    return found


def check_drive(drive: Drive, config: object) -> None:
    """Refuse a drive that a method with these settings cannot render.

    Raises:
        TgbenchError: its audio features are of another kind than those of the settings, or a pose
            holds NaN or infinity.
    """
    encoder, window = audio_encoder_of(config), drive.features.shape[1:]
    if drive.encoder != encoder.name or window != encoder.window:
        raise TgbenchError(
            f"the driving audio features are {drive.encoder} of {window[0]} x {window[1]}; "
            f"drive with {encoder.name} of {encoder.window[0]} x {encoder.window[1]}, as fitted"
        )
    finite = np.isfinite(drive.poses).all(axis=(1, 2))
    if not finite.all():
        raise TgbenchError(
            f"the driving pose of frame {int(np.argmin(finite))} holds NaN or infinity; track the "
            "head again or prepare the clip again"
        )
