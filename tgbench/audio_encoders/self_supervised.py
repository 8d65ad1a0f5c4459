"""wav2vec 2.0 and HuBERT, run by transformers on pieces of a sound, cut as the field's scripts do.

Both networks make 50 steps a second: their convolutions see 400 samples and move by 320.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..audio import Waveform, windows_of_steps
from ..errors import Unavailable
from ..inputs import read_json
from ..specs import AudioEncoderSpec
from ..weights.formats import SAFETENSORS, fault
from ..weights.loading import fill, load_tensors
from .places import describe_place, weights_in, weights_of
from .prepared import HUBERT, WAV2VEC2

if TYPE_CHECKING:
    import torch

Steps = NDArray[np.float32]

_SEEN, _STEP = 400, 320
_LEAST_VARIANCE = 1e-7

# wav2vec.py of RAD-NeRF: what lies left and right of the steps that a piece gives, in steps.
_LEFT, _MIDDLE, _RIGHT = 10, 50, 10
# hubert.py of GeneFace and ER-NeRF.
_PIECE = 1000

_LARGE = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "conv_bias": True,
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
}
"""What the two published networks have in common; the rest is as transformers has it anyway."""

_WEIGHT_NORM = (
    (re.compile(r"\.weight_g$"), ".parametrizations.weight.original0"),
    (re.compile(r"\.weight_v$"), ".parametrizations.weight.original1"),
)
"""Names of earlier versions of torch, and those of today."""


class Wav2Vec2:
    """CTC logits in windows of 16 steps, as `aud_eo.npy` has them."""

    @cached_property
    def network(self) -> Network:
        """The network, read when it is first asked for."""
        from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

        published = {**_LARGE, "vocab_size": WAV2VEC2.window[1]}
        return Network.read(WAV2VEC2, Wav2Vec2Config, Wav2Vec2ForCTC, published)

    def features(self, waveform: Waveform) -> NDArray[np.float32]:
        """Return float32 [N, 16, 44]; see `stream`."""
        return np.concatenate(list(self.stream(waveform)))

    def stream(self, waveform: Waveform) -> Iterator[NDArray[np.float32]]:
        """Yield the windows of `features` in order, float32 [n, 16, 44].

        Row i holds the steps from 8 before frame i's start to 7 after it, zeros outside the sound.
        """
        yield from windows_of_steps(self._steps(waveform.samples))

    def _steps(self, samples: NDArray[np.float32]) -> Iterator[Steps]:
        """Yield logits of pieces of 70 steps, each normalised by itself; 50 of them count."""
        network = self.network
        before = np.zeros(_LEFT * _STEP, np.float32)
        whole, end = (_LEFT + _MIDDLE + _RIGHT) * _STEP, len(before) + len(samples)
        # The script reads whole steps, and takes the last one for whole where it is not.
        rounded = len(before) + -(-len(samples) // _STEP) * _STEP
        start = 0
        while start + whole <= rounded:
            steps = network.run(_part(before, samples, start, min(start + whole, end)))
            yield steps[_LEFT : len(steps) - _RIGHT + 1]
            start += _MIDDLE * _STEP
        yield network.run(_part(before, samples, start, end))[_LEFT:]

    def describe(self) -> dict[str, str]:
        """Return what the features are made with, for results."""
        return {"layer": "logits", **describe_place(WAV2VEC2, ("torch", "transformers"))}


class Hubert:
    """The last hidden state, two steps a frame, as `aud_hu.npy` has it."""

    @cached_property
    def network(self) -> Network:
        """The network, read when it is first asked for."""
        from transformers import HubertConfig, HubertModel

        return Network.read(HUBERT, HubertConfig, HubertModel, _LARGE)

    def features(self, waveform: Waveform) -> NDArray[np.float32]:
        """Return float32 [N - 1 or N, 2, 1024]; see `stream`."""
        return np.concatenate(list(self.stream(waveform)))

    def stream(self, waveform: Waveform) -> Iterator[NDArray[np.float32]]:
        """Yield the windows of `features` in order, float32 [n, 2, 1024].

        As in the field's script the sound is normalised as a whole, and a last odd step is left
        out: there are N - 1 rows for a sound of N whole frames.
        """
        samples = waveform.samples
        left = max(len(samples) - _SEEN + _STEP, 0) // _STEP // 2 * 2
        for steps in self._steps(samples):
            # Whole pieces have an even number of steps, and so have all together.
            kept = steps[:left]
            left -= len(kept)
            if len(kept):
                yield kept.reshape(-1, 2, kept.shape[1])

    def _steps(self, samples: NDArray[np.float32]) -> Iterator[Steps]:
        network, length = self.network, _PIECE * _STEP
        mean, deviation = _moments(samples) if network.normalises else (0.0, 1.0)
        whole = len(samples) // length
        for first in range(0, whole * length, length):
            yield network.run_plain(
                (samples[first : first + length + _SEEN - _STEP] - mean) / deviation
            )
        rest = samples[whole * length :]
        if len(rest) >= _SEEN:
            yield network.run_plain((rest - mean) / deviation)

    def describe(self) -> dict[str, str]:
        """Return what the features are made with, for results."""
        return {"layer": "last hidden state", **describe_place(HUBERT, ("torch", "transformers"))}


@dataclass(frozen=True)
class Network:
    """A network with weights.

    Attributes:
        module: a model of transformers.
        normalises: whether it wants sound of mean 0 and variance 1.
    """

    module: Any
    normalises: bool

    @classmethod
    def read(
        cls,
        encoder: AudioEncoderSpec,
        config_class: Any,
        model_class: Any,
        published: Mapping[str, object],
    ) -> Network:
        """Read the weights of an encoder.

        Args:
            encoder: whose weights are read.
            config_class: of transformers.
            model_class: of transformers.
            published: the configuration that the file of the weight store has.

        Raises:
            Unavailable: they are missing, or those of another network.
        """
        path = weights_of(encoder)
        settings, normalises = _settings(path) if path.is_dir() else (published, True)
        try:
            module = model_class(config_class(**settings))
        # Whatever a configuration may hold that does not fit.
        except Exception as error:
            raise Unavailable(
                f"{path / 'config.json'}: does not describe '{encoder.name}' ({error})"
            ) from error
        file = weights_in(path)
        fill(module, _renamed(_tensors(encoder.name, file), module), encoder.name, file)
        made = module.config
        outputs = made.vocab_size if hasattr(module, "lm_head") else made.hidden_size
        if outputs != encoder.window[1]:
            raise Unavailable(
                f"{path}: gives {outputs} channels, '{encoder.name}' has {encoder.window[1]}; "
                "get the right network"
            )
        return cls(module.eval(), normalises)

    def run(self, samples: NDArray[np.float32]) -> Steps:
        """Return the output for a piece of sound, normalised by itself, float32 [n, channels]."""
        if self.normalises:
            mean, deviation = _moments(samples)
            samples = (samples - mean) / deviation
        return self.run_plain(samples)

    def run_plain(self, samples: NDArray) -> Steps:
        """Return the output for a piece of sound as it is."""
        import torch

        with torch.inference_mode():
            output = self.module(torch.from_numpy(np.asarray(samples, np.float32)[None]))
        return output[0][0].numpy()


def _part(
    before: NDArray[np.float32], samples: NDArray[np.float32], start: int, stop: int
) -> NDArray[np.float32]:
    """Return a part of two arrays as if they were one."""
    shift = len(before)
    return np.concatenate(
        [before[start:stop], samples[max(start - shift, 0) : max(stop - shift, 0)]]
    )


def _moments(samples: NDArray[np.float32]) -> tuple[float, float]:
    """Return mean and deviation, as transformers' feature extractor has them, in little memory."""
    pieces = range(0, len(samples), 1 << 20)
    mean = sum(float(samples[i : i + (1 << 20)].sum(dtype=np.float64)) for i in pieces)
    mean /= len(samples)
    squares = sum(
        float(np.square(samples[i : i + (1 << 20)] - mean, dtype=np.float64).sum()) for i in pieces
    )
    return mean, float(np.sqrt(squares / len(samples) + _LEAST_VARIANCE))


