"""SyncNet: the published network of two towers, from files that are here.

The class is the `syncnet-python` package's, which has the keys of the published weights. Its file
needs torch alone, while importing its package would load the whole of that package's pipeline
(scene detection, ffmpeg bindings), so the file is loaded by itself.

Source: J. S. Chung and A. Zisserman, "Out of time: automated lip sync in the wild", 2016.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import Unavailable
from ...extras import install_extra
from ...weights.loading import load_weights

WEIGHTS = "syncnet"
"""The network's name in the weight store."""

_PACKAGE = "syncnet_python"
_REMEDY = install_extra("sync")


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
        Unavailable: the package or the weights are missing, or the file is damaged or of another
            network.
    """
    towers = network_class()()
    load_weights(towers, WEIGHTS, path)
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
