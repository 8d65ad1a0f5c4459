"""What a pixel of a training frame shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tgbench.identities import HAIR, HEAD, INNER_MOUTH

BEHIND, FACE, HAIRS, MOUTH, IGNORED, TEETH = 0, 1, 2, 3, 4, 5
"""Labels of a pixel: outside the head, its surface, its hair, inside of the mouth, ignored, and
inside of the mouth in both masks."""

INSIDE = (MOUTH, TEETH)


def label_pixels(
    parsing: NDArray[np.uint8], teeth: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Turn a segmentation in the layout's colours and a teeth mask into labels, uint8 [H, W].

    The inside of the mouth is the union of the two masks (supplement B.2).
    """
    packed = parsing.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    labels = np.full(packed.shape, BEHIND, np.uint8)
    for colour, label in ((HEAD, FACE), (HAIR, HAIRS), (INNER_MOUTH, MOUTH)):
        labels[packed == (colour[0] << 16 | colour[1] << 8 | colour[2])] = label
    if teeth is not None:
        labels[teeth] = np.where(labels[teeth] == MOUTH, TEETH, MOUTH)
    return labels
