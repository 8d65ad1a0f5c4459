"""ONNX files written field by field (onnx.proto), so that tests need no package for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_FLOAT = 1


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _tensor(name: str, values: NDArray[np.float32]) -> bytes:
    dims = b"".join(_field(1, size) for size in values.shape)
    return dims + _field(2, _FLOAT) + _field(8, name) + _field(9, values.tobytes())


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(_field(1, _field(1, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, _FLOAT) + _field(2, dims)))


def _ints(name: str, values: list[int]) -> bytes:
    return _field(1, name) + b"".join(_field(8, value) for value in values) + _field(20, 7)


def _int(name: str, value: int) -> bytes:
    return _field(1, name) + _field(3, value) + _field(20, 2)


def _node(kind: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    taken = b"".join(_field(1, name) for name in inputs)
    given = b"".join(_field(5, each) for each in attributes)
    return taken + _field(2, output) + _field(3, output) + _field(4, kind) + given


def write_pooled_matrix(path: Path, matrix: NDArray[np.float32]) -> None:
    """Write a network: means over 16 x 16 pixels of [1, 3, 112, 112], times a matrix [K, 147]."""
    pool = _node(
        "AveragePool",
        ["input.1"],
        "pooled",
        _ints("kernel_shape", [16, 16]),
        _ints("strides", [16, 16]),
    )
    flat = _node("Flatten", ["pooled"], "flat", _int("axis", 1))
    gemm = _node("Gemm", ["flat", "matrix", "bias"], "683", _int("transB", 1))
    graph = b"".join(_field(1, node) for node in (pool, flat, gemm)) + _field(2, "graph")
    bias = np.zeros(len(matrix), np.float32)
    graph += _field(5, _tensor("matrix", matrix)) + _field(5, _tensor("bias", bias))
    graph += _field(11, _value("input.1", (1, 3, 112, 112)))
    graph += _field(12, _value("683", (1, len(matrix))))
    path.write_bytes(_field(1, 6) + _field(7, graph) + _field(8, _field(2, 11)))
