"""What is in a GGHead checkpoint, read without running any code that it names.

The file is a pickle of whole networks. Its tensors and plain values are read; every other object
becomes a `Record` of what was stored of it, whatever class or function the pickle asks for.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tgbench.errors import TgbenchError
from tgbench.inputs import open_file, reason

_NETWORK = "G_ema"
_SETTINGS = "_config"
_TRAINING_ONLY = "dataset_label_std"
"""A buffer that GGHead's training adds to the network."""

_REMEDY = "name a checkpoint-*.pkl of a GGHead model with --set prior_weights=FILE"


class Record:
    """An object of a pickle that was not made.

    What its constructor got, its attributes, and its items where it is a mapping, are kept.
    """

    origin = ("", "")

    def __new__(cls, *arguments: object, **_: object) -> Record:
        """Keep the arguments."""
        made = super().__new__(cls)
        made.__dict__["arguments"], made.__dict__["items"] = arguments, {}
        return made

    def __init__(self, *_: object, **__: object) -> None:
        """Nothing more to do."""

    def __setstate__(self, state: object) -> None:
        """Keep the attributes, where they are given by name."""
        if isinstance(state, dict):
            self.__dict__.update(state)

    def append(self, _: object) -> None:
        """Ignore what a list would hold."""

    def __setitem__(self, key: object, value: object) -> None:
        """Keep what a mapping would hold."""
        self.__dict__["items"][key] = value


@dataclass(frozen=True)
class Snapshot:
    """A generator at rest.

    Attributes:
        settings: its configuration, as stored.
        tensors: parameters and lasting buffers by name.
    """

    settings: Record
    tensors: Mapping[str, Tensor]


def read_snapshot(path: Path) -> Snapshot:
    """Read the averaged generator of a checkpoint, on the CPU.

    Raises:
        TgbenchError: it cannot be read, is damaged, or holds no GGHead generator.
    """
    try:
        with open_file(path) as stream:
            found = _generator(_Reader(stream).load())
    except FileNotFoundError as error:
        raise TgbenchError(f"{path}: no such checkpoint; {_REMEDY}") from error
    except OSError as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)})") from error
    except MemoryError:
        raise
    # Damaged bytes make the reader fail in any way; the cause is kept for --debug.
    except Exception as error:
        raise TgbenchError(
            f"{path}: is damaged or no pickle ({type(error).__name__}); {_REMEDY}"
        ) from error
    if found is None:
        raise TgbenchError(f"{path}: holds no GGHead generator ({_NETWORK}); {_REMEDY}")
    return found


def _generator(content: object) -> Snapshot | None:
    """Return the averaged generator among what a pickle holds; None: there is none."""
    network = content.get(_NETWORK) if isinstance(content, dict) else None
    settings = _attributes(network).get(_SETTINGS)
    if not isinstance(settings, Record):
        return None
    tensors = {name: tensor for name, tensor in _tensors(network) if name != _TRAINING_ONLY}
    return Snapshot(settings, tensors)


def _tensors(network: object, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield what `state_dict` of a stored module would hold."""
    stored = _attributes(network)
    passing = stored.get("_non_persistent_buffers_set") or ()
    for kind in ("_parameters", "_buffers"):
        for name, value in (stored.get(kind) or {}).items():
            if isinstance(value, Tensor) and name not in passing:
                yield prefix + name, value.detach()
    for name, inner in (stored.get("_modules") or {}).items():
        yield from _tensors(inner, f"{prefix}{name}.")


def _attributes(record: object) -> dict[str, Any]:
    """Return the attributes of a stored object; StyleGAN's are an item of what made it."""
    if not isinstance(record, Record):
        return {}
    made_of = record.__dict__["arguments"]
    if len(made_of) == 1 and isinstance(made_of[0], Record):
        state = made_of[0].__dict__["items"].get("state")
        return state if isinstance(state, dict) else {}
    return record.__dict__


def _storage(content: bytes) -> object:
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


_PLAIN: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("builtins", "set"): set,
    ("__builtin__", "set"): set,
    ("torch", "Size"): torch.Size,
    ("torch", "device"): torch.device,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter,
    ("torch.storage", "_load_from_bytes"): _storage,
}
"""All that is called."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return what makes tensors and containers, and a class of records for all else."""
        if (module, name) in _PLAIN:
            found = _PLAIN[module, name]
            # A pickle may set attributes of what it names: those of a function, of this one alone.
            return found if isinstance(found, type) else lambda *given: found(*given)
        dtype = getattr(torch, name, None) if module == "torch" else None
        if isinstance(dtype, torch.dtype):
            return dtype
        return type(name, (Record,), {"origin": (module, name)})
