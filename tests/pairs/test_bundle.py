"""Bundles of pairs: the numbers follow from the frames in them and the true videos here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tgbench.bundling.agreement import Verdict
from tgbench.bundling.packing import pack
from tgbench.bundling.planning import GroundTruth
from tgbench.bundling.verifying import counts, exit_code, verify
from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.progress import SILENT

from ..metrics.clips import video


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Two clips with sound: the first has a frame too many, the second another rate."""
    for folder, noise in (("ours", 9.0), ("real", 0.0)):
        (tmp_path / folder).mkdir()
        more = int(folder == "ours")
        video(tmp_path / folder / "ann.mp4", 40 + more, noise=noise, sound=1.6)
        rate = 30 if folder == "ours" else 25
        video(tmp_path / folder / "bob.mp4", 8 * rate // 5, fps=rate, noise=noise, sound=1.6)
    return tmp_path


def scored(clips: Path, *more: str) -> Path:
    command = ["score", "--pairs", str(clips / "ours"), str(clips / "real")]
    out = clips / "out"
    assert main([*command, "--out", str(out), "--metrics", "psnr", "ssim", *more]) == 0
    return out


def test_a_bundle_of_pairs_is_verified_against_the_true_videos(clips: Path) -> None:
    truth = GroundTruth([clips / "real"], [], SILENT)
    packed = pack(scored(clips, "--frames"), clips / "pairs.zip", truth, SILENT)
    assert packed.cases == 2
    reports = verify(packed.path, truth, SILENT)
    assert exit_code(reports) == 0
    assert counts(reports)[Verdict.AGREES] == 4


def test_other_true_videos_are_refused(clips: Path) -> None:
    truth = GroundTruth([clips / "real"], [], SILENT)
    packed = pack(scored(clips, "--frames"), clips / "pairs.zip", truth, SILENT)
    (clips / "other").mkdir()
    reports = verify(packed.path, GroundTruth([clips / "other"], [], SILENT), SILENT)
    assert exit_code(reports) == 2
    assert "ann.mp4" in reports[0].problem
    assert "--identity" in reports[0].problem


def test_frames_must_have_been_kept(clips: Path) -> None:
    truth = GroundTruth([clips / "real"], [], SILENT)
    out = scored(clips)
    with pytest.raises(TgbenchError, match="--frames"):
        pack(out, clips / "pairs.zip", truth, SILENT)
    assert pack(scored(clips, "--frames"), clips / "pairs.zip", truth, SILENT).cases == 2
    more = scored(clips, "ssim_face_skimage")
    assert len(list(more.rglob("frames"))) == 2


def test_metrics_of_the_sound_need_it(clips: Path) -> None:
    out = scored(clips, "lip_lag", "--frames")
    truth = GroundTruth([clips / "real"], [], SILENT)
    packed = pack(out, clips / "pairs.zip", truth, SILENT)
    assert exit_code(verify(packed.path, truth, SILENT)) == 0
