from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgbench.errors import TgbenchError
from tgbench.identities import Identity, default_split
from tgbench.identities.validation import validate


def test_tables_follow_the_layout_of_the_field(tiny_identity: Path) -> None:
    """Read as the official loaders do, without our reader."""
    transforms = json.loads((tiny_identity / "transforms_train.json").read_text())
    assert len(transforms["frames"]) == 44 * 10 // 11
    assert set(transforms["frames"][0]) == {"img_id", "aud_id", "transform_matrix"}
    with (tiny_identity / "au.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert " AU45_r" in rows[0], "the field's loaders ask for the name with its leading space"
    assert np.loadtxt(tiny_identity / "ori_imgs/0.lms").shape == (68, 2)
    assert cv2.imread(str(tiny_identity / "torso_imgs/0.png"), cv2.IMREAD_UNCHANGED).shape[2] == 4
    head_in_bgr = cv2.imread(str(tiny_identity / "parsing/0.png"))[int(64 * 0.3), 32]
    assert head_in_bgr.tolist() == [255, 0, 0], "BGR of head, as their masks compare it"


def test_reader_returns_what_was_written(tiny_identity: Path) -> None:
    identity = Identity(tiny_identity)
    assert len(identity) == 44
    assert identity.split().train == range(40)
    assert identity.split().test == range(40, 44)
    frame = identity.frame(3)
    assert frame.shape == (64, 64, 3)
    assert abs(frame[2, 2].astype(int) - (90, 120, 150)).max() <= 3
    units = identity.action_units
    assert units.measured_by == "drawn"
    expected = 2.5 + 2.0 * np.sin(np.arange(44) * 0.3)
    np.testing.assert_allclose(units.values["AU01"], expected, atol=1e-4)


def test_torso_over_background_blends_by_alpha(own_identity: Path) -> None:
    identity = Identity(own_identity)
    torso = identity.torso(0).astype(np.float64)
    alpha = torso[..., 3:] / 255
    expected = torso[..., :3] * alpha + identity.background * (1 - alpha)
    assert np.abs(identity.torso_over_background(0) - expected).max() <= 0.51


def spoil_transforms(folder: Path) -> None:
    (folder / "transforms_val.json").unlink()


def spoil_frame(folder: Path) -> None:
    (folder / "ori_imgs/3.jpg").unlink()


def spoil_rows(folder: Path) -> None:
    lines = (folder / "au.csv").read_text().splitlines(keepends=True)
    (folder / "au.csv").write_text("".join(lines[:-2]))


def spoil_features(folder: Path) -> None:
    np.save(folder / "aud_mel.npy", np.zeros((12, 16, 44), np.float32))


def spoil_name(folder: Path) -> None:
    (folder / "aud_mel.npy").rename(folder / "aud.npy")


def spoil_ids(folder: Path) -> None:
    path = folder / "transforms_train.json"
    table = json.loads(path.read_text())
    del table["frames"][4]
    path.write_text(json.dumps(table))


def spoil_size(folder: Path) -> None:
    cv2.imwrite(str(folder / "parsing/2.png"), np.zeros((40, 32, 3), np.uint8))


def spoil_truncated(folder: Path) -> None:
    path = folder / "torso_imgs/1.png"
    path.write_bytes(path.read_bytes()[:20])


def spoil_sound(folder: Path) -> None:
    (folder / "aud.wav").unlink()


def spoil_column(folder: Path) -> None:
    text = (folder / "au.csv").read_text().replace(" AU45_r", " AU46_r")
    (folder / "au.csv").write_text(text)


def spoil_unit(folder: Path) -> None:
    lines = (folder / "au.csv").read_text().splitlines(keepends=True)
    place = [name.strip() for name in lines[0].split(",")].index("AU25_r")
    row = lines[4].split(",")
    lines[4] = ",".join([*row[:place], " nan", *row[place + 1 :]])
    (folder / "au.csv").write_text("".join(lines))


def spoil_window(folder: Path) -> None:
    features = np.load(folder / "aud_mel.npy")
    features[2, 3] = np.inf
    np.save(folder / "aud_mel.npy", features)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_unit, "au.csv: AU25_r is not a finite number in frame(s) 3"),
        (spoil_window, "aud_mel.npy: holds NaN or infinity"),
        (spoil_transforms, "transforms_val.json: missing"),
        (spoil_frame, "ori_imgs/N.jpg: missing for frame(s) 3"),
        (spoil_rows, "au.csv: 10 rows for 12 frames"),
        (spoil_features, "has shape (12, 16, 44), expected (frames, 16, 32)"),
        (spoil_name, "aud.npy: has shape"),
        (spoil_ids, "img_id 4 missing"),
        (spoil_size, "parsing/N.png: not 32x32"),
        (spoil_truncated, "torso_imgs/N.png: not an image, or truncated: frame(s) 1"),
        (spoil_sound, "aud.wav: missing"),
        (spoil_column, "au.csv: no column AU45_r"),
    ],
)
def test_validator_names_each_fault(own_identity: Path, spoil, said: str) -> None:  # type: ignore[no-untyped-def]
    assert validate(own_identity) == []
    spoil(own_identity)
    assert any(said in line for line in validate(own_identity)), validate(own_identity)


def test_validator_says_everything_at_once(own_identity: Path) -> None:
    for spoil in (spoil_frame, spoil_rows, spoil_features, spoil_sound):
        spoil(own_identity)
    assert len(validate(own_identity)) == 4


def test_openface_columns_without_spaces_are_read(own_identity: Path) -> None:
    path = own_identity / "au.csv"
    path.write_text(path.read_text().replace(", ", ",").replace(" ", ""))
    assert "AU45" in Identity(own_identity).action_units.values
    assert validate(own_identity) == []


def test_a_folder_of_the_fields_scripts_works_unchanged(own_identity: Path) -> None:
    """They make aud_ds.npy, no mel windows, no landmarks of ours and no provenance."""
    mel = np.load(own_identity / "aud_mel.npy")
    for ours in ("aud_mel.npy", "identity.json"):
        (own_identity / ours).unlink()
    np.save(own_identity / "aud_ds.npy", np.zeros((12, 16, 29), np.float32))
    assert validate(own_identity) == []
    np.testing.assert_allclose(Identity(own_identity).audio_features().windows, mel, atol=0.02)


def test_truncated_image_is_told(own_identity: Path) -> None:
    spoil_truncated(own_identity)
    with pytest.raises(TgbenchError, match=r"torso_imgs/1\.png: .*image"):
        Identity(own_identity).torso(1)


@given(st.integers(2, 100_000))
def test_split_covers_every_frame_once(frames: int) -> None:
    split = default_split(frames)
    assert [*split.train, *split.test] == list(range(frames))
    assert len(split.train) == frames * 10 // 11


@pytest.mark.parametrize("frames", [0, 1])
def test_a_clip_too_short_to_split_is_refused(frames: int) -> None:
    with pytest.raises(TgbenchError, match=rf"clip\.mp4: has {frames} frame"):
        default_split(frames, "clip.mp4")


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\x06\x00{'a':\n"])
def test_an_array_that_is_none_is_told(own_identity: Path, content: bytes) -> None:
    (own_identity / "aud_mel.npy").write_bytes(content)
    (problem,) = validate(own_identity)
    assert problem.startswith("aud_mel.npy: cannot be read (")
