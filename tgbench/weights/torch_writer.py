"""Writing torch files without torch, whose import takes two seconds of preparing a clip.

The format is that of `torch.save` since version 1.6: a zip archive of a pickle and of the tensors'
bytes, which the pickle refers to by number.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..files import atomic_path

_ALIGNMENT = 64
"""Bytes at whose multiples tensors begin in a file, so that it can be mapped into memory."""

_LOCAL_HEAD, _EXTRA_HEAD = 30, 4
"""Bytes of a zip entry before its name, and of an extra field before its content."""


def write_tensors(path: Path, arrays: Mapping[str, NDArray[np.float32]]) -> None:
    """Write a dictionary of float32 tensors that `torch.load` reads, with `weights_only` too."""
    whole = {name: np.ascontiguousarray(array, "<f4") for name, array in arrays.items()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entries = {"data.pkl": _pickled(whole), "byteorder": b"little", "version": b"3\n"}
        entries |= {f"data/{key}": array.tobytes() for key, array in enumerate(whole.values())}
        for name, content in entries.items():
            entry = zipfile.ZipInfo(f"archive/{name}")
            before = stream.tell() + _LOCAL_HEAD + len(entry.filename) + _EXTRA_HEAD
            padding = -before % _ALIGNMENT
            entry.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
            archive.writestr(entry, content)
    with atomic_path(path) as temporary:
        temporary.write_bytes(stream.getvalue())


def _pickled(arrays: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return the pickle of a dictionary, whose classes only torch can import."""
    items = (_text(name) + _tensor(key, array) for key, (name, array) in enumerate(arrays.items()))
    head = pickle.PROTO + b"\x02" + pickle.EMPTY_DICT + pickle.MARK
    return head + b"".join(items) + pickle.SETITEMS + pickle.STOP


def _tensor(key: int, array: NDArray[np.float32]) -> bytes:
    storage = _tuple(
        _text("storage"),
        _global("torch", "FloatStorage"),
        _text(str(key)),
        _text("cpu"),
        _number(array.size),
    )
    strides = (stride // array.itemsize for stride in array.strides)
    parts = _tuple(
        storage + pickle.BINPERSID,
        _number(0),
        _tuple(*map(_number, array.shape)),
        _tuple(*map(_number, strides)),
        pickle.NEWFALSE,
        _global("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE,
    )
    return _global("torch._utils", "_rebuild_tensor_v2") + parts + pickle.REDUCE


def _global(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def _tuple(*parts: bytes) -> bytes:
    return pickle.MARK + b"".join(parts) + pickle.TUPLE


def _text(text: str) -> bytes:
    encoded = text.encode()
    return pickle.BINUNICODE + struct.pack("<I", len(encoded)) + encoded


def _number(value: int) -> bytes:
    return pickle.BININT + struct.pack("<i", value)
