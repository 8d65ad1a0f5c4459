"""`.npy` files that hold a pickled dictionary of arrays, read without running code in them.

The side files of the field's face tracker are of this kind. NumPy's own reader would run whatever
a pickle names; here only the constructors of plain arrays are let through.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inputs import open_file

_PLAIN = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
}


def read_pickled_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of numbers by name.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged, holds something else, or names code.
    """
    with open_file(path) as stream:
        try:
            version = np.lib.format.read_magic(stream)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, _, dtype = read_header(stream)
        except (KeyError, ValueError) as error:
            raise ValueError("is not a .npy file") from error
        if shape != () or dtype != np.dtype(object):
            raise ValueError("holds no dictionary of arrays")
        try:
            content = _PlainArrays(stream).load()
        except ValueError:
            raise
        # Damaged bytes make the reader fail in any way.
        except Exception as error:
            raise ValueError(f"is damaged ({type(error).__name__})") from error
    named = content.item() if isinstance(content, np.ndarray) and content.shape == () else None
    if not isinstance(named, dict) or not all(_is_numbers(value) for value in named.values()):
        raise ValueError("holds no dictionary of arrays of numbers")
    return {str(name): value for name, value in named.items()}


def _is_numbers(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "iuf"


class _PlainArrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Let through what makes plain arrays."""
        if (module, name) not in _PLAIN:
            raise ValueError(f"contains code, not only arrays ({module}.{name})")
        return super().find_class(module, name)
