"""Which backend works on some tensors, and the optional CUDA packages behind two of them.

A named backend is used as it is; otherwise the device of the tensors decides. tiny-cuda-nn and
fused-ssim make a GPU faster and a run can do without them. Both come from git only, so that no
extra of the distribution can name them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType

import torch

from tgbench.errors import Unavailable

_REMEDIES = {
    "tinycudann": "TCNN_CUDA_ARCHITECTURES=90 pip install --no-build-isolation "
    "'git+https://github.com/NVlabs/tiny-cuda-nn/#subdirectory=bindings/torch' "
    "(with setuptools<82, and your GPU's compute capability for 90)",
    "fused_ssim": "CUDA_ARCHITECTURES=90 pip install --no-build-isolation "
    "git+https://github.com/rahul-goel/fused-ssim/ (with your GPU's compute capability for 90)",
}


def choose(named: str | None, device: torch.device, by_device: Mapping[str, str]) -> str:
    """Return the name of the backend.

    Args:
        named: What the caller wants; None leaves it to the device.
        device: Where the tensors are.
        by_device: Name of the backend for each type of device that has one, such as ``cpu``.

    Raises:
        ValueError: No backend was named and there is none for this type of device.
    """
    if named is not None:
        return named
    if device.type not in by_device:
        raise ValueError(f"no backend for tensors on {device}; there are {', '.join(by_device)}")
    return by_device[device.type]


@cache
def extension(name: str) -> ModuleType:
    """Return the module ``tinycudann`` or ``fused_ssim``.

    Raises:
        Unavailable: It is not installed, or was built for another GPU or PyTorch.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        reason = "is not installed" if error.name == name else f"cannot be loaded: {error}"
        cause: Exception = error
    except Exception as error:
        # What does not fit this machine fails in many ways: no GPU is an OSError, a build for
        # another GPU a NameError or an OSError, one for another PyTorch an ImportError.
        reason = f"cannot be loaded: {str(error).partition(chr(10))[0]}"
        cause = error
    raise Unavailable(f"{name} {reason}; {_REMEDIES[name]}") from cause


@cache
def has_extension(name: str) -> bool:
    """Whether :func:`extension` has that module here."""
    try:
        extension(name)
    except Unavailable:
        return False
    return True
