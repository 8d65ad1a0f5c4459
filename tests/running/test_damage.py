"""Whatever file of a finished case or fit is damaged, nothing that is intact is lost by it."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from tgbench.progress import SILENT
from tgbench.running.request import RunRequest
from tgbench.running.result import Result, read_result
from tgbench.running.runner import CasesFailed, Outcome, run

Spoil = Callable[[Path], None]


def cut(share: float) -> Spoil:
    def spoil(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[: round(share * len(data))])

    return spoil


def garble(path: Path) -> None:
    path.write_bytes(np.random.default_rng(3).bytes(path.stat().st_size))


def flip(path: Path) -> None:
    """One bit in the middle: what no decoder need notice."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


SPOILS = {
    "missing": Path.unlink,
    "empty": cut(0),
    "tenth": cut(0.1),
    "half": cut(0.5),
    "almost": cut(0.99),
    "garbage": garble,
    "bit": flip,
}
WRONG = [
    *("[]", "3", "null", '"text"', "{}", "{" * 5000, "[" * 100_000, '{"seconds": "x"}'),
    '{"seconds": -1, "iterations": {}, "notes": []}',
    '{"seconds": NaN, "iterations": {}, "notes": []}',
    '{"seconds": 1, "iterations": [], "notes": "n"}',
    '{"seconds": 1, "iterations": {"face": "many"}, "notes": []}',
    '{"seconds": 1, "iterations": {}, "notes": [1]}',
]


class Runs:
    """Runs one cheap case again and again, and counts the fits."""

    def __init__(self, request: RunRequest) -> None:
        self.request = request
        self.fits = 0

    def __call__(self, **changes: object) -> Outcome:
        (outcome,) = run(dataclasses.replace(self.request, **changes), SILENT)  # type: ignore[arg-type]
        return outcome

    @property
    def case(self) -> Path:
        return (
            self.request.out
            / "self_reconstruction"
            / "tiny"
            / "average_frame"
            / "quick,seed=0"
            / "self"
        )

    @property
    def fit(self) -> Path:
        (folder,) = (self.request.out / "models" / "tiny" / "average_frame").glob("[!.]*")
        return folder


