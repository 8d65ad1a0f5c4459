"""Runs of systems of which a node gets files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tgbench.identities import Identity
from tgbench.running.request import RunRequest

from ..systems.standin import BARE, declare, make_checkout
from ..systems.videos.test_declaration import DEMOS

CONVERTER = """
def add(folder):
    (folder / "added.txt").write_text("by the converter")
"""

INPUT = """
[[inputs]]
what = "background"
name = "plate.png"
phase = "fit"
converter = "own.py:add"
"""


def request_of(identity: Path, out: Path, method: str, **overrides: str) -> RunRequest:
    return RunRequest(
        methods=(method,),
        protocols=("self_reconstruction",),
        identities=(str(identity),),
        overrides=overrides,
        metrics=("psnr",),
        out=out,
    )


@pytest.fixture
def mean(tmp_path: Path, tiny_identity: Path) -> RunRequest:
    """A system with a converter beside its declaration; its checkout lies elsewhere."""
    checkout, folder = make_checkout(tmp_path / "co"), tmp_path / "declared"
    folder.mkdir()
    (folder / "own.py").write_text(CONVERTER)
    (folder / "secret.txt").write_text("no file of the system")
    declare(folder, checkout, output=INPUT)
    settings = {"checkout": str(checkout), "environment": BARE}
    return request_of(tiny_identity, tmp_path / "out", str(folder / "mean.toml"), **settings)


def videos(folder: Path, identity: Path, place: str) -> Path:
    """A declaration with a video in a folder of images, and one of somebody else."""
    own = Identity(identity)
    (folder / place).mkdir(parents=True)
    for index in own.split().test:
        image = own.frame(index)[..., ::-1] // 2
        cv2.imwrite(str(folder / place / f"{index:03d}.png"), image)
    (folder / "tiny" / "other").mkdir(parents=True)
    cv2.imwrite(str(folder / "tiny" / "other" / "0.png"), np.zeros((64, 64, 3), np.uint8))
    return folder / "demos.toml"


@pytest.fixture
def listed(tmp_path: Path, tiny_identity: Path) -> RunRequest:
    """Videos that a table names, beside their declaration."""
    file = videos(tmp_path / "declared", tiny_identity, "released/one")
    file.write_text(DEMOS.partition("align")[0])
    table = "identity,driver,video\ntiny,self,released/one\ntiny,voice,released/two.mp4\n"
    (file.parent / "videos.csv").write_text(table)
    return request_of(tiny_identity, tmp_path / "out", str(file))


@pytest.fixture
def apart(tmp_path: Path, tiny_identity: Path) -> RunRequest:
    """Videos in a folder that the settings name, apart from their declaration."""
    videos(tmp_path / "declared", tiny_identity, "tiny/self")
    file = tmp_path / "demos.toml"
    file.write_text(DEMOS.partition("table")[0])
    return request_of(tiny_identity, tmp_path / "out", str(file), folder=str(tmp_path / "declared"))
