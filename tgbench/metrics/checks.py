"""What image metrics ask of a pair of frames."""

from __future__ import annotations

import numpy as np

from ..arrays import Image
from ..errors import TgbenchError


def require_alike(prediction: Image, target: Image) -> None:
    """Check that two frames can be compared pixel by pixel.

    Raises:
        TgbenchError: they differ in size, or one is not uint8 RGB [H, W, 3].
    """
    for name, image in (("prediction", prediction), ("target", target)):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise TgbenchError(
                f"the {name} is {image.dtype} {image.shape}; image metrics take uint8 RGB (H, W, 3)"
            )
    if prediction.shape != target.shape:
        sizes = " and ".join(f"{image.shape[1]}x{image.shape[0]}" for image in (prediction, target))
        raise TgbenchError(
            f"prediction and target differ in size ({sizes}); they are never resized, render at "
            "the target's size"
        )
