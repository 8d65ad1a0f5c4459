from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tgbench.audio import SAMPLE_RATE, Waveform, write_wav
from tgbench.errors import TgbenchError, Unavailable
from tgbench.faces import backend
from tgbench.identities import Identity
from tgbench.identities.card import read_card
from tgbench.identities.validation import validate
from tgbench.preparation import apart, faces
from tgbench.preparation.backends.choice import ChosenBackend
from tgbench.preparation.prepare import prepare
from tgbench.preparation.preview import PREVIEW

Films = Callable[..., Path]
FACE = (160.0, 100.0, 40.0)

faked = pytest.mark.usefixtures("discs_for_faces")


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Return when each file of an identity was written, and its size."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@faked
def test_a_film_becomes_a_sound_identity(tmp_path: Path, make_film: Films) -> None:
    video = make_film(tmp_path / "film.mp4")
    folder = prepare(video, tmp_path / "identity", size=128)
    assert validate(folder) == []
    identity = Identity(folder)
    assert len(identity) == 60
    assert (identity.intrinsics.width, identity.intrinsics.height) == (128, 128)
    assert identity.audio.seconds == pytest.approx(60 / 25)
    assert identity.action_units.measured_by == "geometry"
    assert (folder / PREVIEW).is_file()
    facts = json.loads((folder / "identity.json").read_text())
    assert facts["source"]["video"] == "film.mp4"
    assert facts["face"]["frames_found"] == 60
    # Discs turn nowhere: the poses must not either.
    turns = Rotation.from_matrix(identity.poses[:, :3, :3]).magnitude()
    assert np.degrees(np.ptp(turns)) < 3.0
    torso = identity.torso(30)
    assert torso[-4, 64, 3] == 255
    assert torso[4, 64, 3] == 0


@faked
def test_frames_are_kept_in_step_when_the_rate_differs(tmp_path: Path, make_film: Films) -> None:
    """The disc's place tells the time: it goes 30 pixels a second."""
    video = make_film(
        tmp_path / "film.mp4", count=90, fps=30.0, discs=lambda i: [(130.0 + i, 100.0, 40.0)]
    )
    folder = prepare(video, tmp_path / "identity", size=128)
    facts = json.loads((folder / "identity.json").read_text())
    side, (left, _) = facts["crop"]["side"], facts["crop"]["left_top"]
    assert not facts["crop"]["follows_the_head"]
    middle = Identity(folder).landmarks[:, :17, 0].mean(axis=1) * side / 128 + left
    assert len(middle) == 75
    at = middle - middle[0]
    # The nearest of 30 frames a second is at most a sixtieth of a second away.
    np.testing.assert_allclose(at, np.arange(75) / 25 * 30, atol=1.0)


@faked
def test_preparing_again_does_nothing(tmp_path: Path, make_film: Films) -> None:
    video = make_film(tmp_path / "film.mp4")
    folder = prepare(video, tmp_path / "identity", size=64)
    before = contents(folder)
    prepare(video, folder, size=64)
    assert contents(folder) == before
    template = tmp_path / "card.toml"
    with pytest.raises(TgbenchError, match=r"card\.toml"):
        prepare(video, folder, size=64, card=template)
    template.write_text('name = "A disc"\n')
    prepare(video, folder, size=64, card=template)
    card = read_card(folder)
    assert card is not None
    assert card.name == "A disc"
    assert validate(folder) == []
    (folder / "card.toml").unlink()
    assert contents(folder) == before