@pytest.fixture(scope="module")
def finished(tiny_identity: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Results of a finished case with its fit, not to be changed."""
    from .conftest import installed_example

    out = tmp_path_factory.mktemp("finished") / "out"
    with pytest.MonkeyPatch.context() as patch:
        run(request_of(installed_example(patch), tiny_identity, out), SILENT)
        yield out


def request_of(method: str, identity: Path, out: Path) -> RunRequest:
    return RunRequest(
        methods=(method,),
        protocols=("self_reconstruction",),
        identities=(str(identity),),
        audio=(),
        preset="quick",
        out=out,
        metrics=("psnr",),
    )


@pytest.fixture
def runs(
    finished: Path,
    tiny_identity: Path,
    tmp_path: Path,
    example_plugin: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Runs:
    from average_frame_method import AverageFrame

    shutil.copytree(finished, tmp_path / "out")
    made = Runs(request_of(example_plugin, tiny_identity, tmp_path / "out"))
    fit = AverageFrame.fit

    def counted(self, *args):  # type: ignore[no-untyped-def]
        made.fits += 1
        return fit(self, *args)

    monkeypatch.setattr(AverageFrame, "fit", counted)
    monkeypatch.setattr(logging.getLogger("tgbench"), "propagate", True)
    return made


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def assert_whole(runs: Runs, before: Result) -> None:
    """The case is as it was, by readers that know nothing of hashes."""
    after = read_result(runs.case / "result.json")
    assert after.metrics == before.metrics
    table = pd.read_parquet(runs.case / "frames.parquet")
    assert table["psnr"].mean() == pytest.approx(before.metrics["psnr"].value)
    for name in ("video.mp4", "target.mp4", "error.mp4"):
        assert frames_of(runs.case / name) == before.frames
    again = runs()
    assert (again.reused, again.rendered) == (True, False)


@pytest.mark.parametrize("name", ["frames.parquet", "video.mp4", "target.mp4", "error.mp4"])
@pytest.mark.parametrize("spoil", SPOILS)
def test_a_damaged_file_of_a_finished_case_is_made_again_from_the_fit(
    runs: Runs, name: str, spoil: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = read_result(runs.case / "result.json")
    SPOILS[spoil](runs.case / name)
    outcome = runs()
    assert outcome.rendered
    assert outcome.reused is (name != "frames.parquet"), "numbers stay where they can"
    assert runs.fits == 0
    assert f"{name}: is " in caplog.text
    assert_whole(runs, before)


@pytest.mark.parametrize("spoil", ["missing", "empty", "half", "garbage"])
@pytest.mark.parametrize("name", ["frames.parquet", "video.mp4", "error.mp4"])
def test_results_without_hashes_are_opened_and_checked(runs: Runs, name: str, spoil: str) -> None:
    path = runs.case / "result.json"
    raw = json.loads(path.read_text())
    del raw["files"]
    path.write_text(json.dumps(raw))
    assert not runs().rendered, "an old result that is whole is kept"
    before = read_result(path)
    SPOILS[spoil](runs.case / name)
    assert runs().rendered
    assert runs.fits == 0
    assert_whole(runs, before)


@pytest.mark.parametrize("spoil", [name for name in SPOILS if name not in ("missing", "bit")])
def test_a_damaged_result_is_set_aside_and_measured_again(
    runs: Runs, spoil: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = runs.case / "result.json"
    before = read_result(path)
    SPOILS[spoil](path)
    damaged = path.read_bytes()
    assert not runs().reused
    assert runs.fits == 0
    assert (runs.case / "result.damaged.json").read_bytes() == damaged
    assert "set aside as result.damaged.json, measuring again" in caplog.text
    assert "run the case again" not in caplog.text
    assert_whole(runs, before)


@pytest.mark.parametrize("text", WRONG)
def test_results_and_records_of_wrong_types_cost_no_fit(runs: Runs, text: str) -> None:
    before = read_result(runs.case / "result.json")
    for path in (runs.case / "result.json", runs.fit / "fit.json"):
        path.write_text(text)
    outcome = runs()
    assert runs.fits == 0
    assert outcome.result.timing.training_seconds == before.timing.training_seconds
    assert json.loads((runs.fit / "fit.json").read_text())["seconds"] >= 0
    assert (runs.fit / "fit.damaged.json").read_text() == text
    assert_whole(runs, before)


def test_a_second_damaged_result_does_not_replace_the_first(runs: Runs) -> None:
    for text in ("first", "second"):
        (runs.case / "result.json").write_text(text)
        runs()
    found = {path.name: path.read_text() for path in runs.case.glob("result.damaged*")}
    assert found == {"result.damaged.json": "first", "result.damaged-2.json": "second"}


def test_a_newer_result_is_never_set_aside(runs: Runs) -> None:
    path = runs.case / "result.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 99}))
    before = path.read_bytes()
    with pytest.raises(CasesFailed, match="newer tgbench"):
        runs()
    assert path.read_bytes() == before


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("name", ["fit.json", "fit.copy.json"])
def test_a_damaged_record_costs_no_fit(runs: Runs, name: str, spoil: str) -> None:
    before = read_result(runs.case / "result.json")
    SPOILS[spoil](runs.fit / name)
    (runs.case / "video.mp4").unlink()
    runs()
    (runs.case / "result.json").unlink()
    outcome = runs()
    assert runs.fits == 0
    assert outcome.result.timing.training_seconds is not None
    assert (runs.fit / name).is_file()
    assert_whole(runs, before)


def test_without_any_record_an_intact_fit_is_kept_and_its_time_is_not_known(runs: Runs) -> None:
    for name in ("fit.json", "fit.copy.json"):
        (runs.fit / name).write_text("{")
    (runs.case / "result.json").unlink()
    outcome = runs(metrics=("psnr", "training_time"))
    assert runs.fits == 0
    assert outcome.result.timing.training_seconds is None
    found = outcome.result.metrics["training_time"]
    assert (found.value, found.reason) == (None, "how long training took is lost")
    assert any("record of the fit was damaged" in note for note in outcome.result.method.notes)


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_damaged_model_is_set_aside_and_fitted_again(
    runs: Runs, spoil: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = read_result(runs.case / "result.json")
    model = runs.fit / "model" / "mean.npy"
    SPOILS[spoil](model)
    assert runs().reused, "a finished case needs no fit"
    assert runs.fits == 0
    (runs.case / "result.json").unlink()
    runs()
    assert runs.fits == 1
    assert "set aside as model.damaged, fitting again" in caplog.text
    assert (runs.fit / "model.damaged").is_dir()
    assert_whole(runs, before)


def test_frames_that_are_damaged_are_rendered_again(runs: Runs) -> None:
    runs(keep_frames=True)
    image = runs.case / "frames" / "2.png"
    whole = image.read_bytes()
    for spoil in ("missing", "half", "almost", "bit"):
        SPOILS[spoil](image)
        assert runs(keep_frames=True).rendered
        assert image.read_bytes() == whole
    raw = json.loads((runs.case / "result.json").read_text())
    del raw["files"]
    (runs.case / "result.json").write_text(json.dumps(raw))
    assert not runs(keep_frames=True).rendered
    SPOILS["almost"](image)
    assert runs(keep_frames=True).rendered
    assert image.read_bytes() == whole


def test_frames_that_were_kept_stay_when_more_is_measured(runs: Runs) -> None:
    runs(keep_frames=True)
    runs(metrics=("ssim",))
    assert len(list((runs.case / "frames").glob("*.png"))) == 4
    assert not runs(keep_frames=True).rendered


def test_files_of_the_user_stay_in_the_folder(runs: Runs) -> None:
    (runs.case / "notes.txt").write_text("mine")
    (runs.case / "plots").mkdir()
    (runs.case / "plots" / "one.pdf").write_text("mine too")
    runs(fresh=True)
    assert (runs.case / "notes.txt").read_text() == "mine"
    assert (runs.case / "plots" / "one.pdf").read_text() == "mine too"


def test_records_of_earlier_versions_cost_no_fit(runs: Runs) -> None:
    """They have no copy and no hashes."""
    path = runs.fit / "fit.json"
    raw = json.loads(path.read_text())
    del raw["files"]
    path.write_text(json.dumps(raw))
    (runs.fit / "fit.copy.json").unlink()
    (runs.case / "result.json").unlink()
    assert runs().result.timing.training_seconds == raw["seconds"]
    assert runs.fits == 0
    shutil.rmtree(runs.fit / "model")
    (runs.case / "result.json").unlink()
    runs()
    assert runs.fits == 1
    assert json.loads(path.read_text())["files"].keys()


def test_without_the_fit_a_damaged_video_costs_no_numbers(runs: Runs) -> None:
    before = (runs.case / "result.json").read_bytes()
    shutil.rmtree(runs.request.out / "models")
    (runs.case / "video.mp4").unlink()
    with pytest.raises(CasesFailed, match="needs the fit that was measured"):
        runs()
    assert (runs.case / "result.json").read_bytes() == before
    assert runs.fits == 0


def test_numbers_that_cannot_be_measured_here_are_not_lost_with_a_table(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tgbench.running import resume

    before = (runs.case / "result.json").read_bytes()
    (runs.case / "frames.parquet").unlink()
    monkeypatch.setattr(
        resume, "reasons_against", lambda names, context: dict.fromkeys(names, "weights missing")
    )
    with pytest.raises(CasesFailed, match="holds psnr, which cannot be measured here now"):
        runs()
    assert (runs.case / "result.json").read_bytes() == before
