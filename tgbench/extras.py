"""The command that installs an optional dependency, for messages."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, version

_WITH_TORCH = frozenset(
    {"lpips", "sync", "fan", "pyfeat", "pyiqa", "speech", "theval", "torchmetrics"}
)
"""Extras whose packages need torch or torchvision; pip might replace the installed torch."""


def install_extra(name: str) -> str:
    """Return the command that installs an extra of tgbench and keeps the installed torch.

    In an editable installation the command is for the checkout: what a package index has under
    this name may be something else.
    """
    command = f"pip install -e '.[{name}]'" if _is_editable() else f"pip install 'tgbench[{name}]'"
    if name not in _WITH_TORCH:
        return command
    release = _torch_release()
    return f"{command} torch=={release}" if release else command


@cache
def _torch_release() -> str:
    """Return the release of the installed torch that package indexes have; empty for none.

    They have no builds between releases.
    """
    try:
        release = version("torch").partition("+")[0]
    except PackageNotFoundError:
        return ""
    return release if re.fullmatch(r"[0-9.]+", release) else ""


def _is_editable() -> bool:
    """Return whether tgbench is installed from a checkout with `pip install -e` (PEP 610)."""
    try:
        origin = json.loads(distribution("tgbench").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return False
    return bool(origin.get("dir_info", {}).get("editable"))
