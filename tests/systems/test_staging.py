"""What a system is shown: no held-out frame when it learns, and later what is declared."""

from __future__ import annotations

import csv
import json
import re
import shutil
import wave
from pathlib import Path

import cv2
import numpy as np
import pytest

from tgbench.arrays import Image
from tgbench.audio import DEFAULT_FEATURES, read_waveform, write_wav
from tgbench.audio.waveform import Waveform
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.interfaces import Drive
from tgbench.protocols.lipsync import LipSync
from tgbench.protocols.self_reconstruction import SelfReconstruction
from tgbench.specs import LeakedCondition
from tgbench.systems.clips import DrivenClip, TrainingClip
from tgbench.systems.declaration import Declaration, read_declaration
from tgbench.systems.staging import phase_of, places, stage
from tgbench.video.reader import VideoReader

from .text import system_text

ALL_INPUTS = (
    ("identity", "."),
    ("video", "clip.mp4"),
    ("frames", "frames/%03d.png"),
    ("image", "portrait.png"),
    ("audio", "sound.wav"),
    ("action_units", "units.csv"),
    ("landmarks", "points.csv"),
    ("background", "plate.jpg"),
)

LEAKED = ("true head pose", "true upper-face action units", "true torso and background")


def declared(folder: Path, *inputs: str, leaked: tuple[str, ...] = ()) -> Declaration:
    """Return a declaration of inputs, each the lines of its table."""
    path = folder / "mine.toml"
    tables = "\n".join(f"[[inputs]]\n{lines}" for lines in inputs)
    facts = f'audio_features = "mel"\nleaked_conditions = {json.dumps(leaked)}'
    path.write_text(system_text(facts, inputs=tables))
    return read_declaration(path)


def everything(folder: Path, leaked: tuple[str, ...] = ()) -> Declaration:
    tables = [f'what = "{what}"\nname = "{name}"' for what, name in ALL_INPUTS]
    return declared(folder, *tables, leaked=leaked)


def drive_of(identity: Identity) -> Drive:
    (case,) = SelfReconstruction().plan([identity], (), DEFAULT_FEATURES)
    return case.drive


def driven(identity: Identity, drive: Drive, leaked: tuple[str, ...] = ()) -> DrivenClip:
    training = TrainingClip(identity, identity.split())
    return DrivenClip(training, drive, tuple(map(LeakedCondition, leaked)))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def clean(tiny_identity: Path) -> Identity:
    return Identity(tiny_identity)


