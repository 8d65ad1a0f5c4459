"""Boxes, masks and pasting."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tgbench import weights
from tgbench.errors import TgbenchError, Unavailable
from tgbench.methods.wav2lip.crops import cropped, images, network_input, pasted
from tgbench.methods.wav2lip.faces import face_finder, padded, smoothed
from tgbench.methods.wav2lip.references import References
from tgbench.metrics.sync import s3fd
from tgbench.metrics.sync.s3fd import S3fdDetector, S3fdNetwork

RANDOM = np.random.default_rng(2)
FACES = RANDOM.integers(0, 256, (3, 96, 96, 3), np.uint8)


def test_pads_are_added_at_top_bottom_left_and_right() -> None:
    box = padded(np.array([30.0, 40.0, 60.0, 80.0]), (1, 2, 3, 4), 128, 128)
    assert box.tolist() == [27.0, 39.0, 64.0, 82.0]


def test_a_face_at_the_border_is_cut_there_and_refused_where_little_is_left() -> None:
    box = padded(np.array([-20.0, 90.0, 30.0, 140.0]), (0, 10, 0, 0), 128, 128)
    assert box.tolist() == [0.0, 90.0, 30.0, 128.0]
    with pytest.raises(TgbenchError, match="5x50 pixels"):
        padded(np.array([-45.0, 20.0, 5.0, 70.0]), (0, 0, 0, 0), 128, 128)


@settings(max_examples=20)
@given(st.integers(0, 12), st.integers(1, 7))
def test_a_smoothed_box_is_the_mean_of_it_and_the_next(count: int, frames: int) -> None:
    boxes = [np.array([i * i, i, 50 + i, 60 + 2 * i], float) for i in range(count)]
    found = list(smoothed(iter(boxes), frames))
    assert len(found) == count
    for i, box in enumerate(found):
        first = max(0, min(i, count - frames))
        assert box == tuple(int(v) for v in np.mean(boxes[first : first + frames], axis=0))


def test_the_network_sees_the_upper_half_then_the_reference_blue_first() -> None:
    seen = network_input(list(FACES[:2]), list(FACES[1:])).numpy()
    assert seen.shape == (2, 6, 96, 96)
    for row in range(2):
        face, reference = FACES[row].astype(np.float64), FACES[row + 1].astype(np.float64)
        for plane, channel in enumerate((2, 1, 0)):
            np.testing.assert_allclose(
                seen[row, plane, :48], face[:48, :, channel] / 255, atol=1e-7
            )
            assert (seen[row, plane, 48:] == 0).all()
            np.testing.assert_allclose(
                seen[row, 3 + plane], reference[..., channel] / 255, atol=1e-7
            )


def test_what_the_network_makes_becomes_an_image_red_first() -> None:
    made = torch.zeros(1, 3, 96, 96)
    made[0, 0], made[0, 1], made[0, 2] = 0.999, 0.5, 1.0
    assert images(made)[0, 0, 0].tolist() == [255, 127, 254]


@settings(max_examples=20)
@given(st.tuples(*[st.integers(0, 30)] * 2), st.tuples(*[st.integers(16, 90)] * 2))
def test_nothing_but_the_box_is_changed(corner: tuple[int, int], size: tuple[int, int]) -> None:
    frame = np.full((120, 120, 3), 7, np.uint8)
    left, top = corner
    right, bottom = left + size[0], top + size[1]
    result = pasted(frame, np.full((96, 96, 3), 200, np.uint8), (left, top, right, bottom))
    expected = frame.copy()
    expected[top:bottom, left:right] = 200
    np.testing.assert_array_equal(result, expected)
    assert (frame == 7).all()


def test_a_face_of_the_networks_size_is_cut_and_pasted_exactly() -> None:
    frame = RANDOM.integers(0, 256, (130, 140, 3), np.uint8)
    box = (20, 10, 116, 106)
    np.testing.assert_array_equal(cropped(frame, box), frame[10:106, 20:116])
    np.testing.assert_array_equal(pasted(frame, cropped(frame, box), box), frame)


def test_the_reference_is_chosen_by_the_upper_half_alone() -> None:
    references = References(FACES)
    for chosen in range(3):
        face = FACES[chosen].copy()
        face[48:] = FACES[(chosen + 1) % 3][48:]
        np.testing.assert_array_equal(references.like(face), FACES[chosen])


def test_s3fd_gives_its_most_certain_box(monkeypatch: pytest.MonkeyPatch) -> None:
    found = np.array([[5.0, 6.0, 50.0, 60.0], [1.0, 2.0, 30.0, 40.0]])
    monkeypatch.setattr(s3fd, "load_s3fd", S3fdNetwork)
    monkeypatch.setattr(weights, "describe_weights", lambda name: name)
    finder, image = face_finder("s3fd"), np.zeros((80, 80, 3), np.uint8)
    monkeypatch.setattr(S3fdDetector, "detect", lambda *_: found)
    np.testing.assert_array_equal(finder.find(image), found[0])
    monkeypatch.setattr(S3fdDetector, "detect", lambda *_: np.zeros((0, 4)))
    assert finder.find(image) is None


def test_s3fd_without_its_weights_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(Unavailable, match=r"sfd_face\.pth"):
        face_finder("s3fd")


def test_the_original_detector_without_its_package_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "face_alignment", None)
    with pytest.raises(Unavailable, match=r"\[fan\]"):
        face_finder("fan_s3fd")


def test_an_unknown_detector_is_named() -> None:
    with pytest.raises(TgbenchError, match="mediapipe"):
        face_finder("mediapip")
