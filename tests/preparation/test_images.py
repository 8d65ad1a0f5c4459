"""Images that an earlier stage wrote, read back."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tgbench.errors import TgbenchError
from tgbench.identities.png import encode_png
from tgbench.preparation.images import read_grey, read_rgb

SIDE = 8


def test_colours_and_masks_are_read_back(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    (tmp_path / "image.png").write_bytes(encode_png(image))
    (tmp_path / "mask.png").write_bytes(encode_png(image[..., 0]))
    np.testing.assert_array_equal(read_rgb(tmp_path / "image.png", SIDE), image)
    np.testing.assert_array_equal(read_grey(tmp_path / "mask.png", SIDE), image[..., 0])
    flat = np.full((SIDE, SIDE, 3), (10, 20, 200), np.uint8)
    cv2.imwrite(str(tmp_path / "flat.jpg"), flat[..., ::-1])
    assert np.abs(read_rgb(tmp_path / "flat.jpg", SIDE).astype(int) - flat).max() <= 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"", "not an image, or is truncated"),
        (encode_png(np.zeros((SIDE, SIDE), np.uint8))[:-20], "not an image, or is truncated"),
        (encode_png(np.zeros((SIDE, SIDE + 1), np.uint8)), "is 9x8, not 8x8"),
    ],
)
@pytest.mark.parametrize("read", [read_rgb, read_grey])
def test_what_is_gone_damaged_or_of_another_size_is_named(read, content, said, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "0.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TgbenchError, match=rf"0\.png: .*{said}.*; delete the folder and prepare"):
        read(path, SIDE)