@faked
def test_an_interrupted_preparation_resumes_and_is_no_identity_meanwhile(
    tmp_path: Path, make_film: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    video, folder = make_film(tmp_path / "film.mp4"), tmp_path / "identity"

    def interrupt(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("tgbench.preparation.torso.TorsoPainter.paint", interrupt)
        with pytest.raises(KeyboardInterrupt):
            prepare(video, folder, size=64)
    with pytest.raises(TgbenchError):
        Identity(folder)
    first = contents(folder)
    prepare(video, folder, size=64)
    assert validate(folder) == []
    second = contents(folder)
    assert first["ori_imgs/7.jpg"] == second["ori_imgs/7.jpg"]


@faked
@pytest.mark.slow
def test_another_size_makes_everything_anew(tmp_path: Path, make_film: Films) -> None:
    video, folder = make_film(tmp_path / "film.mp4"), tmp_path / "identity"
    large = Identity(prepare(video, folder, size=128)).intrinsics.focal
    small = Identity(prepare(video, folder, size=64))
    assert validate(folder) == []
    assert small.intrinsics.width == 64
    assert small.intrinsics.focal == pytest.approx(large / 2, rel=1e-6)


@faked
@pytest.mark.slow
def test_a_shorter_film_leaves_no_frames_of_a_longer_one(tmp_path: Path, make_film: Films) -> None:
    folder = tmp_path / "identity"
    prepare(make_film(tmp_path / "long.mp4", count=70), folder, size=64)
    prepare(make_film(tmp_path / "short.mp4", count=55), folder, size=64)
    assert len(list((folder / "parsing").glob("*.png"))) == 55
    assert validate(folder) == []


@faked
def test_short_absences_are_bridged(tmp_path: Path, make_film: Films) -> None:
    video = make_film(tmp_path / "film.mp4", discs=lambda i: [] if 30 <= i < 36 else [FACE])
    folder = prepare(video, tmp_path / "identity", size=64)
    facts = json.loads((folder / "identity.json").read_text())
    assert facts["face"]["frames_interpolated"] == 6
    assert validate(folder) == []


@faked
def test_a_face_in_half_of_the_frames_is_refused_with_the_frames(
    tmp_path: Path, make_film: Films
) -> None:
    video = make_film(tmp_path / "film.mp4", discs=lambda i: [] if i % 30 >= 15 else [FACE])
    with pytest.raises(TgbenchError, match=r"film.mp4: no face in 30 of 60 frames \(15-29, 45-59"):
        prepare(video, tmp_path / "identity", size=64)
    with pytest.raises(TgbenchError):
        Identity(tmp_path / "identity")


@faked
def test_the_larger_of_two_faces_is_followed_with_a_warning(
    tmp_path: Path, make_film: Films, caplog: pytest.LogCaptureFixture
) -> None:
    discs = [(90.0, 100.0, 40.0), (240.0, 100.0, 28.0)]
    video = make_film(tmp_path / "film.mp4", discs=lambda i: discs)
    with caplog.at_level(logging.WARNING, "tgbench"):
        folder = prepare(video, tmp_path / "identity", size=128)
    assert "film.mp4: more than one face in 100% of the frames" in caplog.text
    facts = json.loads((folder / "identity.json").read_text())
    side, (left, top) = facts["crop"]["side"], facts["crop"]["left_top"]
    middle = Identity(folder).landmarks[:, 27:48].mean(axis=(0, 1)) * side / 128 + (left, top)
    assert abs(middle[0] - 90) < 8


def test_a_detector_that_always_fails_ends_the_work(
    tmp_path: Path, make_film: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(contextlib.nullcontext[None]):
        def __init__(self, **options: object) -> None:
            super().__init__()

        def __enter__(self) -> Failing:  # type: ignore[override]
            return self

        def detect_all(self, image: object) -> None:
            raise RuntimeError("graph has errors")

    monkeypatch.setattr(faces, "LandmarkDetector", Failing)
    with pytest.raises(RuntimeError, match="graph has errors"):
        prepare(make_film(tmp_path / "film.mp4"), tmp_path / "identity", size=128)


@faked
def test_no_face(tmp_path: Path, make_film: Films) -> None:
    video = make_film(tmp_path / "film.mp4", discs=lambda i: [])
    with pytest.raises(TgbenchError, match=r"film.mp4: no face"):
        prepare(video, tmp_path / "identity")


@faked
def test_sound_that_ends_a_little_early_costs_those_frames(
    tmp_path: Path, make_film: Films, caplog: pytest.LogCaptureFixture
) -> None:
    video = make_film(tmp_path / "film.mp4", sound=0)
    speech = tmp_path / "speech.wav"
    write_wav(speech, Waveform(np.zeros(int(2.2 * SAMPLE_RATE), np.float32)))
    with caplog.at_level(logging.WARNING, "tgbench"):
        folder = prepare(video, tmp_path / "identity", size=64, audio=speech)
    assert re.search(r"speech\.wav: .*about 5 frames", caplog.text)
    assert len(Identity(folder)) == 55
    assert validate(folder) == []


@faked
def test_sound_that_is_much_shorter_is_refused(tmp_path: Path, make_film: Films) -> None:
    video = make_film(tmp_path / "film.mp4", count=100, sound=0)
    speech = tmp_path / "speech.wav"
    write_wav(speech, Waveform(np.zeros(int(2.5 * SAMPLE_RATE), np.float32)))
    with pytest.raises(TgbenchError, match=r"speech\.wav: .*2\.5 s.*4\.0 s"):
        prepare(video, tmp_path / "identity", size=64, audio=speech)


@faked
def test_a_clip_of_a_second_is_too_short(tmp_path: Path, make_film: Films) -> None:
    video = make_film(tmp_path / "film.mp4", count=25)
    with pytest.raises(TgbenchError, match=r"film.mp4: is 1.0 s long"):
        prepare(video, tmp_path / "identity", size=64)


def test_no_sound(tmp_path: Path, make_film: Films) -> None:
    video = make_film(tmp_path / "film.mp4", sound=0, count=10)
    with pytest.raises(TgbenchError, match=r"film.mp4: has no audio track"):
        prepare(video, tmp_path / "identity")
    assert not (tmp_path / "identity").exists()


@faked
def test_processes_are_started_ahead_only_where_nothing_is_made_yet(
    tmp_path: Path, make_film: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    ended: list[apart.Workers] = []

    class Noted(apart.Workers):
        def start(self, backend: ChosenBackend) -> None:
            started.append(backend.spec.kind)

        def __exit__(self, *error: Any) -> bool:
            ended.append(self)
            return super().__exit__(*error)

    monkeypatch.setattr("tgbench.preparation.prepare.Workers", Noted)
    notes = tmp_path / "notes.mp4"
    notes.write_text("not a video")
    with pytest.raises(TgbenchError, match=r"notes\.mp4: .*video"):
        prepare(notes, tmp_path / "identity")
    assert started == ["pose", "parsing"]
    assert len(ended) == 1
    assert not (tmp_path / "identity").exists()
    video = make_film(tmp_path / "film.mp4")
    folder = prepare(video, tmp_path / "identity", size=64)
    assert started == ["pose", "parsing"] * 2
    prepare(video, folder, size=64)
    prepare(video, folder, size=128)
    assert started == ["pose", "parsing"] * 2


def test_no_video(tmp_path: Path) -> None:
    notes = tmp_path / "notes.mp4"
    notes.write_text("not a video")
    with pytest.raises(TgbenchError, match=r"notes\.mp4: .*video"):
        prepare(notes, tmp_path / "identity")


def test_an_identity_of_others_is_not_overwritten(
    tmp_path: Path, make_film: Films, own_identity: Path
) -> None:
    before = contents(own_identity)
    with pytest.raises(TgbenchError, match="another folder"):
        prepare(make_film(tmp_path / "film.mp4", count=10), own_identity)
    assert contents(own_identity) == before


def test_without_mediapipe_it_says_how_to_get_it(
    tmp_path: Path, make_film: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError("No module named 'mediapipe'")

    monkeypatch.setattr(backend.importlib, "import_module", missing)
    with pytest.raises(Unavailable, match=r"\[face\]"):
        prepare(make_film(tmp_path / "film.mp4", count=60), tmp_path / "identity", size=64)
