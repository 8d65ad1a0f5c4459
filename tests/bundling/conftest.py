"""A bundle of the still method on a drawn identity, and means to spoil it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.bundling.packing import pack
from tgbench.bundling.planning import GroundTruth
from tgbench.progress import SILENT
from tgbench.running.request import RunRequest
from tgbench.running.runner import run

CASE = "cases/0000"
Members = dict[str, bytes]


@pytest.fixture(scope="session")
def still_results(tiny_identity: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the still method, 4 frames of 64 x 64. Not to be changed."""
    out = tmp_path_factory.mktemp("still") / "results"
    request = RunRequest(
        ("still",),
        ("self_reconstruction",),
        (str(tiny_identity),),
        (),
        "quick",
        out=out,
        metrics=("psnr", "ssim"),
    )
    run(request, SILENT)
    return out


@pytest.fixture
def truth(tiny_identity: Path) -> GroundTruth:
    return GroundTruth([tiny_identity], [], SILENT)


@pytest.fixture
def bundle(still_results: Path, truth: GroundTruth, tmp_path: Path) -> Path:
    return pack(still_results, tmp_path / "still.zip", truth, SILENT).path


def read_members(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path: Path, members: Members, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def with_right_hashes(members: Members) -> Members:
    """What someone does who changes a member and its hash along with it."""
    manifest = json.loads(members["bundle.json"])
    manifest["files"] = {
        name: hashlib.sha256(data).hexdigest()
        for name, data in members.items()
        if name != "bundle.json"
    }
    return {**members, "bundle.json": json.dumps(manifest).encode()}


@pytest.fixture
def spoiled(bundle: Path, tmp_path: Path) -> Callable[..., Path]:
    """Rewrites the bundle after its members were changed in place."""

    def spoil(change: Callable[[Members], object], right_hashes: bool = False) -> Path:
        members = read_members(bundle)
        change(members)
        return write_members(
            tmp_path / "spoiled.zip", with_right_hashes(members) if right_hashes else members
        )

    return spoil
