"""Where the weights of an audio encoder are: a place that the user names, or the weight store."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import Unavailable
from ..files import sha256_once
from ..specs import AudioEncoderSpec
from ..weights import weight_file

FOLDER_FILES = ("model.safetensors", "pytorch_model.bin")
"""Names of the weights in a folder that transformers wrote or the hub serves; the first counts."""


def weights_of(encoder: AudioEncoderSpec) -> Path:
    """Return the file or folder with an encoder's weights.

    Raises:
        Unavailable: it is not here.
    """
    variable = encoder.requires.place
    chosen = os.environ.get(variable)
    if not chosen:
        return weight_file(encoder.requires.weights[0])
    path = Path(chosen).expanduser()
    if not path.exists():
        raise Unavailable(f"{path}: no such file or folder; {variable} names it")
    return path


def weights_in(path: Path) -> Path:
    """Return the file of weights, which may lie in a folder with its configuration.

    Raises:
        Unavailable: there is none in the folder.
    """
    if not path.is_dir():
        return path
    found = next((path / name for name in FOLDER_FILES if (path / name).is_file()), None)
    if found is None:
        raise Unavailable(f"{path}: has neither {' nor '.join(FOLDER_FILES)}")
    return found


def weights_sha256(encoder: AudioEncoderSpec) -> str:
    """Return the SHA-256 of an encoder's weights.

    Raises:
        Unavailable: they are not here.
    """
    return sha256_once(weights_in(weights_of(encoder)))


def describe_place(encoder: AudioEncoderSpec, packages: Iterable[str]) -> dict[str, str]:
    """Return the weights' file name and SHA-256, and the versions of packages.

    Raises:
        Unavailable: the weights are not here.
    """
    path = weights_in(weights_of(encoder))
    versions = {name: importlib.metadata.version(name) for name in packages}
    return {"weights": path.name, "weights_sha256": sha256_once(path), **versions}
