"""DeepSpeech 0.1.0, the encoder of AD-NeRF and its successors.

The network (Hannun et al., arXiv 1412.5567, as Mozilla built it): 19 steps of 26 cepstra into three
layers of clipped rectifiers, a bidirectional LSTM, two more layers, 29 logits at 50 steps a second.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..arrays import scratch
from ..audio import Waveform, windows_of_steps
from ..errors import TgbenchError, Unavailable
from .frozen_graph import read_constants
from .mfcc import COEFFICIENTS, every_second_mfcc
from .places import describe_place, weights_of
from .prepared import DEEPSPEECH

if TYPE_CHECKING:
    import torch

Steps = NDArray[np.float32]

LOGITS = 29
_CONTEXT = 9
_INPUTS = (2 * _CONTEXT + 1) * COEFFICIENTS
_CLIP = 20.0
_FORGET_BIAS = 1.0
_DIRECTIONS = ("fw", "bw")
_CELL = "bidirectional_rnn/{}/basic_lstm_cell/{}"
_DENSE = (1, 2, 3, 5, 6)
_NAMES = (
    *(f"{kind}{layer}" for layer in _DENSE for kind in "hb"),
    *(_CELL.format(way, part) for way in _DIRECTIONS for part in ("kernel", "bias")),
)
_BLOCK = 2048
"""Steps that are computed at once: 41 s, some 200 MB of activations."""


class DeepSpeech:
    """Logits of DeepSpeech 0.1.0 in windows of 16 steps, as `aud_ds.npy` has them."""

    @cached_property
    def network(self) -> Network:
        """The network, read when it is first asked for."""
        return Network(weights_of(DEEPSPEECH))

    def features(self, waveform: Waveform) -> NDArray[np.float32]:
        """Return float32 [N, 16, 29]; see `stream`."""
        return np.concatenate(list(self.stream(waveform)))

    def stream(self, waveform: Waveform) -> Iterator[NDArray[np.float32]]:
        """Yield the windows of `features` in order, float32 [n, 16, 29].

        Row i holds the steps from 8 before frame i's start to 7 after it, zeros outside the sound.
        The field's script leaves out the last step, so here it is left out, too.
        """
        wanted = round(len(waveform.samples) / waveform.rate * 50) - 1
        yield from windows_of_steps(
            _held(self.network.logits(every_second_mfcc(waveform.samples)), wanted)
        )

    def describe(self) -> dict[str, str]:
        """Return what the features are made with, for results."""
        return {"layer": "logits", **describe_place(DEEPSPEECH, ("torch",))}


class Network:
    """The graph's network in torch."""

    def __init__(self, path: Path) -> None:
        """Read the weights.

        Raises:
            Unavailable: the file is no frozen graph, or that of another network.
        """
        import torch

        constants = read_constants(path, _NAMES)
        _require_shapes(constants, path)
        tensors = {name: torch.from_numpy(array.copy()) for name, array in constants.items()}
        self._dense = {layer: (tensors[f"h{layer}"], tensors[f"b{layer}"]) for layer in _DENSE}
        self._forward, self._backward = (
            _lstm(tensors[_CELL.format(way, "kernel")], tensors[_CELL.format(way, "bias")])
            for way in _DIRECTIONS
        )

    def logits(self, cepstra: NDArray[np.float64]) -> Iterator[Steps]:
        """Yield the logits of a whole sound in blocks, float32 [n, 29].

        The backward direction runs over the sound first and leaves its state at the edges of the
        blocks; so every block is exact, and none but one is in memory.

        Args:
            cepstra: float64 [steps, 26], 50 a second.
        """
        import torch

        inputs = _normalised(cepstra)
        edges = [*range(0, len(cepstra), _BLOCK), len(cepstra)]
        blocks = list(itertools.pairwise(edges))
        with torch.inference_mode():
            ends: list[tuple[torch.Tensor, torch.Tensor] | None] = [None]
            for first, last in reversed(blocks[1:]):
                _, end = self._backward(self._front(inputs, first, last).flip(0), ends[-1])
                ends.append(end)
            state: tuple[torch.Tensor, torch.Tensor] | None = None
            for (first, last), end in zip(blocks, reversed(ends), strict=True):
                front = self._front(inputs, first, last)
                ahead, state = self._forward(front, state)
                back, _ = self._backward(front.flip(0), end)
                both = torch.cat([ahead, back.flip(0)], 1)
                weights, bias = self._dense[6]
                yield (self._clipped(both, 5) @ weights + bias).numpy()

    def _front(self, inputs: Steps, first: int, last: int) -> torch.Tensor:
        """Return the third layer's output of some steps."""
        import torch

        seen = inputs[first : last + 2 * _CONTEXT]
        windows = np.lib.stride_tricks.sliding_window_view(seen, 2 * _CONTEXT + 1, axis=0)
        flat = np.ascontiguousarray(windows.transpose(0, 2, 1)).reshape(last - first, _INPUTS)
        values = torch.from_numpy(flat)
        for layer in (1, 2, 3):
            values = self._clipped(values, layer)
        return values

    def _clipped(self, values: torch.Tensor, layer: int) -> torch.Tensor:
        weights, bias = self._dense[layer]
        return (values @ weights + bias).clamp_(0.0, _CLIP)


