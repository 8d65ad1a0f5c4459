"""Finished videos as a method: each frame is the truth, brighter by a known amount."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.audio import Waveform, write_wav
from tgbench.bundling.packing import pack
from tgbench.bundling.planning import GroundTruth
from tgbench.bundling.verifying import exit_code, verify
from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.files import sha256
from tgbench.identities import Identity
from tgbench.progress import SILENT
from tgbench.running.request import RunRequest
from tgbench.running.result import Result
from tgbench.running.runner import CasesFailed, run

from .test_declaration import DEMOS

BRIGHTER = 10
PSNR = 20 * math.log10(255 / BRIGHTER)


def images(folder: Path, frames: Sequence[NDArray[np.uint8]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{index:03d}.png"), frame[..., ::-1])


@pytest.fixture
def truth(tiny_identity: Path) -> list[NDArray[np.uint8]]:
    identity = Identity(tiny_identity)
    return [identity.frame(index) for index in identity.split().test]


@pytest.fixture
def demos(tmp_path: Path, truth: list[NDArray[np.uint8]]) -> Path:
    """A declaration, and the held-out frames, each brighter than the truth."""
    folder = tmp_path / "demos"
    images(folder / "tiny/self", [frame + BRIGHTER for frame in truth])
    declaration = DEMOS.partition("table")[0]
    (folder / "demos.toml").write_text(declaration, encoding="utf-8")
    return folder


@pytest.fixture
def request_(demos: Path, tiny_identity: Path, tmp_path: Path) -> RunRequest:
    return RunRequest(
        methods=("videos",),
        protocols=("self_reconstruction",),
        identities=(str(tiny_identity),),
        overrides={"folder": str(demos)},
        metrics=("psnr",),
        out=tmp_path / "out",
    )


def measured(request: RunRequest) -> Result:
    (outcome,) = run(request, SILENT)
    return outcome.result


def test_videos_are_measured_as_the_system_that_they_are_of(
    request_: RunRequest, demos: Path
) -> None:
    result = measured(request_)
    assert result.metrics["psnr"].value == pytest.approx(PSNR)
    assert result.method.name == "demos"
    assert result.method.composite_mode == "face pasted on the true video"
    assert result.method.leaked_conditions == ["true upper face"]
    assert not result.method.moves_upper_face
    assert result.method.system is not None
    assert result.method.system.title == "Demos"
    assert list(result.method.reads) == ["tiny/self"]
    assert (request_.out / "self_reconstruction/tiny/demos/quick,seed=0/self").is_dir()


def test_their_speed_and_training_are_not_known(request_: RunRequest) -> None:
    result = measured(dataclasses.replace(request_, metrics=("psnr", "fps", "training_time")))
    assert result.metrics["fps"].value is None
    assert result.metrics["training_time"].value is None
    assert result.timing.training_seconds is None


def test_what_alignment_leaves_out_is_in_the_result(
    request_: RunRequest, demos: Path, truth: list[NDArray[np.uint8]]
) -> None:
    longer = [truth[0], *(frame + BRIGHTER for frame in truth), truth[0]]
    images(demos / "tiny/self", longer)
    with pytest.raises(TgbenchError, match=rf"self: has {len(longer)} frames.*length=truncated"):
        run(request_, SILENT)
    rules = {"align.length": "truncated", "align.offset": "1"}
    result = measured(dataclasses.replace(request_, overrides=request_.overrides | rules))
    assert result.metrics["psnr"].value == pytest.approx(PSNR)
    assert "self: the first 1 frames were left out" in result.method.notes
    assert f"self: the last 1 of its {len(longer)} frames were left out" in result.method.notes


def test_rules_of_a_row_go_over_those_of_the_settings_and_the_declaration(
    request_: RunRequest, demos: Path, truth: list[NDArray[np.uint8]]
) -> None:
    images(demos / "tiny/self", [truth[0], truth[0], *(frame + BRIGHTER for frame in truth)])
    declaration = demos / "demos.toml"
    text = declaration.read_text() + 'table = "videos.csv"\nalign = {offset = 5}\n'
    declaration.write_text(text)
    (demos / "videos.csv").write_text("identity,driver,video,align\ntiny,self,tiny/self,offset=2\n")
    overrides = request_.overrides | {"align.offset": "1"}
    result = measured(dataclasses.replace(request_, overrides=overrides))
    assert result.metrics["psnr"].value == pytest.approx(PSNR)


def test_the_declaration_itself_can_be_named(request_: RunRequest, demos: Path) -> None:
    named = dataclasses.replace(request_, methods=(str(demos / "demos.toml"),), overrides={})
    assert measured(named).case_key == measured(request_).case_key


def test_a_missing_video_does_not_stop_the_others(
    request_: RunRequest, demos: Path, tmp_path: Path
) -> None:
    sound = tmp_path / "speech.wav"
    write_wav(sound, Waveform(np.full(6400, 0.1, np.float32)))
    both = dataclasses.replace(
        request_,
        methods=("still", "videos"),
        overrides={"folder": str(demos)},
        protocols=("self_reconstruction", "lipsync"),
        audio=(sound,),
        metrics=("psnr", "lip_lag"),
    )
    with pytest.raises(CasesFailed, match=r"demos on tiny, speech.*speech\.mp4: no such video") as (
        failed
    ):
        run(both, SILENT)
    assert [str(outcome.folder.relative_to(request_.out)) for outcome in failed.value.outcomes] == [
        "self_reconstruction/tiny/still/quick,seed=0/self",
        "lipsync/tiny/still/quick,seed=0/speech",
        "self_reconstruction/tiny/demos/quick,seed=0/self",
    ]
    images(demos / "tiny/speech", [np.zeros((64, 64, 3), np.uint8)] * 10)
    assert len(run(both, SILENT)) == 4


def test_a_result_is_kept_until_its_video_changes(
    request_: RunRequest, demos: Path, truth: list[NDArray[np.uint8]]
) -> None:
    measured(request_)
    (outcome,) = run(request_, SILENT)
    assert outcome.reused
    images(demos / "tiny/self", truth)
    with pytest.raises(TgbenchError, match=r"tiny/self was another file.*--fresh"):
        run(request_, SILENT)
    assert (outcome.folder / "attempt.json").is_file()
    again = measured(dataclasses.replace(request_, fresh=True))
    assert again.metrics["psnr"].value is None
    assert not (outcome.folder / "attempt.json").exists()


def test_the_hash_of_a_video_is_in_its_result(request_: RunRequest, demos: Path) -> None:
    video = demos / "tiny/self.avi"
    source = demos / "tiny/self"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 64))
    for path in sorted(source.iterdir()):
        writer.write(cv2.imread(str(path)))
        path.unlink()
    writer.release()
    source.rmdir()
    assert measured(request_).method.reads == {"tiny/self.avi": sha256(video)}


@pytest.mark.slow
def test_jobs_of_their_own_find_the_videos_and_a_bundle_confirms_them(
    request_: RunRequest, tiny_identity: Path, tmp_path: Path
) -> None:
    request = dataclasses.replace(request_, jobs=2, seeds=(0, 1), keep_frames=True)
    outcomes = run(request, SILENT)
    assert [outcome.result.seed for outcome in outcomes] == [0, 1]
    values = [outcome.result.metrics["psnr"].value for outcome in outcomes]
    assert values == pytest.approx([PSNR, PSNR])
    bundle = tmp_path / "demos.zip"
    ground_truth = GroundTruth([tiny_identity], [], SILENT)
    pack(request.out, bundle, ground_truth, SILENT)
    assert exit_code(verify(bundle, ground_truth, SILENT)) == 0


@pytest.mark.parametrize("method", ["videos", "demos.toml"])
def test_videos_cannot_be_checked_as_a_method(
    method: str, demos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(demos)
    assert main(["check-method", method]) == 2
    assert "finished videos" in capsys.readouterr().err


def test_the_command_line_says_what_is_missing(
    tmp_path: Path, tiny_identity: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", "--method", "videos", "--protocol", "self_reconstruction"]
    command += ["--identity", str(tiny_identity), "--out", str(tmp_path / "out")]
    assert main(command) == 2
    assert "--set folder=DIR" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main([*command, "--set", f"folder={tmp_path / 'empty'}"]) == 2
    assert "systems new" in capsys.readouterr().err


def test_a_repeated_command_leaves_no_note_of_an_unfinished_run(
    demos: Path, tiny_identity: Path, tmp_path: Path
) -> None:
    command = ["run", "--method", "still", "videos", "--protocol", "self_reconstruction"]
    command += ["--identity", str(tiny_identity), "--metrics", "psnr", "--set", f"folder={demos}"]
    for _ in range(2):
        assert main([*command, "--out", str(tmp_path / "out")]) == 0
    assert not [*(tmp_path / "out").glob("attempt*.json")]
