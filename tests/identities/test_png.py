"""PNG files, read and written beside two other programs."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from tgbench.identities.image_files import decoded
from tgbench.identities.png import decode_png, encode_png

MODES = {(5, 7): "L", (1, 3, 3): "RGB", (40, 33, 4): "RGBA"}


def noise(shape: tuple[int, ...], empty_rows: int = 0) -> NDArray[np.uint8]:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    image[:empty_rows] = 0
    return image


def by_pillow(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def saved_by_pillow(image: NDArray[np.uint8], **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG", **options)
    return stream.getvalue()


@pytest.mark.parametrize("photo", [False, True])
@pytest.mark.parametrize("shape", MODES)
def test_others_read_back_exactly_what_is_written(shape: tuple[int, ...], photo: bool) -> None:
    image = noise(shape)
    content = encode_png(image, photo=photo)
    assert by_pillow(content).mode == MODES[shape]
    assert (np.asarray(by_pillow(content)) == image).all()
    by_opencv = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    blue_first = image[..., [2, 1, 0, 3][: image.shape[2]]] if image.ndim == 3 else image
    assert (by_opencv == blue_first).all()


@given(
    image=arrays(np.uint8, st.sampled_from([(3, 2), (1, 1), (4, 3, 3), (5, 2, 4), (2, 9, 4)])),
    photo=st.booleans(),
)
def test_what_is_written_is_read_back(image: NDArray[np.uint8], photo: bool) -> None:
    found = decode_png(encode_png(image, photo=photo))
    assert found is not None
    np.testing.assert_array_equal(found, image)


def test_a_cut_out_below_empty_rows_is_read_back() -> None:
    image = noise((64, 16, 4), empty_rows=40)
    np.testing.assert_array_equal(decode_png(encode_png(image, photo=True)), image)


def filtered(image: NDArray[np.uint8], kinds: list[int], parts: int = 1) -> bytes:
    """A grey PNG file, written from the format's specification, with a filter for each row."""
    width, rows = image.shape[1], b""
    before = np.zeros(width, np.uint8)
    for kind, row in zip(kinds, image, strict=True):
        left = np.concatenate([[np.uint8(0)], row[:-1]])
        taken = {0: np.uint8(0), 1: left, 2: before}[kind]
        rows += bytes([kind]) + (row - taken).astype(np.uint8).tobytes()
        before = row
    packed = zlib.compress(rows)
    step = -(-len(packed) // parts)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, len(image), 8, 0, 0, 0, 0))]
    chunks += [(b"IDAT", packed[at : at + step]) for at in range(0, len(packed), step)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in [*chunks, (b"IEND", b"")]
    )


@pytest.mark.parametrize(
    ("kinds", "parts", "ours"),
    [
        ([0, 0, 0], 1, True),
        ([2, 2, 2], 3, True),
        ([0, 2, 2], 1, False),
        ([1, 1, 1], 1, False),
        ([2, 2, 1], 2, False),
    ],
)
def test_files_of_other_programs_are_read_whatever_their_filters(
    kinds: list[int], parts: int, ours: bool
) -> None:
    image = noise((3, 40))
    content = filtered(image, kinds, parts)
    assert (np.asarray(by_pillow(content)) == image).all()
    assert (decode_png(content) is not None) == ours
    np.testing.assert_array_equal(decoded(content, cv2.IMREAD_GRAYSCALE), image)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16", "LA"])
@pytest.mark.parametrize(
    "flag", [cv2.IMREAD_GRAYSCALE, cv2.IMREAD_COLOR, cv2.IMREAD_REDUCED_GRAYSCALE_4]
)
def test_all_kinds_are_decoded_as_opencv_does(mode: str, flag: int) -> None:
    stream = io.BytesIO()
    grey = Image.fromarray(noise((16, 24)))
    (grey if mode == "I;16" else grey.convert(mode)).convert(mode).save(stream, "PNG")
    content = stream.getvalue()
    expected = cv2.imdecode(np.frombuffer(content, np.uint8), flag)
    expected = expected[..., ::-1] if expected.ndim == 3 else expected
    np.testing.assert_array_equal(decoded(content, flag), expected)


def test_interlaced_and_transparent_ones_are_left_to_opencv() -> None:
    image = noise((16, 24, 3))
    transparent = saved_by_pillow(image, transparency=(1, 2, 3))
    assert decode_png(transparent) is None
    np.testing.assert_array_equal(decoded(transparent, cv2.IMREAD_COLOR), image)


def damaged(content: bytes) -> dict[str, bytes]:
    body = content.index(b"IDAT") + 10
    head = content.index(b"IHDR") + 4
    short = struct.pack(">II", 24, 8)
    resized = content[:head] + short + content[head + 8 :]
    check = zlib.crc32(resized[head - 4 : head + 13])
    return {
        "a bit": content[:body] + bytes([content[body] ^ 1]) + content[body + 1 :],
        "cut": content[: len(content) // 2],
        "no end": content[:-12],
        "more rows than declared": resized[: head + 13]
        + struct.pack(">I", check)
        + resized[head + 17 :],
        "empty": b"",
        "no PNG": b"\xff\xd8\xff\xe0 JFIF",
        "a huge chunk": content[:8] + b"\xff\xff\xff\xff" + content[12:],
    }


@pytest.mark.parametrize("what", damaged(encode_png(noise((16, 24, 3)))))
def test_damaged_files_are_not_decoded(what: str) -> None:
    assert decode_png(damaged(encode_png(noise((16, 24, 3))))[what]) is None


def test_a_file_that_unpacks_to_more_than_it_declares_takes_no_memory() -> None:
    bomb = zlib.compress(b"\0" * (1 << 26))
    content = encode_png(np.zeros((2, 2), np.uint8))
    start, end = content.index(b"IDAT") - 4, content.index(b"IEND") - 4
    chunk = struct.pack(">I", len(bomb)) + b"IDAT" + bomb
    chunk += struct.pack(">I", zlib.crc32(b"IDAT" + bomb))
    assert decode_png(content[:start] + chunk + content[end:]) is None


def test_a_flat_map_takes_few_bytes() -> None:
    assert len(encode_png(np.full((512, 512, 3), 255, np.uint8))) < 8000
