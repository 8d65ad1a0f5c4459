"""Which backend works on some tensors: the one that was named, else the one of their device."""

from __future__ import annotations

from collections.abc import Mapping

import torch


def choose(named: str | None, device: torch.device, by_device: Mapping[str, str]) -> str:
    """Return the name of the backend.

    Args:
        named: What the caller asked for; None leaves it to the device.
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
