from __future__ import annotations

import json
import os
import pickle
import random
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.weights.formats import SAFETENSORS, SKOPS, TORCH, fault


class Malicious:
    """Runs a command when unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def network() -> torch.nn.Sequential:
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))


def safetensors(path: Path, header: object, content: bytes) -> Path:
    """Write the format by its definition: length, JSON, bytes."""
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)
    return path


_HEADER = {
    "__metadata__": {"format": "pt"},
    "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
    "b": {"dtype": "U8", "shape": [3], "data_offsets": [8, 11]},
}

_CONTENTS = [
    network().state_dict(),
    {"state_dict": network().state_dict(), "epoch": 3, "names": ["a", "b"], "ratio": 0.5},
    OrderedDict(a=torch.nn.Parameter(torch.ones(2)), b=torch.zeros(3, dtype=torch.bfloat16)),
    {f"{kind}": torch.zeros(2, dtype=kind) for kind in (torch.int64, torch.bool, torch.float64)},
    {"size": torch.Size([2]), "type": torch.float16, "where": torch.device("cpu"), "set": {1, 2}},
    network(),
    {"weights": torch.ones(2), "more": Malicious()},
    [Malicious()],
    {"score": np.float64(0.5)},
    {"code": eval},
    {"path": Path("here")},
]


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("content", _CONTENTS)
def test_what_torch_would_load_with_care_passes_and_nothing_else(
    tmp_path: Path, content: object, zipped: bool
) -> None:
    path = tmp_path / "net.pth"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    try:
        torch.load(path, weights_only=True)
    except pickle.UnpicklingError:
        assert fault(path, TORCH).startswith("contains code")
    else:
        assert fault(path, TORCH) == ""


def test_code_is_named(tmp_path: Path) -> None:
    torch.save(Malicious(), tmp_path / "net.pth")
    assert fault(tmp_path / "net.pth", TORCH).endswith(f"({os.system.__module__}.system)")


def test_a_name_put_together_at_run_time_is_code(tmp_path: Path) -> None:
    torch.save(Malicious(), tmp_path / "net.pth", pickle_protocol=4)
    assert "contains code" in fault(tmp_path / "net.pth", TORCH)


@pytest.mark.parametrize(
    "content",
    [b"", b"weights", b"PK\x03\x04", pickle.dumps(Malicious()), pickle.dumps({"a": 1}), b"\x80"],
)
@pytest.mark.parametrize("kind", [TORCH, SAFETENSORS, SKOPS])
def test_what_is_no_such_file_is_told(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert fault(path, kind).startswith("is not a ")


def test_an_archive_of_something_else_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "file", "w") as archive:
        archive.writestr("readme.txt", b"hello")
    assert fault(tmp_path / "file", TORCH).startswith("is not a complete torch file")
    assert fault(tmp_path / "file", SKOPS) == "is not a skops file"
    with zipfile.ZipFile(tmp_path / "file", "w") as archive:
        archive.writestr("schema.json", b"{}")
    assert fault(tmp_path / "file", SKOPS) == ""


def test_safetensors_are_as_long_as_their_header_says(tmp_path: Path) -> None:
    path = safetensors(tmp_path / "a.safetensors", _HEADER, bytes(11))
    assert fault(path, SAFETENSORS) == ""
    for content in (bytes(10), bytes(12)):
        safetensors(path, _HEADER, content)
        assert "header says" in fault(path, SAFETENSORS)
    for header in ([], {}, {"a": 3}, {"a": {"dtype": "F32"}}):
        assert fault(safetensors(path, header, b""), SAFETENSORS)


@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_files_never_end_in_an_error(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "net.pth"
    torch.save(network().state_dict(), path, _use_new_zipfile_serialization=zipped)
    whole, draw = path.read_bytes(), random.Random(1)
    for _ in range(150):
        damaged = bytearray(whole[: draw.randrange(len(whole))])
        for _ in range(3):
            damaged[draw.randrange(len(damaged) or 1) : 1] = bytes([draw.randrange(256)])
        path.write_bytes(bytes(damaged))
        assert isinstance(fault(path, TORCH), str)
    for share in (0.3, 0.95):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert fault(path, TORCH)
