"""PNG files, read and written beside two other programs."""

from __future__ import annotations

import io
import struct
import tracemalloc
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


@pytest.mark.parametrize("with_filter", [False, True])
@pytest.mark.parametrize("shape", MODES)
def test_others_read_back_exactly_what_is_written(
    shape: tuple[int, ...], with_filter: bool
) -> None:
    image = noise(shape)
    content = encode_png(image, filtered=with_filter)
    assert by_pillow(content).mode == MODES[shape]
    assert (np.asarray(by_pillow(content)) == image).all()
    assert (by_opencv(content, cv2.IMREAD_UNCHANGED) == image).all()


@given(
    image=arrays(np.uint8, st.sampled_from([(3, 2), (1, 1), (4, 3, 3), (5, 2, 4), (2, 9, 4)])),
    with_filter=st.booleans(),
)
def test_what_is_written_is_read_back(image: NDArray[np.uint8], with_filter: bool) -> None:
    found = decode_png(encode_png(image, filtered=with_filter))
    assert found is not None
    np.testing.assert_array_equal(found, image)


def test_a_cut_out_below_empty_rows_is_read_back() -> None:
    image = noise((64, 16, 4), empty_rows=40)
    np.testing.assert_array_equal(decode_png(encode_png(image)), image)


def chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


def header(width: int, height: int, *kind: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, *(kind or (8, 0, 0, 0, 0))))


def file_of(head: bytes, packed: bytes, parts: int = 1) -> bytes:
    step = -(-len(packed) // parts)
    pieces = [chunk(b"IDAT", packed[at : at + step]) for at in range(0, len(packed), step)]
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(pieces) + chunk(b"IEND", b"")


def filtered(image: NDArray[np.uint8], kinds: list[int]) -> bytes:
    """Packed rows of a grey image, written from the format's specification, each with a filter."""
    rows = b""
    before = np.zeros(image.shape[1], np.uint8)
    for kind, row in zip(kinds, image, strict=True):
        left = np.concatenate([[np.uint8(0)], row[:-1]])
        taken = {0: np.uint8(0), 1: left, 2: before}[kind]
        rows += bytes([kind]) + (row - taken).astype(np.uint8).tobytes()
        before = row
    return zlib.compress(rows)


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
    content = file_of(header(40, 3), filtered(image, kinds), parts)
    assert (np.asarray(by_pillow(content)) == image).all()
    assert (decode_png(content) is not None) == ours
    np.testing.assert_array_equal(decoded(content, cv2.IMREAD_GRAYSCALE), image)


FLAGS = [
    cv2.IMREAD_GRAYSCALE,
    cv2.IMREAD_COLOR,
    cv2.IMREAD_UNCHANGED,
    cv2.IMREAD_REDUCED_GRAYSCALE_4,
]


def by_opencv(content: bytes, flag: int) -> NDArray[np.uint8]:
    """As OpenCV decodes it, but red first."""
    image = cv2.imdecode(np.frombuffer(content, np.uint8), flag)
    return image[..., [2, 1, 0, 3][: image.shape[2]]] if image.ndim == 3 else image


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("shape", [(16, 24), (16, 24, 3), (16, 24, 4)])
def test_what_is_asked_for_decides_what_comes(shape: tuple[int, ...], flag: int) -> None:
    content = encode_png(noise(shape))
    np.testing.assert_array_equal(decoded(content, flag), by_opencv(content, flag))


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "LA"])
def test_files_of_other_kinds_are_decoded_as_opencv_does(mode: str, flag: int) -> None:
    stream = io.BytesIO()
    Image.fromarray(noise((16, 24))).convert(mode).save(stream, "PNG")
    content = stream.getvalue()
    np.testing.assert_array_equal(decoded(content, flag), by_opencv(content, flag))


def test_a_colour_that_stands_for_transparency_is_left_to_opencv() -> None:
    image = noise((16, 24, 3))
    transparent = saved_by_pillow(image, transparency=(1, 2, 3))
    assert decode_png(transparent) is None
    np.testing.assert_array_equal(decoded(transparent, cv2.IMREAD_COLOR), image)


ROWS = filtered(noise((3, 40)), [0, 0, 0])
WHOLE = file_of(header(40, 3), ROWS)


def with_byte(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    "content",
    {
        "a bit of the rows": with_byte(WHOLE, WHOLE.index(b"IDAT") + 10),
        "the check of a chunk": with_byte(WHOLE, WHOLE.index(b"IEND") - 5),
        "the check of the rows": file_of(header(40, 3), with_byte(ROWS, len(ROWS) - 1)),
        "cut": WHOLE[: len(WHOLE) // 2],
        "no end": WHOLE[:-12],
        "more rows than declared": file_of(header(40, 2), ROWS),
        "fewer rows than declared": file_of(header(40, 4), ROWS),
        "no width": file_of(header(0, 3), zlib.compress(b"\0\0\0")),
        "no height": file_of(header(40, 0), zlib.compress(b"")),
        "larger than anything": file_of(header(2**32 - 1, 2**32 - 1, 8, 6, 0, 0, 0), ROWS),
        "interlaced": file_of(header(40, 3, 8, 0, 0, 0, 1), ROWS),
        "16 bits": file_of(header(20, 3, 16, 0, 0, 0, 0), ROWS),
        "another packing": file_of(header(40, 3, 8, 0, 1, 0, 0), ROWS),
        "empty": b"",
        "no PNG": b"\xff\xd8\xff\xe0 JFIF",
        "a huge chunk": WHOLE[:8] + b"\xff\xff\xff\xff" + WHOLE[12:],
    }.items(),
    ids=lambda item: item[0],
)
def test_damaged_and_other_files_are_not_decoded(content: tuple[str, bytes]) -> None:
    assert decode_png(WHOLE) is not None
    assert decode_png(content[1]) is None


def test_nothing_is_no_image() -> None:
    assert decoded(b"", cv2.IMREAD_COLOR) is None


def test_a_file_that_unpacks_to_more_than_it_declares_takes_no_memory() -> None:
    bomb = file_of(header(2, 2), zlib.compress(b"\0" * (1 << 26)))
    tracemalloc.start()
    try:
        assert decode_png(bomb) is None
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()


def test_a_flat_map_takes_few_bytes() -> None:
    assert len(encode_png(np.full((512, 512, 3), 255, np.uint8))) < 8000
