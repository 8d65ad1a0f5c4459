"""From `tgbench explore` to its folder, with a method whose blendshapes are known."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image as Picture

from tgbench import cli, plugins
from tgbench.faces.landmarks import Faces as Seen
from tgbench.files import hash_of
from tgbench.identities import Identity
from tgbench.interfaces import Image, Points
from tgbench.progress import SILENT
from tgbench.running.fitting import Fitting, fit
from tgbench.running.folders import MODELS
from tgbench.running.locks import sole_replacer
from tgbench.running.method_config import MethodConfig

from .toy import BROWS, DEVIATIONS, LIPS, MEANS, SPEC, Config

EYES = 40.0
"""Distance of the outer eye corners of the faces that are found, in pixels."""


class Faces:
    """Finds a face whose lips are apart, and brows high, by a tenth of their squares' levels."""

    def mesh(self, image: Image) -> Points:
        from tgbench.faces.landmarks import IBUG68_FROM_MESH

        places = np.zeros((68, 3), np.float32)
        places[[36, 45], :2] = [[12.0, 30.0], [12.0 + EYES, 30.0]]
        places[17:27, 1] = 24.0 - image[BROWS[0] + 4, BROWS[1] + 4, 0] / 10.0
        places[36:48, 1] = 30.0
        places[27:36, 1], places[8, 1] = np.linspace(30.0, 40.0, 9), 60.0
        places[60:68, 1] = 50.0
        places[[67, 66, 65], 1] += image[LIPS[0] + 4, LIPS[1] + 4, 0] / 10.0
        mesh = np.random.default_rng(0).uniform(0, 60, (478, 3)).astype(np.float32)
        mesh[list(IBUG68_FROM_MESH)] = places
        return mesh

    def look(self, image: Image) -> Seen:
        return Seen([self.mesh(image)], 1)

    def find(self, image: Image) -> Points:
        from tgbench.faces.landmarks import ibug68

        return ibug68(self.mesh(image))

    def describe(self) -> str:
        return "squares"


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, tiny_identity: Path, tmp_path: Path) -> list[str]:
    """Install the method and its faces, fit it, and return the options that name the fit."""
    installed = plugins.methods() | {"toy": SPEC}
    monkeypatch.setattr(plugins, "methods", lambda: installed)
    for module in ("tgbench.reports.exploring.exploring", "tgbench.metrics.frames"):
        monkeypatch.setattr(f"{module}.MeshLandmarks", Faces)
    identity, out = Identity(tiny_identity), tmp_path / "results"
    config = MethodConfig(SPEC, Config(), "quick")
    hashed = hash_of(identity.input_hashes())
    fit(Fitting(config, identity, hashed, identity.split(), 0, "cpu", out / MODELS), SILENT)
    return ["--identity", str(tiny_identity), "--out", str(out), "--device", "cpu"]


def explored(known: list[str], folder: Path, *more: str, samples: str = "1") -> int:
    sound = known[1] + "/aud.wav"
    options = ["--audio", sound, "--seconds", "1", "--samples", samples, "--output", str(folder)]
    return cli.main(["explore", "--method", "toy", *known, *options, *more])


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_each_blendshape_moves_by_three_deviations_either_way(
    known: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "explored"
    assert explored(known, folder) == 0
    last = " ".join(capsys.readouterr().out.split())
    assert "3 blendshapes, 100 % of their change in their own half, 1 sampled" in last
    record = json.loads((folder / "explore.json").read_text())
    brows, lips = record["sets"]
    (mouth,) = lips["shapes"]
    assert mouth["deviation"] == pytest.approx(DEVIATIONS[0], abs=0.01)
    levels = [MEANS[0] + times * DEVIATIONS[0] for times in (-3, 0, 3)]
    found = [mouth["mouth_opening"][at] for at in ("least", "middle", "most")]
    np.testing.assert_allclose(found, np.array(levels) / 10.0 / EYES, atol=1e-5)
    assert mouth["brow_height"]["least"] == mouth["brow_height"]["most"]
    brow, unused = brows["shapes"]
    grown = brow["brow_height"]["most"] - brow["brow_height"]["least"]
    assert grown == pytest.approx(6 * DEVIATIONS[1] / 10.0 / EYES, abs=2e-3)
    assert mouth["own_half"] == brow["own_half"] == 1.0
    assert (unused["deviation"], unused["picture_change"], unused["own_half"]) == (0.0, 0.0, None)
    assert mouth["picture_change"] == pytest.approx(60.0 * 64 / 64**2)
    heard, sample = record["expressions"]
    assert (sample["metrics"]["lmd"], heard["name"]) == (0.0, "as driven")


def test_strips_and_videos_show_the_sweep_and_say_that_they_are_synthetic(
    known: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "explored"
    assert explored(known, folder, "--no-label") == 0
    strip = Picture.open(folder / "media" / "lips-01.png")
    assert strip.info["DigitalSourceType"].endswith("trainedAlgorithmicMedia")
    shown = np.asarray(strip)[-64 + LIPS[0] + 4, LIPS[1] + 4 :: 64, 0]
    np.testing.assert_array_equal(shown, [70, 80, 90, 100, 110, 120, 130])
    frames = frames_of(folder / "media" / "lips-01.mp4")
    assert len(frames) == 48
    levels = [frame[LIPS[0] + 4, LIPS[1] + 4, 0] for frame in (frames[0], frames[24], frames[47])]
    np.testing.assert_allclose(levels, [70, 130, 72.5], atol=3)
    side_by_side = frames_of(folder / "media" / "expressions.mp4")
    assert side_by_side[0].shape == (64, 128, 3)
    lips = np.stack(side_by_side)[:, LIPS[0] + 4, LIPS[1] + 4 :: 64, 0].astype(int)
    assert np.abs(lips[:, 0] - lips[:, 1]).max() <= 2
    page = (folder / "index.html").read_text()
    assert page.count("data:video/mp4") == 4
    assert "default-src &#39;none&#39;" in page
    assert explored(known, folder, "--force") == 0
    labelled = cv2.imread(str(folder / "media" / "lips-01.png"))
    assert not np.array_equal(labelled[..., ::-1], np.asarray(strip))


def test_what_cannot_be_explored_is_one_line(
    known: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "there"
    assert explored(known, target, samples="9") == 2
    assert "--samples 9" in said(capsys)
    assert cli.main(["explore", "--method", "still", "--output", str(target)]) == 2
    assert "'still' has no blendshapes" in said(capsys)
    assert explored(known, target, "--seed", "7") == 2
    assert "tgbench run --method toy" in said(capsys)
    assert not target.exists()
    target.mkdir()
    (target / "mine.txt").touch()
    assert explored(known, target, "--force") == 2
    assert "other than an exploration" in said(capsys)
    assert explored(known, target / "mine.txt") == 2
    assert "is a file" in said(capsys)
    shutil.rmtree(target)
    target.mkdir()
    (target / "explore.json").write_text("{}")
    assert explored(known, target) == 2
    assert "--force" in said(capsys)
    assert [path.name for path in target.iterdir()] == ["explore.json"]


def test_what_needs_no_frame_is_refused_before_a_person_is_filmed(
    known: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def filmed(*_: object) -> Identity:
        raise AssertionError("a person was filmed")

    monkeypatch.setattr("tgbench.reports.exploring.exploring.resolve_identity", filmed)
    target = tmp_path / "there"
    other = ["--identity", "synth:7", *known[2:]]
    assert explored(other, target) == 2
    assert "synth-7/toy: no finished fit here" in said(capsys)
    with sole_replacer(target):
        assert explored(known, target) == 2
    assert said(capsys).endswith("--output")
