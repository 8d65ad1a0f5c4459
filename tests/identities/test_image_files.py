"""PNG files of an identity, read back by two other programs."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from tgbench.identities.image_files import encode_png


@pytest.mark.parametrize(
    ("shape", "mode"), [((5, 7), "L"), ((1, 3, 3), "RGB"), ((40, 33, 4), "RGBA")]
)
def test_png_files_are_read_back_exactly(shape: tuple[int, ...], mode: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    content = encode_png(image)
    by_pillow = Image.open(io.BytesIO(content))
    assert by_pillow.mode == mode
    assert (np.asarray(by_pillow) == image).all()
    by_opencv = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (
        (by_opencv[..., :3][..., ::-1] == image[..., :3]).all()
        if image.ndim == 3
        else (by_opencv == image).all()
    )


def test_a_flat_map_takes_few_bytes() -> None:
    assert len(encode_png(np.full((512, 512, 3), 255, np.uint8))) < 8000
