from __future__ import annotations

import json
import os
import socket
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from struct import pack
from zlib import crc32

import pytest

from tgbench.inputs import (
    DEEPEST,
    image_head,
    open_file,
    parse_json,
    read_bytes,
    read_json,
    read_text,
)


def test_what_is_no_ordinary_file_is_refused_at_once(tmp_path: Path) -> None:
    """A pipe that nobody writes into would never answer."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(OSError, match="not a file"):
            read_bytes(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError, match="socket"):
            read_bytes(tmp_path / "socket")
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "none")


def test_a_refusal_leaves_nothing_open(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = os.listdir("/proc/self/fd")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(OSError, match="not a file"):
            open_file(path)
    assert os.listdir("/proc/self/fd") == before


def test_a_file_may_have_so_many_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a" * 2048)
    assert read_bytes(path, 2048) == b"a" * 2048
    with pytest.raises(ValueError, match="limit of 1 kB"):
        read_bytes(path, 1024)


def test_a_small_file_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a")
    tracemalloc.start()
    read_bytes(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes('{"a": "é"}'.encode("utf-8-sig"))
    assert read_text(path) == '{"a": "é"}'
    assert read_json(path) == {"a": "é"}


@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_json_may_be_so_deep(opened: str) -> None:
    closed = "]" if opened == "[" else "}"

    def nested(levels: int) -> str:
        return opened * (levels - 1) + "[]" + closed * (levels - 1)

    assert parse_json(nested(DEEPEST)) == json.loads(nested(DEEPEST))
    for levels in (DEEPEST + 1, 500, 100_000):
        with pytest.raises(ValueError, match="nested too deeply"):
            parse_json(nested(levels))


@pytest.mark.parametrize("text", ["", "{", "nul", "9" * 5000, b"\xff\xfe{", b'"\xff"'])
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_json(text)


def png(width: int, height: int) -> bytes:
    """The head of a PNG, as its specification has it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))

    head = chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_threads_that_look_at_images_leave_filters_of_warnings_alone() -> None:
    content = png(12_000, 12_000)
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: image_head(BytesIO(content)), range(2000)))
    assert warnings.filters == before


def test_an_image_tells_its_size_before_it_is_decoded() -> None:
    assert image_head(BytesIO(png(512, 300))) == ((512, 300), "RGB")
    assert image_head(BytesIO(png(12000, 12000))) == ((12000, 12000), "RGB")
    for content in (b"", b"GIF", png(1, 1)[:20], png(60000, 60000)):
        with pytest.raises(ValueError, match="not an image"):
            image_head(BytesIO(content))
