from __future__ import annotations

import dataclasses
import json
import logging
import shutil
import subprocess
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
import pytest

from tgbench.audio import Waveform, write_wav
from tgbench.errors import TgbenchError
from tgbench.files import hash_of, sha256
from tgbench.identities import Identity
from tgbench.progress import SILENT
from tgbench.running.code import Code
from tgbench.running.request import RunRequest
from tgbench.running.result import SCHEMA_VERSION, read_result, read_results
from tgbench.running.runner import CasesFailed, run


@pytest.fixture
def request_(tiny_identity: Path, tmp_path: Path, example_plugin: str) -> RunRequest:
    return RunRequest(
        methods=(example_plugin,),
        protocols=("self_reconstruction",),
        identities=(str(tiny_identity),),
        audio=(),
        preset="quick",
        out=tmp_path / "out",
    )


@pytest.fixture
def two_cases(request_: RunRequest, tmp_path: Path) -> RunRequest:
    """A head that speaks two short sounds."""
    sounds = (tmp_path / "one.wav", tmp_path / "two.wav")
    for loudness, path in enumerate(sounds, start=1):
        write_wav(path, Waveform(np.full(6400, loudness / 10, np.float32)))
    return dataclasses.replace(request_, protocols=("lipsync",), audio=sounds, metrics=("lip_lag",))


def test_a_case_leaves_a_result_that_says_everything(
    request_: RunRequest, tiny_identity: Path
) -> None:
    (outcome,) = run(request_, SILENT)
    folder = request_.out / "self_reconstruction/tiny/average_frame/quick,seed=0/self"
    assert outcome.folder == folder
    # A detector may take the drawn disc for a face, or not be installed.
    assert {path.name for path in folder.iterdir()} - {"faces.parquet"} == {
        "result.json",
        "frames.parquet",
        "video.mp4",
        "target.mp4",
        "error.mp4",
        "log.txt",
    }
    result = read_result(folder / "result.json")
    assert result == outcome.result
    assert result.split.train == (0, 40)
    assert result.frames == 4
    assert result.driver.sha256 == sha256(tiny_identity / "aud.wav")
    assert result.identity.sha256 == hash_of(Identity(tiny_identity).input_hashes())
    assert result.identity.files["au.csv"] == sha256(tiny_identity / "au.csv")
    assert result.method.config == {"frames": 20}
    assert result.environment.packages["numpy"] == np.__version__
    assert result.timing.training_seconds is not None
    assert result.timing.training_seconds > 0


def test_per_frame_values_average_to_the_total(request_: RunRequest, tiny_identity: Path) -> None:
    """PSNR recomputed here from the mean of the training frames, as the example renders it."""
    (outcome,) = run(request_, SILENT)
    identity = Identity(tiny_identity)
    mean = np.mean([identity.frame(i).astype(float) for i in range(0, 40, 2)], axis=0).round()
    errors = [np.mean((identity.frame(i) - mean) ** 2) for i in range(40, 44)]
    expected = 10 * np.log10(255**2 / np.array(errors))
    table = pd.read_parquet(outcome.folder / "frames.parquet")
    assert table["source_frame"].tolist() == [40, 41, 42, 43]
    np.testing.assert_allclose(table["psnr"], expected, rtol=1e-6)
    psnr = outcome.result.metrics["psnr"]
    assert psnr.value == pytest.approx(expected.mean(), rel=1e-6)
    assert (psnr.scored, psnr.total, psnr.direction, psnr.unit) == (4, 4, "higher", "dB")


def test_what_cannot_be_measured_is_a_status_with_a_reason(request_: RunRequest) -> None:
    """The drawn disc has no face, and nothing here measures AUE."""
    (outcome,) = run(request_, SILENT)
    lmd = outcome.result.metrics["lmd"]
    assert lmd.value is None
    assert lmd.status in ("unscored", "unavailable")
    assert lmd.reason
    assert outcome.result.metrics["aue_l"].status == "unavailable"


def test_the_same_run_again_is_kept_and_fresh_measures_again(request_: RunRequest) -> None:
    (first,) = run(request_, SILENT)
    (second,) = run(request_, SILENT)
    assert second.reused
    assert second.result == first.result
    (third,) = run(dataclasses.replace(request_, fresh=True), SILENT)
    assert not third.reused
    assert third.result.metrics["psnr"] == first.result.metrics["psnr"]


