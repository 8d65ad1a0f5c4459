"""Compiling with Numba, with a place for what was compiled wherever that may be."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from numba import config, njit

from .errors import TgbenchError
from .files import cache_root, make_cache

__all__ = ["njit"]


def _nothing() -> None:
    pass


def _find_place() -> None:
    """Give Numba a folder where it finds none, beside the source or in the user's own cache.

    It would refuse to compile at all. Processes that this one starts use the same.
    """
    try:
        njit(cache=True)(_nothing)
    except RuntimeError:
        os.environ["NUMBA_CACHE_DIR"] = str(_own_folder())
        config.reload_config()


def _own_folder() -> Path:
    try:
        return make_cache(cache_root() / "compiled")
    except (TgbenchError, OSError):
        folder = Path(tempfile.mkdtemp(prefix="tgbench-compiled-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder


_find_place()
