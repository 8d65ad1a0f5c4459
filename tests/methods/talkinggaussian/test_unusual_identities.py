"""Identities that lack something: fitted with a note of what is left out, or refused in a line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tgbench.configs import build
from tgbench.errors import TgbenchError
from tgbench.identities import Identity, IdentityWriter, default_split
from tgbench.interfaces import FitContext, FitReport
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.frames import TrainingFrames
from tgbench.methods.talkinggaussian.method import TalkingGaussian
from tgbench.methods.talkinggaussian.motion_scores import MotionScores
from tgbench.methods.talkinggaussian.sampling import FrameSampler
from tgbench.progress import SILENT
from tgbench.running.exporting import drive_of_frame

CONFIG = build(
    TalkingGaussianConfig,
    {
        "schedule.static_iterations": 8,
        "schedule.motion_iterations": 8,
        "schedule.finetune_iterations": 3,
        "checkpoint_every": 5,
        "face.gaussians": 150,
        "mouth.gaussians": 40,
        "densify.start": 4,
        "densify.every": 4,
        "face.grid_finest": 24,
        "mouth.grid_coarsest": 16,
        "mouth.grid_finest": 24,
        "finetune.lpips_weight": 0.0,
    },
)
MakeSphere = Callable[..., Identity]
Spoil = Callable[[Path], None]


def fitted(identity: Identity, workdir: Path) -> tuple[TalkingGaussian, FitReport]:
    workdir.mkdir()
    method = TalkingGaussian(CONFIG)
    return method, method.fit(identity, identity.split(), FitContext(workdir, 0, "cpu", SILENT))


def rendered(method: TalkingGaussian, identity: Identity, frame: int) -> np.ndarray:
    (image,) = method.render(drive_of_frame(identity, frame))
    return image


def column(name: str, value: Callable[[int], str] | None) -> Spoil:
    """Replace a column of au.csv, or take it out."""

    def spoil(folder: Path) -> None:
        path = folder / "au.csv"
        with path.open(newline="") as stream:
            rows = [{k.strip(): v for k, v in row.items()} for row in csv.DictReader(stream)]
        for i, row in enumerate(rows):
            if value is None:
                del row[name]
            else:
                row[name] = value(i)
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    return spoil


def features(change: Callable[[np.ndarray], np.ndarray]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "aud_mel.npy"
        np.save(path, change(np.load(path)))

    return spoil


def one_training_frame(folder: Path) -> None:
    paths = [folder / f"transforms_{part}.json" for part in ("train", "val")]
    train, held_out = (json.loads(path.read_text()) for path in paths)
    held_out["frames"] = train["frames"][1:] + held_out["frames"]
    train["frames"] = train["frames"][:1]
    for path, table in zip(paths, (train, held_out), strict=True):
        path.write_text(json.dumps(table))


def no_training_frame(folder: Path) -> None:
    path = folder / "transforms_train.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "frames": []}))


def landmark_lost(folder: Path) -> None:
    points = np.loadtxt(folder / "ori_imgs/3.lms")
    points[50] = np.nan
    np.savetxt(folder / "ori_imgs/3.lms", points)


def remove(name: str) -> Spoil:
    return lambda folder: (folder / name).unlink()


def nothing(folder: Path) -> None:
    pass


CONSTANT = column("AU25_r", lambda i: "1.5")
HANDLED: dict[str, tuple[dict, Spoil, tuple[str, ...]]] = {
    "no inside of the mouth": ({"mouth": False}, nothing, ("inside of the mouth",)),
    "no blink": ({}, column("AU45_r", lambda i: "0"), ("AU45 is constant",)),
    "lips never parted": ({}, CONSTANT, ("sampled by the height of the lips",)),
    "AU25 not measured": ({}, column("AU25_r", None), ("sampled by the height of the lips",)),
    "one training frame": ({}, one_training_frame, ("one training frame", "inside of the mouth")),
    "two frames": ({"frames": 2}, nothing, ("one training frame", "inside of the mouth")),
    "constant sound": ({}, features(np.zeros_like), ("sound of the training frames is constant",)),
    "more sound than frames": ({}, features(lambda a: np.concatenate([a, a])), ()),
    "no features": ({}, remove("aud_mel.npy"), ()),
    "sixteen pixels": ({"size": 16}, nothing, ()),
    "eight pixels": ({"size": 8}, nothing, ("inside of the mouth",)),
}
REFUSED: dict[str, tuple[Spoil, str]] = {
    "no AU45": (column("AU45_r", None), r"au\.csv: no column AU45_r, .*OpenFace"),
    "no AU04": (column("AU04_r", None), r"au\.csv: no column AU04_r, .*OpenFace"),
    "no action units": (remove("au.csv"), r"au\.csv: is not there"),
    "NaN in AU02": (column("AU02_r", lambda i: "nan" if i == 3 else "1"), r"au\.csv: holds NaN"),
    "NaN in AU25": (
        column("AU25_r", lambda i: "nan" if i == 3 else str(i)),
        r"au\.csv: AU25_r of frame 3 is NaN",
    ),
    "no number": (column("AU02_r", lambda i: "much"), r"au\.csv: .*not a number"),
    "NaN in the sound": (features(lambda a: a * np.nan), r"aud_mel\.npy: holds NaN"),
    "too little sound": (features(lambda a: a[:9]), r"aud_mel\.npy: has 9 rows for 22 frames"),
    "a landmark lost": (landmark_lost, r"ori_imgs/3\.lms: a landmark is NaN"),
    "no training frame": (no_training_frame, r"transforms_train\.json: lists no frame"),
}


@pytest.mark.parametrize("what", HANDLED)
def test_handled_with_a_note(make_sphere: MakeSphere, tmp_path: Path, what: str):
    arguments, spoil, expected = HANDLED[what]
    make_sphere(tmp_path / "clip", **({"frames": 22} | arguments))
    spoil(tmp_path / "clip")
    identity = Identity(tmp_path / "clip")
    method, report = fitted(identity, tmp_path / "work")
    assert len(report.notes) == len(expected), report.notes
    for note, words in zip(report.notes, expected, strict=True):
        assert words in note
    lens = identity.intrinsics
    assert rendered(method, identity, len(identity) - 1).shape == (lens.height, lens.width, 3)


@pytest.mark.parametrize("what", REFUSED)
def test_refused_in_a_line_that_names_the_file(make_sphere: MakeSphere, tmp_path: Path, what: str):
    spoil, expected = REFUSED[what]
    make_sphere(tmp_path / "clip", frames=22, size=16)
    spoil(tmp_path / "clip")
    with pytest.raises(TgbenchError, match=expected) as told:
        fitted(Identity(tmp_path / "clip"), tmp_path / "work")
    assert "\n" not in str(told.value)
    assert str(tmp_path) in str(told.value)


def test_a_motion_that_never_shows_asks_for_no_frame(make_sphere: MakeSphere, tmp_path: Path):
    """Sampled by a constant, a few frames would be drawn over and over."""
    import torch

    from tgbench.methods.talkinggaussian.fitting import Fit

    make_sphere(tmp_path / "clip", frames=22, size=16)
    for spoil in (CONSTANT, column("AU45_r", lambda i: "0")):
        spoil(tmp_path / "clip")
    identity = Identity(tmp_path / "clip")
    identity.__dict__["landmarks"] = np.repeat(identity.landmarks[:1], 22, axis=0)
    fit = Fit(CONFIG, identity, identity.split(), FitContext(tmp_path, 0, "cpu", SILENT))
    for name in ("face", "mouth"):
        sampler = fit._sampler(name, torch.Generator().manual_seed(0))  # type: ignore[arg-type]
        assert isinstance(sampler, FrameSampler)
        frames = sampler._frames
        rounds = [sampler.draw(k) for k in range(3 * len(frames))]
        assert sorted(rounds) == sorted([*frames] * 3)


def test_one_blink_among_many_frames_counts(make_sphere: MakeSphere, tmp_path: Path):
    make_sphere(tmp_path / "clip", frames=33, size=16)
    column("AU45_r", lambda i: "2.5" if i == 7 else "0")(tmp_path / "clip")
    identity = Identity(tmp_path / "clip")
    strengths = MotionScores.of(TrainingFrames(identity, range(30), 0))
    assert strengths.notes == ()
    np.testing.assert_array_equal(strengths.blink, np.arange(30) == 7)


def cut(identity: Identity, folder: Path, rows: slice, odd: bool) -> Identity:
    """Write a clip's middle rows as a clip of its own; odd: files with a row and column more."""
    height, width = rows.stop - rows.start, identity.intrinsics.width
    writer = IdentityWriter(folder, (width, height))
    for i in range(len(identity)):
        picture = identity.frame(i)[rows]
        writer.write_frame(
            i,
            image=picture,
            ground_truth=picture,
            parsing=identity.parsing(i)[rows],
            teeth_mask=identity.teeth_mask(i)[rows],
            torso=identity.torso(i)[rows],
            landmarks=identity.landmarks[i] - (0, rows.start),
        )
    writer.write_background(identity.background[rows])
    poses = identity.poses
    writer.write_transforms(identity.intrinsics.focal, poses, default_split(len(identity)))
    units = identity.action_units
    writer.write_action_units(dict(units.values), units.measured_by)
    writer.write_audio(identity.audio)
    writer.finish({"made_by": "tests"})
    if odd:
        for path in [*folder.glob("*/*.jpg"), *folder.glob("*/*.png"), folder / "bc.jpg"]:
            picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            # The two names of a frame may be links to one file.
            missing = (height + 1 - picture.shape[0], width + 1 - picture.shape[1])
            margins = [(0, gap) for gap in (*missing, 0)]
            cv2.imwrite(str(path), np.pad(picture, margins, mode="edge"))
        for path in folder.glob("teeth_mask/*.npy"):
            np.save(path, np.pad(np.load(path), (0, 1)))
    return Identity(folder)


@pytest.mark.parametrize("odd", [False, True])
def test_wide_and_odd_pictures(sphere: Identity, tmp_path: Path, odd: bool):
    """The same head in fewer rows: what is left of the picture is drawn alike."""
    identity = cut(sphere, tmp_path / "wide", slice(4, 44), odd)
    method, report = fitted(identity, tmp_path / "work")
    assert report.notes == ()
    (tmp_path / "models").mkdir()
    image = rendered(method, identity, 31)
    assert image.shape == (40, 48, 3)
    whole = TalkingGaussian(CONFIG)
    method.save(tmp_path / "models")
    whole.load(tmp_path / "models", identity, identity.split(), "cpu")
    whole_drive = drive_of_frame(sphere, 31)
    (larger,) = whole.render(whole_drive)
    behind, inside = sphere.torso_over_background(31), (slice(4, 44), slice(None))
    drawn = np.abs(larger[inside].astype(int) - behind[inside]).max(2) > 2
    assert drawn.mean() > 0.05
    difference = np.abs(image.astype(int) - larger[inside]).max(2)
    # JPEG compresses the plates of both clips by themselves.
    assert np.percentile(difference, 99) <= 3