def test_seeds_and_settings_lie_side_by_side(request_: RunRequest) -> None:
    (first,) = run(request_, SILENT)
    before = (first.folder / "result.json").read_bytes()
    found = run(dataclasses.replace(request_, seeds=(0, 3)), SILENT)
    (changed,) = run(dataclasses.replace(request_, overrides={"frames": "5"}), SILENT)
    assert [outcome.result.seed for outcome in found] == [0, 3]
    assert [outcome.reused for outcome in found] == [True, False]
    method = first.folder.parents[1]
    assert {path.name for path in method.iterdir() if not path.name.startswith(".")} == {
        "quick,seed=0",
        "quick,seed=3",
        "quick,frames=5,seed=0",
    }
    assert changed.result.method.config == {"frames": 5}
    assert (first.folder / "result.json").read_bytes() == before


def test_a_result_of_other_inputs_is_not_overwritten(
    request_: RunRequest, own_identity: Path
) -> None:
    changed = dataclasses.replace(request_, identities=(str(own_identity),))
    (first,) = run(changed, SILENT)
    before = (first.folder / "result.json").read_bytes()
    table = own_identity / "au.csv"
    table.write_text(table.read_text().replace("2.", "1.", 1))
    with pytest.raises(CasesFailed, match="'own' has other files"):
        run(changed, SILENT)
    assert (first.folder / "result.json").read_bytes() == before