def _settings(folder: Path) -> tuple[dict[str, Any], bool]:
    """Return the configuration in a folder, and whether sound is to be normalised."""
    found: list[dict[str, Any]] = []
    for name, wanted in (("config.json", True), ("preprocessor_config.json", False)):
        path = folder / name
        try:
            said = read_json(path) if wanted or path.exists() else {}
        except (OSError, ValueError) as error:
            raise Unavailable(
                f"{path}: cannot be read ({error}); get the whole folder of the network"
            ) from error
        if not isinstance(said, dict):
            raise Unavailable(f"{path}: is no table of settings; get the whole folder")
        found.append(said)
    return found[0], bool(found[1].get("do_normalize", True))


def _tensors(name: str, file: Path) -> dict[str, torch.Tensor]:
    if file.suffix != ".safetensors":
        return load_tensors(name, file)
    if wrong := fault(file, SAFETENSORS):
        raise Unavailable(f"{file}: {wrong}; get it again")
    from safetensors.torch import load_file

    return load_file(file)


def _renamed(tensors: Mapping[str, torch.Tensor], module: Any) -> dict[str, torch.Tensor]:
    """Return tensors by the names that a module has for them, without a head that it lacks."""
    wanted = module.state_dict()
    prefix = f"{module.base_model_prefix}."
    result: dict[str, torch.Tensor] = {}
    for key, tensor in tensors.items():
        for former, name in _WEIGHT_NORM:
            key = former.sub(name, key)
        bare = key.removeprefix(prefix)
        if key in wanted or bare in wanted:
            result[key if key in wanted else bare] = tensor
        elif not key.startswith("lm_head."):
            result[key] = tensor
    return result
