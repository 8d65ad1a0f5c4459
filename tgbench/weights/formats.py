"""Checking the format of a weight file, and that it is complete, without running its code.

Torch is imported only to check torch files.
"""

from __future__ import annotations

import json
import pickle
import re
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

TORCH, SAFETENSORS, SKOPS = "torch", "safetensors", "skops"
PICKLED_ARRAYS, BFM2009 = "NumPy dictionary", "Basel Face Model 2009"

_ZIP = b"PK\x03\x04"
_LEGACY = tuple(pickle.dumps(0x1950A86A20F9469CFC6C, protocol) for protocol in (2, 3))
"""The first bytes of torch files before version 1.6: the pickle of this number."""

_BFM_SHAPES = {"shapeMU": (160470, 1), "shapePC": (160470, 199), "shapeEV": (199, 1)}
"""Of 53,490 vertices; the models of later years have others."""

_LARGEST_INDEX = 1 << 28
"""Bytes of a header that describes tensors; real headers have a thousandth of it."""

_NEWER = pickle.FRAME, pickle.STACK_GLOBAL
_EXTENSIONS = pickle.EXT1, pickle.EXT2, pickle.EXT4
_PUT_TOGETHER = "|".join(str(code[0]) for code in (*_NEWER, *_EXTENSIONS))
_REFUSED = re.compile(
    rf"unsupported (?:(?:global: )?GLOBAL ([\w.]+)|operand (?:{_PUT_TOGETHER})\b)", re.IGNORECASE
)
"""Torch's message for a pickle that would call a function, named or composed."""


def fault(path: Path, kind: str) -> str:
    """Return what is wrong with a file of a format, such as "is not a safetensors file".

    Args:
        path: the file.
        kind: `TORCH`, `SAFETENSORS`, `SKOPS`, `PICKLED_ARRAYS` or `BFM2009`.

    Returns:
        Text that follows the file's name; empty if nothing is wrong.
    """
    try:
        return _CHECKS[kind](path)
    # What the readers of damaged archives, pickles and headers raise.
    except (ValueError, KeyError, TypeError, OverflowError, EOFError, IndexError) as error:
        return f"is not a complete {kind} file ({type(error).__name__})"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, struct.error):
        return f"is not a complete {kind} file (damaged archive)"


def read_tensors(path: Path) -> Any:
    """Return the content of a torch file, on the CPU, without running its code.

    Raises:
        Exception: of any kind where it is damaged or contains code; see `code_found`.
    """
    import torch

    with warnings.catch_warnings():
        # The warnings advise loading the file without any check.
        warnings.simplefilter("ignore")
        mapped = _begin(path).startswith(_ZIP)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)


def code_found(error: Exception) -> str:
    """Return a text if torch found code in a file; empty if it found something else.

    Torch's own message advises loading the file without any check.
    """
    found = _REFUSED.search(str(error))
    named = found and (found[1] or "a composed name")
    return f"contains code, not only tensors ({named})" if named else ""


def _torch_fault(path: Path) -> str:
    if not _begin(path).startswith((_ZIP, *_LEGACY)):
        return "is not a torch file"
    try:
        read_tensors(path)
    except MemoryError:
        raise
    # Damaged bytes make the reader fail in any way.
    except Exception as error:
        return code_found(error) or f"is not a complete torch file ({type(error).__name__})"
    return ""


def _begin(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(len(_LEGACY[0]))


def _safetensors_fault(path: Path) -> str:
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or not 2 <= length <= min(_LARGEST_INDEX, size - 8):
            return "is not a safetensors file"
        if stream.read(1) != b"{":
            return "is not a safetensors file"
        stream.seek(8)
        header = json.loads(stream.read(length))
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    whole = 8 + length + max(ends, default=0)
    return "" if whole == size and ends else f"has {size:,} bytes, but its header says {whole:,}"


def _skops_fault(path: Path) -> str:
    if not _begin(path).startswith(_ZIP):
        return "is not a skops file"
    with zipfile.ZipFile(path) as archive:
        return "" if "schema.json" in archive.namelist() else "is not a skops file"


def _pickled_fault(path: Path) -> str:
    from .pickled_arrays import read_pickled_arrays

    try:
        read_pickled_arrays(path)
    except ValueError as error:
        return str(error)
    return ""


def _bfm_fault(path: Path) -> str:
    from scipy.io import whosmat

    begin = _begin(path)
    if begin.startswith(b"\x89HDF"):
        return "is an HDF5 file, as the Basel Face Models of 2017 and 2019 are; 2009's is needed"
    try:
        shapes = {name: shape for name, shape, _ in whosmat(path)}
    except MemoryError:
        raise
    # Damaged bytes make the reader fail in any way.
    except Exception:
        return "is not the Basel Face Model 2009, 01_MorphableModel.mat"
    if "idBase" in shapes:
        return "is Deep3DFaceRecon's cut of the Basel Face Model, not 01_MorphableModel.mat"
    found = {name: shapes.get(name) for name in _BFM_SHAPES}
    if found != _BFM_SHAPES:
        listed = ", ".join(f"{name} {shape}" for name, shape in found.items())
        return f"is not the Basel Face Model 2009: {listed}, expected {_BFM_SHAPES['shapePC']}"
    return ""


_CHECKS = {
    TORCH: _torch_fault,
    SAFETENSORS: _safetensors_fault,
    SKOPS: _skops_fault,
    PICKLED_ARRAYS: _pickled_fault,
    BFM2009: _bfm_fault,
}