@pytest.fixture
def poisoned(tiny_identity: Path, tmp_path: Path) -> Identity:
    """The same person with other held-out frames: pictures, landmarks, action units and sound."""
    folder = tmp_path / "poisoned" / "tiny"
    shutil.copytree(tiny_identity, folder)
    identity = Identity(folder)
    for frame in identity.split().test:
        for pattern in ("ori_imgs/{}.jpg", "gt_imgs/{}.jpg", "parsing/{}.png"):
            path = identity.path(pattern, frame)
            path.unlink()
            cv2.imwrite(str(path), np.full((64, 64, 3), 77, np.uint8))
        identity.path("torso_imgs/{}.png", frame).write_bytes(b"no image")
        identity.path("ori_imgs/{}.lms", frame).write_text("no landmarks")
        np.save(identity.path("teeth_mask/{}.npy", frame), np.ones((64, 64), bool))
    rows = list(csv.reader((folder / "au.csv").open()))
    for row in rows[1 + identity.split().test.start :]:
        row[5:-1] = ["4.9"] * len(row[5:-1])
    with (folder / "au.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    sound = read_waveform(folder / "aud.wav")
    samples = sound.samples.copy()
    samples[identity.split().test.start * 640 :] = 0.5
    write_wav(folder / "aud.wav", Waveform(samples))
    return Identity(folder)


def test_a_system_that_learns_sees_nothing_of_held_out_frames(
    tmp_path: Path, clean: Identity, poisoned: Identity
) -> None:
    declaration = everything(tmp_path)
    found = []
    for identity, name in ((clean, "a"), (poisoned, "b")):
        stage(declaration, TrainingClip(identity, identity.split()), tmp_path / name, "tiny")
        found.append(tree(tmp_path / name))
    assert found[0].keys() == found[1].keys()
    assert {name for name in found[0] if found[0][name] != found[1][name]} == set()
    view = Identity(tmp_path / "a")
    assert len(set(view.image_ids)) == len(clean.split().train) == 40
    assert view.audio.seconds == pytest.approx(40 / 25)
    assert len(view.action_units.values["AU45"]) == len(view)


def test_the_training_frames_are_the_files_of_the_identity(tmp_path: Path, clean: Identity) -> None:
    stage(everything(tmp_path), TrainingClip(clean, clean.split()), tmp_path / "in", "tiny")
    for pattern in ("gt_imgs/{}.jpg", "ori_imgs/{}.lms", "parsing/{}.png", "torso_imgs/{}.png"):
        original = clean.path(pattern, 17)
        copy = tmp_path / "in" / pattern.format(17)
        assert copy.read_bytes() == original.read_bytes()
        assert not copy.samefile(original), "what a system does to it changes no identity"
    cameras = json.loads((tmp_path / "in" / "transforms_train.json").read_text())
    assert np.allclose(cameras["frames"][17]["transform_matrix"], clean.poses[17])
    assert cameras["focal_len"] == pytest.approx(clean.intrinsics.focal)


def test_frames_that_a_tracker_dropped_keep_their_sound_and_expression(
    tmp_path: Path, tiny_identity: Path
) -> None:
    folder = tmp_path / "gaps"
    shutil.copytree(tiny_identity, folder)
    path = folder / "transforms_train.json"
    cameras = json.loads(path.read_text())
    cameras["frames"] = [frame for frame in cameras["frames"] if frame["img_id"] not in (3, 4)]
    path.write_text(json.dumps(cameras))
    identity = Identity(folder)
    stage(everything(tmp_path), TrainingClip(identity, identity.split()), tmp_path / "in", "x")
    view = Identity(tmp_path / "in")
    whole = Identity(tiny_identity)
    assert sorted(set(view.image_ids)) == list(range(38))
    assert np.allclose(view.action_units.values["AU01"][3], whole.action_units.values["AU01"][5])
    piece = view.audio.samples[3 * 640 : 4 * 640]
    assert np.allclose(piece, whole.audio.samples[5 * 640 : 6 * 640], atol=1e-4)


def test_a_system_that_renders_is_given_what_it_declares_and_no_more(
    tmp_path: Path, clean: Identity, poisoned: Identity
) -> None:
    drive = drive_of(clean)
    found = []
    for identity, name in ((clean, "a"), (poisoned, "b")):
        stage(everything(tmp_path), driven(identity, drive), tmp_path / name, "tiny")
        found.append(tree(tmp_path / name))
    assert {name for name in found[0] if found[0][name] != found[1].get(name)} == set()
    count = len(drive)
    view = Identity(tmp_path / "a")
    held_out = [view.image_ids[i] for i in view.split().test]
    assert held_out == list(range(count)), "the frames to render are the held-out ones"
    assert len(view.split().train) == 40
    units = view.action_units.values["AU45"][view.split().test.start :]
    assert np.allclose(units, np.median(clean.action_units.values["AU45"][:40]), atol=1e-3)


def test_declared_conditions_are_given(tmp_path: Path, clean: Identity) -> None:
    drive = drive_of(clean)
    clip = driven(clean, drive, LEAKED)
    stage(everything(tmp_path, LEAKED), clip, tmp_path / "in", "tiny")
    view, test = Identity(tmp_path / "in"), clean.split().test
    own = slice(view.split().test.start, None)
    truth = clean.action_units.values
    assert np.allclose(view.action_units.values["AU45"][own], truth["AU45"][test], atol=1e-3)
    lower = view.action_units.values["AU25"][own]
    assert np.ptp(lower) < 1e-3, "the mouth is not given"
    torso = (tmp_path / "in" / "torso_imgs" / "2.png").read_bytes()
    assert torso == clean.path("torso_imgs/{}.png", test.start + 2).read_bytes()
    shown = cv2.imread(str(tmp_path / "in" / "gt_imgs" / "2.jpg"))[..., ::-1].astype(float)
    assert np.abs(shown - drive.background(2)).mean() < 3
    assert np.abs(shown - clean.frame(test.start + 2)).mean() > 10, "and not the head"
    points = np.loadtxt(tmp_path / "in" / "ori_imgs" / "2.lms")
    assert np.allclose(points[36:48], clean.landmarks[test.start + 2, 36:48], atol=1e-3)
    assert not np.allclose(points[48:], clean.landmarks[test.start + 2, 48:], atol=0.05)
    assert np.allclose(view.poses[own], drive.poses)


def test_a_declared_video_shows_the_true_frames_in_their_order(
    tmp_path: Path, clean: Identity
) -> None:
    upper = (LeakedCondition.UPPER_FACE.value,)
    wanted = declared(
        tmp_path, 'what = "video"\nname = "in.mp4"\nphase = "render"\nshows = "truth"', leaked=upper
    )
    (case,) = LipSync().plan([clean], [clean.audio_path], DEFAULT_FEATURES)
    clip = driven(clean, case.drive, upper)
    stage(wanted, clip, tmp_path / "in", "tiny")
    files = places(wanted, phase_of(clip), tmp_path / "in", "tiny")
    assert files == {"video": tmp_path / "in" / "in.mp4"}
    shown = list(VideoReader(files["video"], None))
    assert len(shown) == len(case.drive) == 44
    for index in (0, 39, 40, 43):
        true = clean.frame(int(case.drive.source_frames[index]))
        assert error(shown[index], true) < 4
    backdrop = declared(tmp_path, 'what = "video"\nname = "in.mp4"')
    stage(backdrop, driven(clean, case.drive, LEAKED), tmp_path / "other", "tiny")
    shown = list(VideoReader(tmp_path / "other" / "in.mp4", None))
    assert error(shown[5], case.drive.background(5)) < 4


def error(one: Image, other: Image) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def test_rate_and_size_are_those_that_are_asked_for(tmp_path: Path, clean: Identity) -> None:
    wanted = declared(
        tmp_path,
        'what = "video"\nname = "{name}.avi"\nrate = 50.0\nsize = [32, 48]',
        'what = "audio"\nname = "a/b.wav"\nrate = 8000\nsilence = 0.5',
        'what = "frames"\nname = "pictures"\nrate = 12.5\nformat = "jpg"',
    )
    clip = TrainingClip(clean, clean.split())
    stage(wanted, clip, tmp_path / "in", "who")
    files = places(wanted, phase_of(clip), tmp_path / "in", "who")
    assert files["video"].name == "who.avi"
    video = VideoReader(files["video"], None)
    assert (video.info.fps, video.info.width, video.info.height) == (50, 32, 48)
    assert len(list(video)) == 80
    with wave.open(str(files["audio"])) as sound:
        assert sound.getframerate() == 8000
        assert sound.getnframes() == 8000 * (1.6 + 0.5)
    assert len(list((tmp_path / "in" / "pictures").glob("*.jpg"))) == 20


def test_columns_begin_with_a_blank_where_that_is_asked_for(
    tmp_path: Path, clean: Identity
) -> None:
    wanted = declared(
        tmp_path,
        'what = "action_units"\nname = "plain.csv"',
        'what = "landmarks"\nname = "open.csv"\nleading_blanks = true',
        'what = "features"\nname = "f.npy"',
    )
    stage(wanted, TrainingClip(clean, clean.split()), tmp_path / "in", "who")
    plain = (tmp_path / "in" / "plain.csv").read_text().splitlines()
    assert "AU45_r" in plain[0].split(",")
    rows = list(csv.reader((tmp_path / "in" / "open.csv").open()))
    assert rows[0][:6] == ["frame", " face_id", " timestamp", " confidence", " success", " x_0"]
    assert rows[0].index(" y_0") == 5 + 68
    assert len(rows) == 41
    assert float(rows[8][5 + 68]) == pytest.approx(clean.landmarks[7, 0, 1], abs=1e-3)
    features = np.load(tmp_path / "in" / "f.npy")
    assert np.array_equal(features, clean.audio_features().windows[:40])


def test_a_converter_completes_the_folder(tmp_path: Path, clean: Identity) -> None:
    (tmp_path / "more.py").write_text(
        "def finish(folder):\n    assert (folder / 'a.wav').is_file()\n"
        "    (folder / 'more.txt').write_text('more')\n"
    )
    wanted = declared(tmp_path, 'what = "audio"\nname = "a.wav"\nconverter = "more.py:finish"')
    stage(wanted, TrainingClip(clean, clean.split()), tmp_path / "in", "who")
    assert (tmp_path / "in" / "more.txt").read_text() == "more"
    odd = declared(tmp_path, 'what = "audio"\nname = "a.wav"\nconverter = "nothing.py:finish"')
    with pytest.raises(TgbenchError, match=r"mine\.toml.*nothing\.py:finish"):
        stage(odd, TrainingClip(clean, clean.split()), tmp_path / "in", "who")


@pytest.mark.parametrize("name", ["gt_imgs/5.jpg", "bc.jpg"])
def test_a_missing_picture_is_named(tmp_path: Path, own_identity: Path, name: str) -> None:
    (own_identity / name).unlink()
    (own_identity / "ori_imgs" / "5.jpg").unlink()
    identity = Identity(own_identity)
    with pytest.raises(TgbenchError, match=name.replace("gt_imgs", "(gt|ori)_imgs")):
        stage(everything(tmp_path), TrainingClip(identity, identity.split()), tmp_path / "in", "x")


def test_an_identity_of_another_size_is_refused(tmp_path: Path, clean: Identity) -> None:
    wanted = declared(tmp_path, 'what = "identity"\nsize = [450, 450]')
    with pytest.raises(TgbenchError, match=r"64x64.*450x450"):
        stage(wanted, TrainingClip(clean, clean.split()), tmp_path / "in", "who")


def test_a_portrait_is_no_frame_to_render(tmp_path: Path, clean: Identity) -> None:
    wanted = declared(tmp_path, 'what = "image"\nname = "portrait.png"')
    stage(wanted, driven(clean, drive_of(clean)), tmp_path / "in", "who")
    portrait = cv2.imread(str(tmp_path / "in" / "portrait.png"))[..., ::-1]
    assert np.array_equal(portrait, clean.frame(0))


@pytest.mark.parametrize("lacking", ["parsing/5.png", "torso_imgs/5.png", "ori_imgs/5.lms"])
def test_a_file_that_the_identity_lacks_is_named(own_identity: Path, lacking: str) -> None:
    (own_identity / lacking).unlink()
    clip = TrainingClip(Identity(own_identity), Identity(own_identity).split())
    wanted = declared(own_identity.parent, 'what = "identity"')
    with pytest.raises(TgbenchError, match=re.escape(lacking)):
        stage(wanted, clip, own_identity.parent / "in", "who")


def test_masks_of_teeth_may_be_missing(own_identity: Path) -> None:
    shutil.rmtree(own_identity / "teeth_mask")
    clip = TrainingClip(Identity(own_identity), Identity(own_identity).split())
    stage(
        declared(own_identity.parent, 'what = "identity"'), clip, own_identity.parent / "in", "who"
    )
    assert not list((own_identity.parent / "in" / "teeth_mask").iterdir())


def test_an_identity_without_action_units_has_no_table_of_them(own_identity: Path) -> None:
    """As the scripts of AD-NeRF leave it, whose system reads none."""
    (own_identity / "au.csv").unlink()
    identity, target = Identity(own_identity), own_identity.parent / "in"
    wanted = declared(own_identity.parent, 'what = "identity"')
    training = TrainingClip(identity, identity.split())
    for clip in (training, driven(identity, drive_of(identity))):
        stage(wanted, clip, target, "who")
        assert (target / "bc.jpg").is_file()
        assert not (target / "au.csv").exists()
    table = declared(own_identity.parent, 'what = "action_units"\nname = "units.csv"')
    with pytest.raises(TgbenchError, match=rf"{own_identity}.*au\.csv"):
        stage(table, training, target, "who")
