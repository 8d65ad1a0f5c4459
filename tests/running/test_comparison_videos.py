from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import matplotlib
import numpy as np
import pytest

from tgbench.audio import Waveform
from tgbench.identities import Identity
from tgbench.interfaces import Case
from tgbench.running.comparison_videos import (
    ERROR_FULL_SCALE,
    ComparisonVideos,
    error_map,
    is_synthetic,
)
from tgbench.running.face_track import FaceTrack
from tgbench.video.reader import VideoReader
from tgbench.video.writer import DIGITAL_SOURCE_TYPE


def case_of(made_by: str = "", target: bool = True) -> Case:
    """As much of a case as the videos look at."""
    made: Any = SimpleNamespace(
        identity=SimpleNamespace(provenance={"made_by": made_by}, name="somebody"),
        driver="self",
        drive=SimpleNamespace(
            fps=25.0,
            intrinsics=SimpleNamespace(width=64, height=64),
            audio=Waveform(np.zeros(16000, np.float32), 16000),
        ),
        has_truth=target,
    )
    return made


def test_colours_are_those_of_inferno_on_the_stated_scale() -> None:
    """Against matplotlib's own table, for a ramp of known differences."""
    target = np.zeros((1, 100, 3), np.uint8)
    frame = np.repeat(np.arange(100, dtype=np.uint8)[None, :, None], 3, axis=2)
    expected = matplotlib.colormaps["inferno"](np.minimum(np.arange(100) / ERROR_FULL_SCALE, 1.0))
    found = error_map(frame, target)[0] / 255.0
    np.testing.assert_allclose(found, expected[:, :3], atol=0.02)


def test_the_error_is_the_mean_of_the_channels_and_has_no_sign() -> None:
    target = np.full((2, 2, 3), 100, np.uint8)
    frame = target.copy()
    frame[0, 0] = (130, 100, 100)
    frame[0, 1] = (70, 100, 100)
    frame[1, 1] = (110, 110, 110)
    found = error_map(frame, target)
    assert (found[0, 0] == found[0, 1]).all()
    assert (found[0, 0] == found[1, 1]).all()
    assert (found[1, 0] == error_map(target, target)[0, 0]).all()


def test_truth_and_error_are_written_frame_by_frame(tmp_path: Path, rng_frames: Any) -> None:
    with ComparisonVideos(case_of(), "still on somebody", tmp_path / "out") as videos:
        for frame in rng_frames:
            videos.write(frame, frame // 2)
    truth = list(VideoReader(tmp_path / "out" / "target.mp4", fps=None))
    assert len(truth) == len(rng_frames)
    for shown, frame in zip(truth, rng_frames, strict=True):
        assert np.abs(shown.astype(int) - frame // 2).mean() < 3
    assert len(list(VideoReader(tmp_path / "out" / "error.mp4", fps=None))) == len(rng_frames)


def test_a_recorded_truth_is_not_called_synthetic_and_a_modelled_one_is(tmp_path: Path) -> None:
    black = np.zeros((64, 64, 3), np.uint8)
    notes = {}
    for made_by in ("tgbench 1 prepare", "tgbench.synthetic"):
        with ComparisonVideos(case_of(made_by), "x", tmp_path) as videos:
            videos.write(black, black)
        for name in ("target", "error"):
            with av.open(str(tmp_path / f"{name}.mp4")) as container:
                notes[made_by, name] = dict(container.metadata)
    recorded, modelled = (
        notes[key, "target"] for key in ("tgbench 1 prepare", "tgbench.synthetic")
    )
    assert "synthetic" not in recorded["comment"]
    assert "digital_source_type" not in recorded
    assert "synthetic" in modelled["comment"]
    assert modelled["digital_source_type"].endswith("/algorithmicMedia")
    error = notes["tgbench.synthetic", "error"]
    assert error["digital_source_type"] != DIGITAL_SOURCE_TYPE
    assert f"0 to {ERROR_FULL_SCALE} of 255" in error["comment"]


def test_without_ground_truth_there_is_neither(tmp_path: Path) -> None:
    with ComparisonVideos(case_of(target=False), "x", tmp_path) as videos:
        videos.write(np.zeros((64, 64, 3), np.uint8), None)
    assert not list(tmp_path.glob("*.mp4"))


def test_an_error_while_rendering_leaves_no_half_video(tmp_path: Path) -> None:
    small = np.zeros((32, 32, 3), np.uint8)
    with (
        pytest.raises(ValueError, match="frame 0"),
        ComparisonVideos(case_of(), "x", tmp_path / "out") as videos,
    ):
        videos.write(small, small)
    assert not list((tmp_path / "out").iterdir())


def test_provenance_that_cannot_be_read_is_no_claim(own_identity: Path) -> None:
    path = own_identity / "identity.json"
    for text in ("{", "[]", '{"made_by": 3}', "[" * 100_000):
        path.write_text(text)
        assert not is_synthetic(Identity(own_identity))
    path.unlink()
    assert not is_synthetic(Identity(own_identity))
    path.write_text('{"made_by": "tgbench.synthetic"}')
    assert is_synthetic(Identity(own_identity))


def test_a_built_in_identity_says_that_it_is_synthetic(tiny_identity: Path) -> None:
    assert not is_synthetic(Identity(tiny_identity))


def face(shift: float, opening: float = 0.0) -> np.ndarray:
    points = np.zeros((68, 2), np.float32)
    points[:, 0] = np.arange(68) + shift
    points[36], points[45] = (10 + shift, 20), (50 + shift, 20)
    points[[67, 66, 65]] = points[[61, 62, 63]] + [0, opening]
    return points


def test_boxes_are_the_truths_where_there_is_one() -> None:
    track = FaceTrack()
    track.add(face(100), face(0, opening=8))
    track.add(face(100), None)
    track.add(None, None)
    columns = track.columns()
    assert columns["mouth_left"] == [48, 148, None]
    assert columns["mouth_right"][0] == 64
    assert columns["eyes_left"] == [10, 110, None]
    assert columns["eyes_right"] == [50, 150, None]
    opening = columns["target_mouth_opening"]
    assert opening[0] == pytest.approx(8 / 40)
    assert opening[1:] == [None, None]


def test_without_any_face_there_are_no_columns() -> None:
    track = FaceTrack()
    track.add(None, None)
    assert track.columns() == {}


@pytest.fixture
def rng_frames() -> np.ndarray:
    coarse = np.random.default_rng(3).integers(0, 256, (3, 4, 4, 3), np.uint8)
    return coarse.repeat(16, axis=1).repeat(16, axis=2)
