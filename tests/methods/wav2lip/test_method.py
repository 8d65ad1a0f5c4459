"""The method on drawn clips, with a network of random weights and known boxes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tgbench import plugins
from tgbench.arrays import Image
from tgbench.audio import Waveform
from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Split, layout
from tgbench.interfaces import Drive, FitContext, Method
from tgbench.methods.wav2lip import method as module
from tgbench.methods.wav2lip.checkpoints import Weights
from tgbench.methods.wav2lip.crops import cropped, images, network_input, pasted
from tgbench.methods.wav2lip.generator import Generator
from tgbench.methods.wav2lip.mel import Speech
from tgbench.methods.wav2lip.method import Wav2Lip
from tgbench.methods.wav2lip.references import References
from tgbench.methods.wav2lip.spec import SPEC, Wav2LipConfig
from tgbench.progress import SILENT
from tgbench.protocols.self_reconstruction import SelfReconstruction

BOX = (12, 10, 52, 44)
CONFIG = Wav2LipConfig(pads=(0, 0, 0, 0), references=4, batch=3)
FACELESS = np.array([0, 0, 0])
"""The colour in the corner of frames without a face."""


class Finder:
    def find(self, image: Image) -> NDArray[np.float64] | None:
        return None if (image[0, 0] == FACELESS).all() else np.array(BOX, float)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Generator:
    torch.manual_seed(0)
    network = Generator(0.05).eval()
    monkeypatch.setattr(module, "load_generator", lambda *_: Weights(network, "0" * 64, "random"))
    monkeypatch.setattr(module, "face_finder", lambda *_: Finder())
    return network


def fitted(identity: Identity, tmp_path: Path) -> Wav2Lip:
    method = Wav2Lip(CONFIG)
    method.fit(identity, identity.split(), FitContext(tmp_path, 0, "cpu", SILENT))
    return method


def drive_of(identity: Identity) -> Drive:
    (case,) = SelfReconstruction().plan([identity], [])
    return case.drive


def test_it_is_a_method_and_never_taken_for_the_authors_program() -> None:
    assert plugins.methods()["wav2lip_native"] == SPEC
    assert isinstance(Wav2Lip(CONFIG), Method)
    declared = plugins.methods()["wav2lip"]
    assert "reimplemented" in SPEC.title
    assert SPEC.title != declared.title
    for what in ("composite_mode", "leaked_conditions", "whole_image_valid", "moves_upper_face"):
        assert getattr(SPEC, what) == getattr(declared, what)


def test_frames_are_the_true_ones_with_what_the_network_makes_in_the_box(
    tiny_identity: Path, tmp_path: Path, network: Generator
) -> None:
    identity = Identity(tiny_identity)
    drive, split = drive_of(identity), identity.split()
    frames = list(fitted(identity, tmp_path).render(drive))
    assert len(frames) == len(drive)
    chosen = np.linspace(0, split.train.stop - 1, 4).round().astype(int)
    references = References(np.stack([cropped(identity.frame(int(i)), BOX) for i in chosen]))
    speech = Speech(drive.audio)
    for number, (frame, source) in enumerate(zip(frames, split.test, strict=True)):
        truth = identity.frame(source)
        face = cropped(truth, BOX)
        mel = torch.from_numpy(speech.windows([number], 25.0)[:, None])
        with torch.no_grad():
            made = network(mel, network_input([face], [references.like(face)]))
        expected = pasted(truth, images(made)[0], BOX)
        assert np.abs(frame.astype(int) - expected).max() <= 1
        outside = np.ones(truth.shape[:2], bool)
        outside[BOX[1] : BOX[3], BOX[0] : BOX[2]] = False
        np.testing.assert_array_equal(frame[outside], truth[outside])


def test_another_clip_gives_the_references(
    tiny_identity: Path, tmp_path: Path, network: Generator
) -> None:
    """All of its frames may be; of the person's own clip only training frames are."""
    identity = Identity(tiny_identity)
    shutil.copytree(tiny_identity, tmp_path / "other")
    for path in (tmp_path / "other" / "gt_imgs").iterdir():
        path.unlink()
        cv2.imwrite(str(path), np.full((64, 64, 3), 90, np.uint8))
    config = replace(CONFIG, reference_clip=str(tmp_path / "other"))
    method = Wav2Lip(config)
    context = FitContext(tmp_path, 0, "cpu", SILENT)
    report = method.fit(identity, identity.split(), context)
    assert "reference faces: frames of the clip other" in report.notes
    assert method._references is not None
    assert np.abs(method._references.faces.astype(int) - 90).max() <= 1
    method.save(tmp_path / "model")
    again = Wav2Lip(config)
    again.load(tmp_path / "model", identity, identity.split(), "cpu")
    for first, second in zip(
        method.render(drive_of(identity)), again.render(drive_of(identity)), strict=True
    ):
        np.testing.assert_array_equal(first, second)
    (tmp_path / "other" / "transforms_val.json").unlink()
    with pytest.raises(TgbenchError, match="another reference clip"):
        again.load(tmp_path / "model", identity, identity.split(), "cpu")


