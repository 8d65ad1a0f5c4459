"""What kind of file a weight file is, and whether it is whole: nothing in it is run.

Torch is imported only to look into a file of its own.
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

_ZIP = b"PK\x03\x04"
_LEGACY = tuple(pickle.dumps(0x1950A86A20F9469CFC6C, protocol) for protocol in (2, 3))
"""How torch's files began before version 1.6: the pickle of this number."""

_LARGEST_INDEX = 1 << 28
"""Bytes of a header that only describes tensors; real ones have a thousandth."""

_NEWER = pickle.FRAME, pickle.STACK_GLOBAL
_EXTENSIONS = pickle.EXT1, pickle.EXT2, pickle.EXT4
_PUT_TOGETHER = "|".join(str(code[0]) for code in (*_NEWER, *_EXTENSIONS))
_REFUSED = re.compile(
    rf"unsupported (?:(?:global: )?GLOBAL ([\w.]+)|operand (?:{_PUT_TOGETHER})\b)", re.IGNORECASE
)
"""What torch says of a pickle that would call something, by its name or by one put together."""


def fault(path: Path, kind: str) -> str:
    """Return what is wrong with a file of a format, such as "is no safetensors file".

    Args:
        path: the file.
        kind: `TORCH`, `SAFETENSORS` or `SKOPS`.

    Returns:
        Words that follow the file's name; empty where nothing is wrong.
    """
    try:
        return _CHECKS[kind](path)
    # What the readers of damaged archives, pickles and headers raise.
    except (ValueError, KeyError, TypeError, OverflowError, EOFError, IndexError) as error:
        return f"is no whole {kind} file ({type(error).__name__})"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, struct.error):
        return f"is no whole {kind} file (damaged archive)"


def read_tensors(path: Path) -> Any:
    """Return what a file of torch's holds, on the CPU; nothing in it is run.

    Raises:
        Exception: of any kind where it is damaged or holds code; see `code_told`.
    """
    import torch

    with warnings.catch_warnings():
        # It advises to load what is in the file without any check.
        warnings.simplefilter("ignore")
        mapped = _begin(path).startswith(_ZIP)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)


def code_told(error: Exception) -> str:
    """Return in words that torch met code in a file, empty where it met something else.

    Its own words advise to load the file without any check.
    """
    found = _REFUSED.search(str(error))
    named = found and (found[1] or "a name put together")
    return f"holds code, not only tensors ({named})" if named else ""


def _torch_fault(path: Path) -> str:
    if not _begin(path).startswith((_ZIP, *_LEGACY)):
        return "is no file of torch's"
    try:
        read_tensors(path)
    except MemoryError:
        raise
    # Damaged bytes make the reader fail in any way.
    except Exception as error:
        return code_told(error) or f"is no whole torch file ({type(error).__name__})"
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
            return "is no safetensors file"
        if stream.read(1) != b"{":
            return "is no safetensors file"
        stream.seek(8)
        header = json.loads(stream.read(length))
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    whole = 8 + length + max(ends, default=0)
    return "" if whole == size and ends else f"has {size:,} bytes where its header says {whole:,}"


def _skops_fault(path: Path) -> str:
    if not _begin(path).startswith(_ZIP):
        return "is no skops file"
    with zipfile.ZipFile(path) as archive:
        return "" if "schema.json" in archive.namelist() else "is no skops file"


_CHECKS = {TORCH: _torch_fault, SAFETENSORS: _safetensors_fault, SKOPS: _skops_fault}