def test_a_stopped_run_goes_on_with_the_fit_it_has(
    request_: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from average_frame_method import AverageFrame

    fits, renders = [], []
    fit, render = AverageFrame.fit, AverageFrame.render

    def counted_fit(self, *args):  # type: ignore[no-untyped-def]
        fits.append(1)
        return fit(self, *args)

    def stopped_render(self, drive):  # type: ignore[no-untyped-def]
        renders.append(1)
        if len(renders) == 2:
            raise KeyboardInterrupt
        return render(self, drive)

    monkeypatch.setattr(AverageFrame, "fit", counted_fit)
    monkeypatch.setattr(AverageFrame, "render", stopped_render)
    with pytest.raises(KeyboardInterrupt):
        run(request_, SILENT)
    assert not list(request_.out.rglob("result.json"))
    assert not list(request_.out.rglob("*.part*"))
    run(request_, SILENT)
    assert len(fits) == 1


def test_a_method_that_fails_does_not_stop_the_others(
    request_: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from average_frame_method import AverageFrame

    def failing(self, *args):  # type: ignore[no-untyped-def]
        raise TgbenchError("no fit today")

    monkeypatch.setattr(AverageFrame, "fit", failing)
    both = dataclasses.replace(request_, methods=("average_frame", "still"))
    with pytest.raises(TgbenchError, match="no fit today"):
        run(both, SILENT)
    assert [result.method.name for _, result in read_results(request_.out)] == ["still"]


def test_a_program_that_fails_stops_its_method_alone(
    request_: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from average_frame_method import AverageFrame

    def failing(*_: object) -> None:
        command = "echo first >&2; echo no licence >&2; exit 7"
        subprocess.run(["sh", "-c", command], check=True, capture_output=True)

    both = dataclasses.replace(request_, methods=(*request_.methods, "still"))
    with monkeypatch.context() as patch:
        patch.setattr(AverageFrame, "fit", failing)
        with pytest.raises(CasesFailed, match="exit code 7: no licence") as told:
            run(both, SILENT)
    assert [outcome.result.method.name for outcome in told.value.outcomes] == ["still"]
    assert [outcome.reused for outcome in run(both, SILENT)] == [False, True]


def test_a_program_that_fails_in_one_case_leaves_its_siblings(
    two_cases: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from average_frame_method import AverageFrame

    render, drivers = AverageFrame.render, []

    def first_fails(self, drive):  # type: ignore[no-untyped-def]
        drivers.append(drive)
        if len(drivers) == 1:
            subprocess.run(["sh", "-c", "exit 7"], check=True)
        return render(self, drive)

    monkeypatch.setattr(AverageFrame, "render", first_fails)
    with pytest.raises(CasesFailed, match=r"average_frame on tiny.*exit code 7") as failed:
        run(two_cases, SILENT)
    assert len(failed.value.outcomes) == 1


def test_a_method_that_renders_too_few_frames_is_told(
    request_: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from average_frame_method import AverageFrame

    monkeypatch.setattr(AverageFrame, "render", lambda self, drive: iter([self.mean]))
    with pytest.raises(TgbenchError, match="rendered 1 of 4 frames"):
        run(request_, SILENT)


def test_newer_and_broken_results_are_told(request_: RunRequest) -> None:
    (outcome,) = run(request_, SILENT)
    path = outcome.folder / "result.json"
    raw = json.loads(path.read_text())
    path.write_text(json.dumps({**raw, "schema_version": SCHEMA_VERSION + 1}))
    with pytest.raises(TgbenchError, match="newer tgbench"):
        read_result(path)
    path.write_text(path.read_text()[:100])
    with pytest.raises(TgbenchError, match="cannot be read"):
        read_result(path)
    path.write_text(json.dumps({**raw, "frames": "many"}))
    with pytest.raises(TgbenchError, match="frames"):
        read_result(path)


def test_a_failing_case_leaves_its_siblings(two_cases: RunRequest) -> None:
    """Of two drivers the first holds a foreign result; the second is measured all the same."""
    first, second = run(two_cases, SILENT)
    path = first.folder / "result.json"
    raw = json.loads(path.read_text())
    path.write_text(json.dumps({**raw, "case_key": "of something else"}))
    (second.folder / "result.json").unlink()
    with pytest.raises(CasesFailed, match=first.folder.name) as failed:
        run(two_cases, SILENT)
    assert [outcome.folder for outcome in failed.value.outcomes] == [second.folder]
    assert (second.folder / "result.json").is_file()


def frames_of_video(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_frames_and_label_are_rendered_again_without_fitting(
    request_: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured stays; the video and the frames become what is asked for."""
    from average_frame_method import AverageFrame

    (first,) = run(request_, SILENT)
    labelled = frames_of_video(first.folder / "video.mp4")

    def no_fit(*_: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr(AverageFrame, "fit", no_fit)
    (plain,) = run(dataclasses.replace(request_, label=False), SILENT)
    assert (plain.reused, plain.rendered) == (True, True)
    assert not read_result(first.folder / "result.json").labelled
    unlabelled = frames_of_video(first.folder / "video.mp4")
    assert np.abs(labelled.astype(int) - unlabelled).max() > 100, "the label is gone"
    kept = dataclasses.replace(request_, label=False, keep_frames=True)
    (again,) = run(kept, SILENT)
    assert again.rendered
    method = AverageFrame.__new__(AverageFrame)
    (saved,) = (request_.out / "models").glob("tiny/average_frame/*/model")
    identity = Identity(Path(request_.identities[0]))
    method.load(saved, identity, identity.split(), "cpu")
    for index in range(4):
        image = cv2.imread(str(first.folder / "frames" / f"{index}.png"))[..., ::-1]
        np.testing.assert_array_equal(image, method.mean)
    (done,) = run(kept, SILENT)
    assert (done.reused, done.rendered) == (True, False)
    (back,) = run(request_, SILENT)
    assert back.rendered
    assert back.result.model_copy(update={"files": first.result.files}) == first.result
    assert back.result.files["video.mp4"] == first.result.files["video.mp4"]
    assert (first.folder / "frames" / "3.png").is_file()


def test_rendering_again_without_the_fit_is_refused(request_: RunRequest) -> None:
    (first,) = run(request_, SILENT)
    before = (first.folder / "result.json").read_bytes()
    shutil.rmtree(request_.out / "models")
    with pytest.raises(CasesFailed, match=r"needs the fit that was measured.*--fresh"):
        run(dataclasses.replace(request_, keep_frames=True), SILENT)
    assert (first.folder / "result.json").read_bytes() == before
    assert run(request_, SILENT)[0].reused


def test_other_code_of_the_method_is_fitted_and_measured_anew(
    request_: RunRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A researcher edits the method and repeats the command."""
    (first,) = run(request_, SILENT)
    assert first.result.method.code_sha256
    edited = Code("average-frame 0.2", "0" * 64, "0" * 64)
    monkeypatch.setattr(Code, "of", lambda *_: edited)
    monkeypatch.setattr(logging.getLogger("tgbench"), "propagate", True)
    with caplog.at_level("WARNING", logger="tgbench"):
        (second,) = run(request_, SILENT)
    assert not second.reused
    assert second.result.method.code_sha256 == edited.sha256
    assert "code changed since this was measured" in caplog.text
    assert "code changed since the fit" in caplog.text
    assert len(list((request_.out / "models/tiny/average_frame").glob("[!.]*"))) == 2


def test_a_result_that_does_not_tell_its_code_is_kept(request_: RunRequest) -> None:
    (first,) = run(request_, SILENT)
    path = first.folder / "result.json"
    raw = json.loads(path.read_text())
    del raw["method"]["code_sha256"], raw["method"]["distribution"], raw["labelled"]
    path.write_text(json.dumps(raw))
    assert run(request_, SILENT)[0].reused
