"""Folders of the field's own scripts are read unchanged, and ours by the field's readers."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tgbench import plugins
from tgbench.audio_encoders.prepared import DEEPSPEECH, HUBERT, WAV2VEC2
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.identities.track_params import TrackParams, read_track_params, write_track_params
from tgbench.identities.validation import validate

from .official_folders import FRAMES, REPOSITORIES, transforms_of, write_official

_FEATURES = {
    "ad-nerf": {DEEPSPEECH: "aud.npy"},
    "rad-nerf": {WAV2VEC2: "aud_eo.npy"},
    "er-nerf": {DEEPSPEECH: "aud_ds.npy", WAV2VEC2: "aud_eo.npy", HUBERT: "aud_hu.npy"},
    "geneface": {DEEPSPEECH: "aud_deepspeech.npy", WAV2VEC2: "aud_esperanto.npy"},
    "talkinggaussian": {DEEPSPEECH: "aud_ds.npy", HUBERT: "aud_hu.npy"},
}


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("official")
    made = {name: write_official(folder / name, name) for name in REPOSITORIES}
    return made.__getitem__


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_a_folder_of_the_official_scripts_is_read_unchanged(
    official: Callable[[str], Path], repository: str
) -> None:
    folder = official(repository)
    assert validate(folder) == []
    identity = Identity(folder)
    assert len(identity) == FRAMES
    assert identity.split().test == range(20, 22)
    track = torch.load(folder / "track_params.pt", weights_only=True)
    np.testing.assert_allclose(identity.poses, transforms_of(track), atol=1e-6)
    assert identity.landmarks.shape == (FRAMES, 68, 2)
    assert identity.audio.seconds == pytest.approx(FRAMES / 25, abs=1e-3)
    # The truth has the plate's colour behind the person, not what was filmed there.
    assert abs(identity.frame(3)[2, 2].astype(int) - (90, 120, 150)).max() <= 2
    assert abs(identity.filmed(3)[2, 2].astype(int) - (94, 124, 154)).max() <= 2
    torso = identity.torso(3)
    assert torso[60, 32].tolist()[3] == 255
    assert abs(torso[60, 32, :3].astype(int) - (60, 60, 120)).max() <= 6
    assert torso[25, 32, 3] == torso[2, 2, 3] == 0
    for encoder, name in _FEATURES[repository].items():
        features = identity.audio_features(encoder)
        stored = np.load(folder / name)
        assert features.windows.shape == (FRAMES, *encoder.window)
        np.testing.assert_allclose(features.windows[:21], stored[:21], rtol=1e-6)


def test_action_units_are_openfaces_or_none(official: Callable[[str], Path]) -> None:
    units = Identity(official("er-nerf")).action_units
    assert units.measured_by == "openface"
    np.testing.assert_allclose(units.values["AU45"], 0.1 * np.arange(FRAMES) + 0.45, atol=1e-2)
    none = Identity(official("rad-nerf")).action_units
    assert none.values == {}
    with pytest.raises(TgbenchError, match=r"AU45.*OpenFace"):
        none.stack(("AU45",))


def test_mouth_and_teeth_of_talkinggaussian(official: Callable[[str], Path]) -> None:
    identity = Identity(official("talkinggaussian"))
    assert identity.teeth_mask(0).sum() == 9 * 4
    assert identity.parsing(0)[int(0.52 * 64), 32].tolist() == [100, 100, 100]
    assert not Identity(official("er-nerf")).teeth_mask(0).any()


def test_an_odd_row_and_column_are_dropped_as_their_loaders_do(tmp_path: Path) -> None:
    folder = write_official(tmp_path / "odd", "er-nerf", side=65)
    assert validate(folder) == []
    assert Identity(folder).frame(0).shape == (64, 64, 3)


def test_ours_satisfies_the_readers_of_their_repositories(tiny_identity: Path) -> None:
    """What the data loaders of RAD-NeRF, ER-NeRF and TalkingGaussian open, and what they index."""
    tables = {
        name: json.loads((tiny_identity / f"transforms_{name}.json").read_text())
        for name in ("train", "val")
    }
    for table in tables.values():
        height, width = int(table["cy"]) * 2, int(table["cx"]) * 2
        assert float(table["focal_len"]) > 0
        for frame in table["frames"]:
            number = frame["img_id"]
            assert frame["aud_id"] == number
            assert np.array(frame["transform_matrix"], np.float32).shape == (4, 4)
            for name in (f"gt_imgs/{number}.jpg", f"ori_imgs/{number}.jpg"):
                image = cv2.imread(str(tiny_identity / name), cv2.IMREAD_UNCHANGED)
                assert image.shape == (height, width, 3)
            torso = cv2.imread(str(tiny_identity / f"torso_imgs/{number}.png"), -1)
            assert torso.shape == (height, width, 4)
            parsing = cv2.imread(str(tiny_identity / f"parsing/{number}.png"))
            known = {(255, 0, 0), (0, 255, 0), (0, 0, 255), (255,) * 3, (100,) * 3, (0, 0, 0)}
            assert {*map(tuple, parsing.reshape(-1, 3).tolist())} <= known
            assert np.loadtxt(tiny_identity / f"ori_imgs/{number}.lms").shape == (68, 2)
            teeth = np.load(tiny_identity / f"teeth_mask/{number}.npy")
            assert (teeth.shape, teeth.dtype) == ((height, width), np.bool_)
    frames = sum(len(table["frames"]) for table in tables.values())
    with (tiny_identity / "au.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == frames
    for unit in ("01", "04", "05", "06", "07", "45", "25"):
        assert all(0.0 <= float(row[f" AU{unit}_r"]) <= 5.0 for row in rows)
    assert cv2.imread(str(tiny_identity / "bc.jpg")).shape == (height, width, 3)


def test_track_params_make_the_transforms_that_process_py_would(
    tmp_path: Path, own_identity: Path
) -> None:
    """The scripts' own formula applied to our file gives our transforms."""
    identity = Identity(own_identity)
    rng = np.random.default_rng(0)
    poses = np.array(identity.poses, np.float64)
    turns = rng.normal(0, 0.3, (len(poses), 3))
    poses[:, :3, :3] = [cv2.Rodrigues(turn)[0] for turn in turns]
    path = tmp_path / "track_params.pt"
    write_track_params(path, TrackParams.of_poses(poses, 900.0))
    content = torch.load(path, weights_only=True)
    shapes = {name: tuple(value.shape) for name, value in content.items()}
    count = len(poses)
    expected = {"id": (1, 100), "exp": (count, 79), "euler": (count, 3), "trans": (count, 3)}
    assert shapes == {**expected, "focal": (1,)}
    assert {value.dtype for value in content.values()} == {torch.float32}
    np.testing.assert_allclose(transforms_of(content), poses, atol=1e-5)
    again = read_track_params(path)
    np.testing.assert_allclose(again.poses, poses, atol=1e-5)
    assert again.focal == 900.0


