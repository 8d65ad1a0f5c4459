"""Compiler options of every Numba kernel of the methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tgbench.compiled import njit

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Indices = NDArray[np.uint32]


_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},
}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile for one thread that runs without the GIL.

    Every option counts: with Python's error model a division may raise, so its loop is not
    vectorized, and without ``reassoc`` no sum is (each a factor of 7). NaN and infinity keep their
    meaning. The compiled code is cached on disk; numba notices a change of the function's own
    file only, so delete the caches after editing constants that another file imports.
    """
    return njit(**_OPTIONS)(function)


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that sums floats for kernels, always into them.

    A kernel that calls instead of inlining carries its own copy of the callee, optimised for the
    call; but in the process that compiles it the linker takes the callee compiled by itself,
    which may add in another order. The first run of an installation would then end in other bits
    than all that follow.
    """
    return njit(**_OPTIONS, forceinline=True)(function)
