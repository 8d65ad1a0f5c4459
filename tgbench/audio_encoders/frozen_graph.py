"""Constants of a frozen TensorFlow graph, read without TensorFlow.

A frozen graph is a `GraphDef` message (tensorflow/core/framework/graph.proto) whose weights are
nodes of the operation Const. Nothing of the graph is run; the file is mapped, so that only the
pages of constants that are used come into memory.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import Unavailable
from ..inputs import open_file

# Field numbers of GraphDef, NodeDef, AttrValue, TensorProto and TensorShapeProto.
_NODE = 1
_NAME, _OPERATION, _ATTRIBUTE = 1, 2, 5
_KEY, _VALUE = 1, 2
_TENSOR = 8
_TYPE, _SHAPE, _CONTENT = 1, 2, 4
_DIMENSION, _SIZE = 2, 1

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FLOAT = 1
_LONGEST_VARINT = 10

Field = tuple[int, int | memoryview]


def read_constants(path: Path, names: Collection[str]) -> dict[str, NDArray[np.float32]]:
    """Return constants of a frozen graph by the names of their nodes.

    Args:
        path: a binary GraphDef.
        names: of the constants that are wanted.

    Returns:
        float32 arrays, read-only, mapped from the file.

    Raises:
        Unavailable: the file cannot be read, is truncated or no frozen graph, or lacks a constant.
    """
    try:
        with open_file(path) as stream:
            content = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        found = {
            name: array
            for node in _messages(content, _NODE)
            for name, array in _constant(node, names)
        }
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Unavailable(
            f"{path}: cannot be read as a frozen TensorFlow graph ({reason}); get the file again"
        ) from error
    if missing := sorted(set(names) - found.keys()):
        raise Unavailable(
            f"{path}: lacks the constants {', '.join(missing)}, so it is another network or no "
            "frozen graph; get the right file"
        )
    return found


def _constant(
    node: memoryview, names: Collection[str]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield name and value of a node, if it is a constant that is wanted."""
    name = operation = ""
    attributes: list[memoryview] = []
    for number, value in _fields(node):
        if not isinstance(value, memoryview):
            continue
        if number == _NAME:
            name = _text(value)
        elif number == _OPERATION:
            operation = _text(value)
        elif number == _ATTRIBUTE:
            attributes.append(value)
    if name not in names or operation != "Const":
        return
    for attribute in attributes:
        parts = dict(_fields(attribute))
        key, content = parts.get(_KEY), parts.get(_VALUE)
        if not isinstance(key, memoryview) or _text(key) != "value":
            continue
        if isinstance(content, memoryview):
            for tensor in _messages(content, _TENSOR):
                yield name, _array(name, tensor)


def _array(name: str, tensor: memoryview) -> NDArray[np.float32]:
    shape: list[int] = []
    content: int | memoryview = 0
    for number, value in _fields(tensor):
        if number == _TYPE and value != _FLOAT:
            raise ValueError(f"{name} holds no 32-bit floats")
        if number == _SHAPE and isinstance(value, memoryview):
            shape = [_size(dimension) for dimension in _messages(value, _DIMENSION)]
        if number == _CONTENT:
            content = value
    if not isinstance(content, memoryview) or len(content) != 4 * math.prod(shape):
        raise ValueError(f"{name} has not as many values as its shape {shape} says")
    return np.frombuffer(content, "<f4").reshape(shape)


def _size(dimension: memoryview) -> int:
    return next((v for n, v in _fields(dimension) if n == _SIZE and isinstance(v, int)), 0)


def _text(value: memoryview) -> str:
    return bytes(value[:256]).decode("utf-8", "replace")


def _messages(content: memoryview, wanted: int) -> Iterator[memoryview]:
    for number, value in _fields(content):
        if number == wanted and isinstance(value, memoryview):
            yield value


def _fields(content: memoryview) -> Iterator[Field]:
    """Yield the fields of a message: numbers, and views of what has a length.

    Raises:
        ValueError: the bytes are no protocol buffer, or end early.
    """
    at, end = 0, len(content)
    while at < end:
        tag, at = _varint(content, at)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise ValueError(f"no field at byte {at}")
        if wire == _VARINT:
            value, at = _varint(content, at)
            yield number, value
            continue
        if wire == _BYTES:
            length, at = _varint(content, at)
        elif wire in (_FIXED32, _FIXED64):
            length = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"unknown kind of field at byte {at}")
        if length > end - at:
            raise ValueError("it ends early")
        yield number, content[at : at + length]
        at += length


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_LONGEST_VARINT):
        if at >= len(content):
            raise ValueError("it ends early")
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at
    raise ValueError(f"no number at byte {at}")