def _lstm(kernel: torch.Tensor, bias: torch.Tensor) -> torch.nn.LSTM:
    """Return torch's LSTM of TensorFlow's `BasicLSTMCell`, whose gates have another order."""
    import torch

    size = len(bias) // 4
    entry, candidate, forget, out = kernel.split(size, 1)
    ordered = torch.cat([entry, forget, candidate, out], 1).T
    entry_bias, candidate_bias, forget_bias, out_bias = bias.split(size)
    biases = torch.cat([entry_bias, forget_bias + _FORGET_BIAS, candidate_bias, out_bias])
    with torch.device("meta"):
        lstm = torch.nn.LSTM(len(kernel) - size, size)
    state = {
        "weight_ih_l0": ordered[:, :-size].contiguous(),
        "weight_hh_l0": ordered[:, -size:].contiguous(),
        "bias_ih_l0": biases,
        "bias_hh_l0": torch.zeros_like(biases),
    }
    lstm.load_state_dict(state, assign=True)
    return lstm


def _normalised(cepstra: NDArray[np.float64]) -> Steps:
    """Return the cepstra, nine steps of context before and after them, normalised.

    The mean and the deviation are those of all inputs of the network, in which a step occurs up to
    19 times and the context's zeros count.
    """
    steps = len(cepstra)
    place = np.arange(steps)
    times = np.minimum(place, _CONTEXT) + np.minimum(steps - 1 - place, _CONTEXT) + 1.0
    values = steps * _INPUTS
    mean = times @ cepstra.sum(1) / values
    parts = [slice(first, first + _BLOCK) for first in range(0, steps, _BLOCK)]
    squares = sum(times[part] @ np.square(cepstra[part] - mean).sum(1) for part in parts)
    zeros = values - COEFFICIENTS * times.sum()
    deviation = np.sqrt((squares + zeros * mean**2) / values)
    inputs: Steps = scratch((steps + 2 * _CONTEXT, COEFFICIENTS), np.float32)
    inputs[:_CONTEXT] = inputs[steps + _CONTEXT :] = -mean / deviation
    for part in parts:
        block = cepstra[part]
        inputs[part.start + _CONTEXT :][: len(block)] = (block - mean) / deviation
    return inputs


def _held(blocks: Iterator[Steps], wanted: int) -> Iterator[Steps]:
    """Yield as many steps as wanted: the first ones, or all and the last one again."""
    if wanted < 1:
        raise TgbenchError("the audio is shorter than one video frame (40 ms)")
    last: Steps | None = None
    for block in blocks:
        yield block[:wanted]
        wanted -= min(wanted, len(block))
        last = block[-1:]
    if wanted and last is not None:
        yield np.repeat(last, wanted, axis=0)


def _require_shapes(constants: dict[str, NDArray[np.float32]], path: Path) -> None:
    """Refuse a graph whose layers do not fit together."""
    width = {layer: constants[f"h{layer}"].shape for layer in _DENSE}
    cells = [constants[_CELL.format(way, "kernel")].shape for way in _DIRECTIONS]
    biases = [constants[f"b{layer}"].shape == width[layer][1:] for layer in _DENSE]
    biases += [
        constants[_CELL.format(way, "bias")].shape == cell[1:]
        for way, cell in zip(_DIRECTIONS, cells, strict=True)
    ]
    square = all(len(shape) == 2 for shape in (*width.values(), *cells))
    if not square or not all(biases):
        raise Unavailable(
            f"{path}: its layers have other shapes than DeepSpeech's; get the right file"
        )
    size = cells[0][1] // 4
    chain = [
        (_INPUTS, width[1][0]),
        (width[1][1], width[2][0]),
        (width[2][1], width[3][0]),
        *((width[3][1] + size, cell[0]) for cell in cells),
        *((4 * size, cell[1]) for cell in cells),
        (2 * size, width[5][0]),
        (width[5][1], width[6][0]),
        (LOGITS, width[6][1]),
    ]
    if any(given != taken for given, taken in chain):
        raise Unavailable(
            f"{path}: its layers do not fit together as those of DeepSpeech 0.1.0 with {_INPUTS} "
            f"inputs and {LOGITS} logits; get the right file"
        )
