"""The visible label of synthetic videos."""

from __future__ import annotations

import cv2
import numpy as np

from ..arrays import Image

TEXT = "SYNTHETIC"
NOTE = "its frames carry a visible label"
"""How the metadata of a video say so."""

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SHARE_OF_HEIGHT = 0.028
_OPACITY = 0.55


def draw_label(image: Image, opacity: float = _OPACITY) -> Image:
    """Return a copy of an image with a small note in the lower right.

    Args:
        image: uint8 RGB [H, W, 3].
        opacity: of the box behind the note; 1 covers what is there, another label too.
    """
    height, width = image.shape[:2]
    text_height = max(5, round(height * _SHARE_OF_HEIGHT))
    scale = cv2.getFontScaleFromHeight(_FONT, text_height, 1)
    (text_width, _), _ = cv2.getTextSize(TEXT, _FONT, scale, 1)
    margin = max(2, text_height // 2)
    left, top = max(0, width - text_width - 3 * margin), max(0, height - text_height - 3 * margin)
    right, bottom = width - margin, height - margin
    labelled = image.copy()
    box = labelled[top:bottom, left:right]
    box[:] = (box * (1.0 - opacity)).astype(np.uint8)
    origin = (left + margin, bottom - margin)
    cv2.putText(labelled, TEXT, origin, _FONT, scale, (235, 235, 235), 1, cv2.LINE_AA)
    return labelled
