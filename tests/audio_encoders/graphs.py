"""Frozen graphs of DeepSpeech's format with random weights, and what they compute, written out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from python_speech_features import mfcc

Weights = Mapping[str, np.ndarray]

_REPEATED, _SINGLE = 3, 1
_INT, _STRING, _MESSAGE, _BYTES = 3, 9, 11, 12
_FIELDS = {
    "Dim": [("size", 1, _INT, _SINGLE, "")],
    "TensorShape": [("dim", 2, _MESSAGE, _REPEATED, "Dim")],
    "Tensor": [
        ("dtype", 1, _INT, _SINGLE, ""),
        ("tensor_shape", 2, _MESSAGE, _SINGLE, "TensorShape"),
        ("tensor_content", 4, _BYTES, _SINGLE, ""),
    ],
    "AttrValue": [("type", 6, _INT, _SINGLE, ""), ("tensor", 8, _MESSAGE, _SINGLE, "Tensor")],
    "Attr": [("key", 1, _STRING, _SINGLE, ""), ("value", 2, _MESSAGE, _SINGLE, "AttrValue")],
    "Node": [
        ("name", 1, _STRING, _SINGLE, ""),
        ("op", 2, _STRING, _SINGLE, ""),
        ("input", 3, _STRING, _REPEATED, ""),
        ("attr", 5, _MESSAGE, _REPEATED, "Attr"),
    ],
    "Graph": [("node", 1, _MESSAGE, _REPEATED, "Node")],
}
"""The part of TensorFlow's graph.proto that a frozen graph's constants use."""


def _message(name: str) -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="graph.proto", package="t", syntax="proto3")
    for kind, fields in _FIELDS.items():
        message = file.message_type.add(name=kind)
        for field, number, of, label, refers in fields:
            entry = message.field.add(name=field, number=number, type=of, label=label)
            if refers:
                entry.type_name = f".t.{refers}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"t.{name}"))


def weights(size: int = 6, inputs: int = 494, seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights of a network whose layers have `size` units, the third twice as many."""
    random = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {}
    sizes = (inputs, size, size, 2 * size)
    for layer in (1, 2, 3):
        shapes[f"h{layer}"], shapes[f"b{layer}"] = sizes[layer - 1 : layer + 1], (sizes[layer],)
    for way in ("fw", "bw"):
        shapes[f"bidirectional_rnn/{way}/basic_lstm_cell/kernel"] = (3 * size, 4 * size)
        shapes[f"bidirectional_rnn/{way}/basic_lstm_cell/bias"] = (4 * size,)
    shapes |= {"h5": (2 * size, size), "b5": (size,), "h6": (size, 29), "b6": (29,)}
    made = {name: random.normal(size=shape) for name, shape in shapes.items()}
    made["h1"] *= 0.3
    return {name: array.astype(np.float32) for name, array in made.items()}


def write_graph(path: Path, values: Weights) -> Path:
    graph = _message("Graph")()
    graph.node.add(name="input_node", op="Placeholder").attr.add(key="dtype").value.type = 1
    for name, array in values.items():
        node = graph.node.add(name=name, op="Const")
        node.attr.add(key="dtype").value.type = 1
        tensor = node.attr.add(key="value").value.tensor
        tensor.dtype = 1
        for length in array.shape:
            tensor.tensor_shape.dim.add(size=length)
        tensor.tensor_content = array.astype("<f4").tobytes()
        graph.node.add(name=f"{name}/read", op="Identity", input=[name])
    path.write_bytes(graph.SerializeToString())
    return path


def official_windows(samples: np.ndarray, values: Weights) -> np.ndarray:
    """What the field's script makes of 16-bit samples: [ceil((L - 1) / 2), 16, 29]."""
    steps = mfcc(samples, 16000, numcep=26)[::2]
    padded = np.concatenate([np.zeros((9, 26)), steps, np.zeros((9, 26))])
    inputs = np.stack([padded[i : i + 19].ravel() for i in range(len(steps))])
    logits = _network((inputs - inputs.mean()) / inputs.std(), values)
    length = round(len(samples) / 16000 * 50)
    times, wanted = np.arange(len(logits)) / 50, np.arange(length) / 50
    resampled = np.stack([np.interp(wanted, times, column) for column in logits.T], axis=1)
    cut = np.pad(resampled[: length - 1], ((8, 8), (0, 0)))
    return np.stack([cut[i : i + 16] for i in range(0, len(cut) - 16, 2)])


def _network(inputs: np.ndarray, values: Weights) -> np.ndarray:
    """The graph's operations, one after the other, in double precision."""
    x = inputs
    for layer in (1, 2, 3):
        x = np.minimum(np.maximum(x @ values[f"h{layer}"] + values[f"b{layer}"], 0), 20)
    both = np.concatenate([_lstm(x, values, "fw"), _lstm(x[::-1], values, "bw")[::-1]], axis=1)
    x = np.minimum(np.maximum(both @ values["h5"] + values["b5"], 0), 20)
    return x @ values["h6"] + values["b6"]


def _lstm(inputs: np.ndarray, values: Weights, way: str) -> np.ndarray:
    kernel = values[f"bidirectional_rnn/{way}/basic_lstm_cell/kernel"].astype(np.float64)
    bias = values[f"bidirectional_rnn/{way}/basic_lstm_cell/bias"]
    size = len(bias) // 4
    cell, hidden, outputs = np.zeros(size), np.zeros(size), []
    for row in inputs:
        gates = np.concatenate([row, hidden]) @ kernel + bias
        entry, candidate, forget, out = np.split(gates, 4)
        cell = cell * _sigmoid(forget + 1.0) + _sigmoid(entry) * np.tanh(candidate)
        hidden = np.tanh(cell) * _sigmoid(out)
        outputs.append(hidden)
    return np.array(outputs)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
