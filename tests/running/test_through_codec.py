from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from tgbench.bundling.planning import GroundTruth
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.metrics.image.psnr import psnr
from tgbench.metrics.through_codec import through_codec
from tgbench.progress import SILENT
from tgbench.reports.tables.building import build_tables
from tgbench.results import read_cases
from tgbench.running.request import RunRequest
from tgbench.running.result import FRAMES_FILE, read_results
from tgbench.running.runner import run


@pytest.fixture
def request_(tiny_identity: Path, tmp_path: Path) -> RunRequest:
    return RunRequest(
        methods=("still",),
        protocols=("self_reconstruction",),
        identities=(str(tiny_identity),),
        audio=(),
        preset="quick",
        out=tmp_path / "out",
        metrics=("psnr", "training_time"),
        keep_frames=True,
    )


def test_both_lie_side_by_side_and_share_no_table(
    request_: RunRequest, tiny_identity: Path
) -> None:
    (plain,) = run(request_, SILENT)
    (coded,) = run(dataclasses.replace(request_, through_codec=True), SILENT)
    assert len(list(read_results(request_.out))) == 2
    there, here = plain.result.metrics["psnr"], coded.result.metrics["psnr"]
    assert "H.264" not in there.measured_by
    assert "through H.264" in here.measured_by
    assert "H.264" not in coded.result.metrics["training_time"].measured_by
    tables = build_tables([plain.result, coded.result])
    assert len(tables) == 2
    assert all(len(table.blocks[0].rows) == 1 for table in tables)

    frames = pd.read_parquet(coded.folder / FRAMES_FILE)
    identity = Identity(tiny_identity)
    truth = [identity.frame(int(frame)) for frame in frames["source_frame"]]
    # The still method shows the first training frame's picture, as its images say without loss.
    shown = [read_image(plain.folder, index) for index in range(len(truth))]
    pairs = through_codec(zip(shown, truth, strict=True))
    assert list(frames["psnr"]) == pytest.approx([psnr(*pair) for pair in pairs])


def read_image(folder: Path, index: int):
    import cv2

    return cv2.imread(str(folder / "frames" / f"{index}.png"))[..., ::-1].copy()


def test_repeating_it_keeps_it(request_: RunRequest) -> None:
    coded = dataclasses.replace(request_, through_codec=True)
    (first,) = run(coded, SILENT)
    (second,) = run(coded, SILENT)
    assert second.reused
    assert second.folder == first.folder


def test_they_are_never_compared(request_: RunRequest) -> None:
    run(request_, SILENT)
    run(dataclasses.replace(request_, through_codec=True), SILENT)
    cases = read_cases([request_.out])
    assert [case.key.through_codec for case in cases] == [False, True]
    assert len({case.key.setting for case in cases}) == 2


def test_a_bundle_refuses_it_in_words(request_: RunRequest, tiny_identity: Path) -> None:
    (coded,) = run(dataclasses.replace(request_, through_codec=True), SILENT)
    with pytest.raises(TgbenchError, match="run without --through-codec"):
        GroundTruth([tiny_identity], [], SILENT).case(coded.result)
