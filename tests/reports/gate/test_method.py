"""Regressions planted in a method: TalkingGaussian on a small head, fitted once, run as users do.

The fit is kept, so that each run renders the very same model, changed at one place.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from tgbench.configs import flat
from tgbench.identities import Identity, IdentityWriter, Split
from tgbench.interfaces import Drive, Image
from tgbench.methods.talkinggaussian.method import TalkingGaussian
from tgbench.methods.talkinggaussian.motion import FaceMotion
from tgbench.progress import SILENT
from tgbench.reports.gate.baseline import read_baseline
from tgbench.running.request import RunRequest
from tgbench.running.runner import run

from ...methods.conftest import write_sphere
from ...methods.talkinggaussian.test_fitting import TINY
from .conftest import Gate

pytestmark = pytest.mark.slow

FRAMES, FITTED = 75, 50

Change = Callable[[pytest.MonkeyPatch], None]
Run = Callable[[str], Path]


def wrong_sign(patch: pytest.MonkeyPatch) -> None:
    """The motion field moves every Gaussian of the face the other way."""
    deform = FaceMotion.deform

    def turned(*arguments):
        change = deform(*arguments)
        return dataclasses.replace(change, means=-change.means)

    patch.setattr(FaceMotion, "deform", turned)


def two_frames_late(patch: pytest.MonkeyPatch) -> None:
    render = TalkingGaussian.render

    def late(self: TalkingGaussian, drive: Drive) -> Iterator[Image]:
        heard = dataclasses.replace(drive, feature_index=drive.feature_index - 2)
        return render(self, heard)

    patch.setattr(TalkingGaussian, "render", late)


def blurred(patch: pytest.MonkeyPatch) -> None:
    render = TalkingGaussian.render

    def soft(self: TalkingGaussian, drive: Drive) -> Iterator[Image]:
        return (cv2.GaussianBlur(frame, (0, 0), 0.5) for frame in render(self, drive))

    patch.setattr(TalkingGaussian, "render", soft)


def unchanged(patch: pytest.MonkeyPatch) -> None:
    """Nothing is planted."""


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A head of which a second is held out, and results of a run on it."""
    folder = tmp_path_factory.mktemp("gate")
    head: Identity = write_sphere(folder / "sphere", frames=FRAMES)
    lens = head.intrinsics
    writer = IdentityWriter(head.folder, (lens.width, lens.height))
    split = Split(range(FITTED), range(FITTED, FRAMES))
    writer.write_transforms(lens.focal, head.poses, split)
    measured(head.folder, folder / "before")
    return head.folder, folder / "before"


def measured(head: Path, out: Path) -> Path:
    request = RunRequest(
        methods=("talkinggaussian",),
        protocols=("self_reconstruction",),
        identities=(str(head),),
        audio=(),
        preset="quick",
        overrides={key: str(value) for key, value in flat(TINY).items()},
        out=out,
        metrics=("psnr", "ssim"),
    )
    run(request, SILENT)
    return out


@pytest.mark.parametrize(
    ("plant", "expected"), [(unchanged, 0), (wrong_sign, 1), (two_frames_late, 1), (blurred, 1)]
)
def test_a_regression_in_the_method_fails(
    gate: Gate,
    fitted: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    plant: Change,
    expected: int,
) -> None:
    head, before = fitted
    gate.update(before)
    shutil.copytree(before / "models", tmp_path / "now" / "models")
    plant(monkeypatch)
    code, printed = gate(measured(head, tmp_path / "now"))
    assert code == expected, printed
    failed = [
        line.split()[0] for line in printed.splitlines() if line.rstrip().endswith("regression")
    ]
    assert failed == (["PSNR", "SSIM"] if expected else [])
    (case,) = read_baseline(gate.baseline).cases
    assert len(case.source_frames) == FRAMES - FITTED
    if not expected:
        assert printed.count("0 (0 to 0)") == 2