def test_the_folder_of_another_clip_is_the_same_from_every_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("other", "synth-b"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert replace(CONFIG, reference_clip="other").reference_clip == str(tmp_path / "other")
    assert replace(CONFIG, reference_clip="synth-b").reference_clip == "synth-b"
    assert CONFIG.reference_clip == ""


@pytest.mark.parametrize(
    ("name", "fault"), [("own", "true mouths"), ("copy", "true mouths"), ("none", "none")]
)
def test_a_reference_clip_that_cannot_be_used_is_refused(
    tiny_identity: Path, tmp_path: Path, network: Generator, name: str, fault: str
) -> None:
    shutil.copytree(tiny_identity, tmp_path / "copy")
    folder = tiny_identity if name == "own" else tmp_path / name
    method = Wav2Lip(replace(CONFIG, reference_clip=str(folder)))
    identity = Identity(tiny_identity)
    with pytest.raises(TgbenchError, match=fault):
        method.fit(identity, identity.split(), FitContext(tmp_path, 0, "cpu", SILENT))


def test_what_is_saved_renders_the_same_and_belongs_to_its_clip_weights_and_settings(
    tiny_identity: Path, tmp_path: Path, network: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = Identity(tiny_identity)
    split, drive = identity.split(), drive_of(identity)
    method, model = fitted(identity, tmp_path), tmp_path / "model"
    method.save(model)
    loaded = Wav2Lip(CONFIG)
    loaded.load(model, identity, split, "cpu")
    for first, second in zip(method.render(drive), loaded.render(drive), strict=True):
        np.testing.assert_array_equal(first, second)
    with pytest.raises(TgbenchError, match="training range"):
        Wav2Lip(CONFIG).load(model, identity, Split(split.train[:-1], split.test), "cpu")
    with pytest.raises(TgbenchError, match="settings"):
        Wav2Lip(replace(CONFIG, smoothing=2)).load(model, identity, split, "cpu")
    monkeypatch.setattr(module, "load_generator", lambda *_: Weights(network, "1" * 64, "other"))
    with pytest.raises(TgbenchError, match="weights"):
        Wav2Lip(CONFIG).load(model, identity, split, "cpu")


def with_faceless(identity: Path, copy: Path, frames: range) -> Identity:
    """Return a copy of a clip in some of whose frames there is no face."""
    shutil.copytree(identity, copy)
    for frame in frames:
        path = Identity(copy).path(layout.GROUND_TRUTH, frame)
        path.unlink()
        cv2.imwrite(str(path), np.full((64, 64, 3), FACELESS, np.uint8))
    return Identity(copy)


def test_a_frame_without_a_face_is_named(
    tiny_identity: Path, tmp_path: Path, network: Generator
) -> None:
    held_out = Identity(tiny_identity).split().test
    clip = with_faceless(tiny_identity, tmp_path / "one", range(held_out[1], held_out[2]))
    method = fitted(clip, tmp_path)
    with pytest.raises(TgbenchError, match=rf"one: frame {held_out[1]}: no face"):
        list(method.render(drive_of(clip)))


def test_a_clip_without_a_face_is_refused_in_fitting(
    tiny_identity: Path, tmp_path: Path, network: Generator
) -> None:
    clip = with_faceless(tiny_identity, tmp_path / "none", Identity(tiny_identity).split().train)
    with pytest.raises(TgbenchError, match=r"none: no face is found in any of 4 frames"):
        fitted(clip, tmp_path)


def test_a_face_at_the_border_of_a_frame_is_named_with_the_frame(
    tiny_identity: Path, tmp_path: Path, network: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = Identity(tiny_identity)
    method = fitted(identity, tmp_path)
    monkeypatch.setattr(method._detector(), "find", lambda _: np.array([60.0, 10.0, 90.0, 44.0]))
    first = identity.split().test[0]
    with pytest.raises(TgbenchError, match=rf"frame {first}: only 4x34 pixels of the face"):
        list(method.render(drive_of(identity)))


def test_one_training_frame_is_enough_and_none_is_refused(
    tiny_identity: Path, tmp_path: Path, network: Generator
) -> None:
    identity = Identity(tiny_identity)
    method = Wav2Lip(CONFIG)
    method.fit(identity, Split(range(1), range(1, 2)), FitContext(tmp_path, 0, "cpu", SILENT))
    assert len(list(method.render(drive_of(identity)))) == len(identity.split().test)
    with pytest.raises(TgbenchError, match="no training frame"):
        method.fit(identity, Split(range(0), range(1)), FitContext(tmp_path, 0, "cpu", SILENT))


def test_a_sound_that_holds_no_numbers_is_refused(
    tiny_identity: Path, tmp_path: Path, network: Generator
) -> None:
    identity = Identity(tiny_identity)
    drive = drive_of(identity)
    broken = Waveform(np.full_like(drive.audio.samples, np.nan))
    with pytest.raises(TgbenchError, match="NaN"):
        next(fitted(identity, tmp_path).render(replace(drive, audio=broken)))