class _Code:
    def __reduce__(self) -> tuple:
        return print, ("code of the file ran",)


def _short(content: dict) -> None:
    for name in ("exp", "euler", "trans"):
        content[name] = content[name][:-3]


def _turned(content: dict) -> None:
    content["euler"][4, 1] += 0.2


def _lacking(content: dict) -> None:
    del content["trans"]


def _endless(content: dict) -> None:
    content["trans"][2, 0] = float("nan")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_short, "tracks 19 frames, the transforms list 22"),
        (_turned, "other poses than in the transforms in frame(s) 4"),
        (_lacking, "no 'trans'"),
        (_endless, "'trans' is not finite"),
        (lambda content: content.update(id=_Code()), "contains code"),
    ],
)
def test_a_bad_track_is_named(
    tmp_path: Path, spoil: Callable[[dict], None], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_official(tmp_path / "clip", "rad-nerf", side=32)
    content = torch.load(folder / "track_params.pt", weights_only=True)
    spoil(content)
    torch.save(content, folder / "track_params.pt")
    [problem] = validate(folder)
    assert problem.startswith("track_params.pt: ")
    assert said in problem
    assert "ran" not in capsys.readouterr().out


def test_every_feature_file_is_known_to_an_encoder() -> None:
    known = {encoder.file for encoder in plugins.audio_encoders().values()}
    assert {encoder.file for files in _FEATURES.values() for encoder in files} <= known
