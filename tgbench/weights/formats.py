"""What kind of file a weight file is, told from its bytes: nothing is loaded, nothing can run.

A pickle is read as the list of instructions that it is. It is taken for tensors if every name that
it would import is one of those with which torch rebuilds them: those that
`torch.load(weights_only=True)` allows.
"""

from __future__ import annotations

import io
import json
import pickle
import pickletools
import re
import struct
import zipfile
from pathlib import Path
from typing import IO

TORCH, SAFETENSORS, SKOPS = "torch", "safetensors", "skops"

_ZIP = b"PK\x03\x04"
_LEGACY = tuple(pickle.dumps(0x1950A86A20F9469CFC6C, protocol) for protocol in (2, 3))
"""How torch's files began before version 1.6: the pickle of this number."""

_LEGACY_PICKLES = 5
"""In such a file: magic number, version, machine, content, names of storages; then bare numbers."""

_LARGEST_INDEX = 1 << 28
"""Bytes of a pickle or header that only describes tensors; real ones have a thousandth."""

_TENSORS = re.compile(
    r"collections\.(OrderedDict|Counter)|_codecs\.encode"
    r"|(builtins|__builtin__)\.(bytearray|complex|set)"
    r"|torch\.(cuda\.|storage\.)?\w*(Storage|Tensor)|torch\.(Size|device)"
    r"|torch\.(bfloat|complex|float|q?u?int|bits)\w*|torch\.(bool|double|half|long|short)"
    r"|torch\.per_(tensor|channel)_\w+"
    r"|torch\.nn\.parameter\.Parameter|torch\.serialization\._get_layout"
    r"|torch\._utils\._rebuild_\w+|torch\._tensor\._rebuild_from_type_v2"
)
_IMPORTS = ("GLOBAL", "INST")
_UNTOLD = {"STACK_GLOBAL": "a name put together", "EXT1": "an extension"}
_UNTOLD |= {"EXT2": _UNTOLD["EXT1"], "EXT4": _UNTOLD["EXT1"]}


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


def code_in(path: Path) -> str:
    """Return what a file of torch's would import beside tensors; empty for nothing.

    Raises:
        ValueError: it is no file of torch's, or damaged.
        zipfile.BadZipFile: it is a damaged archive.
    """
    begin = _begin(path)
    if begin.startswith(_ZIP):
        return _imported(_index(path))
    if not begin.startswith(_LEGACY):
        raise ValueError("no file of torch's")
    with path.open("rb") as stream:
        return next(filter(None, (_imported(stream) for _ in range(_LEGACY_PICKLES))), "")


def _torch_fault(path: Path) -> str:
    if not _begin(path).startswith((_ZIP, *_LEGACY)):
        return "is no file of torch's"
    found = code_in(path)
    return f"holds code, not only tensors ({found})" if found else ""


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


def _index(path: Path) -> IO[bytes]:
    """Return the pickle in an archive of torch's."""
    with zipfile.ZipFile(path) as archive:
        found = [entry for entry in archive.infolist() if entry.filename.endswith("data.pkl")]
        if len(found) != 1 or found[0].file_size > _LARGEST_INDEX:
            raise ValueError("no archive of torch's")
        return io.BytesIO(archive.read(found[0]))


def _imported(stream: IO[bytes]) -> str:
    """Read one pickle; return the first name in it that rebuilds no tensors, empty for none."""
    for operation, argument, _ in pickletools.genops(stream):
        if operation.name in _UNTOLD:
            return _UNTOLD[operation.name]
        if operation.name in _IMPORTS:
            # Module and name are told with a space in between.
            name = str(argument).replace(" ", ".")
            if not _TENSORS.fullmatch(name):
                return name
    return ""
