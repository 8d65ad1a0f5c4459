"""SyncNet: the published network of two towers, from files that are here.

The class is the `syncnet-python` package's, which has the keys of the published weights. Its file
needs torch alone, while importing its package would load the whole of that package's pipeline
(scene detection, ffmpeg bindings), so the file is loaded by itself.

Source: J. S. Chung and A. Zisserman, "Out of time: automated lip sync in the wild", 2016.
"""

from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import TgbenchError, Unavailable
from ...weights import weight_file

WEIGHTS = "syncnet"
"""The network's name in the weight store."""

_PACKAGE = "syncnet_python"
_REMEDY = "pip install 'tgbench[sync]'"
_COUNTER = "num_batches_tracked"
_SHOWN_KEYS = 3


class SyncNet:
    """The two towers with trained weights, in evaluation mode on the CPU."""

    def __init__(self, towers: nn.Module) -> None:
        """Wrap a `syncnet_python.SyncNetModel`; nothing of it will be trained."""
        self.towers: Any = towers.eval().requires_grad_(False)

    def lips(self, windows: Tensor) -> Tensor:
        """Return float32 [B, 1024] of pictures, float32 [B, 3, 5, 224, 224] BGR in 0 to 255."""
        with torch.inference_mode():
            return self.towers.forward_lip(windows)

    def sound(self, windows: Tensor) -> Tensor:
        """Return float32 [B, 1024] of cepstra, float32 [B, 1, 13, 20]."""
        with torch.inference_mode():
            return self.towers.forward_aud(windows)


def load_network(path: Path | None = None) -> SyncNet:
    """Load the network.

    Args:
        path: a file in the format of `syncnet_v2.model`; None for the weight store's.

    Raises:
        Unavailable: the package or the store's weights are missing.
        TgbenchError: the file is damaged, is no file of tensors, or is not of this network.
    """
    towers = network_class()()
    path = weight_file(WEIGHTS) if path is None else Path(path)
    state = _read_state(path)
    _require_fitting(path, state, towers.state_dict())
    try:
        # Only the counters of old files may be missing, and torch tolerates that by itself.
        towers.load_state_dict(dict(state))
    except RuntimeError as error:
        raise TgbenchError(f"{path}: its weights do not fit SyncNet ({error})") from error
    return SyncNet(towers)


def network_class() -> type[nn.Module]:
    """Return the package's class of the network.

    Raises:
        Unavailable: the package is not installed or has no such class.
    """
    package = importlib.util.find_spec(_PACKAGE)
    folders = list(package.submodule_search_locations or ()) if package else []
    if not folders:
        raise Unavailable(f"the syncnet-python package is not installed; {_REMEDY}")
    file = Path(folders[0]) / "SyncNetModel.py"
    spec = importlib.util.spec_from_file_location(f"_tgbench_{_PACKAGE}_model", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise Unavailable(f"the installed syncnet-python has no {file}; {_REMEDY}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.S


def _read_state(path: Path) -> Mapping[str, Tensor]:
    """Read a state dict without running any code that the file might hold."""
    if not path.is_file():
        raise TgbenchError(f"{path}: no such file")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise TgbenchError(
            f"{path}: is refused, as it is damaged or holds more than tensors "
            f"({_first_line(error)}); fetch it again"
        ) from error
    except MemoryError:
        raise
    # Damaged bytes make the reader fail in any way.
    except Exception as error:
        raise TgbenchError(
            f"{path}: is damaged or no weight file ({_first_line(error)}); fetch it again"
        ) from error
    if not isinstance(state, Mapping):
        raise TgbenchError(f"{path}: holds a {type(state).__name__}, not the weights of a network")
    return state


def _require_fitting(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Tensor]) -> None:
    """Refuse a file by the names, shapes and values of what it holds.

    The original copies by name, so that what a file lacks stays random without a word.
    """
    missing = [key for key in wanted if key not in found and not key.endswith(_COUNTER)]
    extra = [str(key) for key in found if key not in wanted]
    if missing or extra:
        parts = [f"lacks {_some(missing)}"] if missing else []
        parts += [f"has the unknown {_some(extra)}"] if extra else []
        raise TgbenchError(f"{path}: is not SyncNet's weights: it {' and '.join(parts)}")
    for key, value in found.items():
        if not isinstance(value, Tensor) or value.shape != wanted[key].shape:
            shape = list(getattr(value, "shape", ())) or type(value).__name__
            raise TgbenchError(
                f"{path}: is not SyncNet's weights: {key} is {shape}, not {list(wanted[key].shape)}"
            )
        if not bool(torch.isfinite(value).all()):
            raise TgbenchError(f"{path}: {key} holds values that are not finite; fetch it again")


def _some(keys: Iterable[str]) -> str:
    keys = list(keys)
    more = f" and {len(keys) - _SHOWN_KEYS} more" if len(keys) > _SHOWN_KEYS else ""
    return ", ".join(keys[:_SHOWN_KEYS]) + more


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")
