"""What fails stops nothing else; what cannot be is refused before anything starts."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from tgbench import plugins
from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.progress import SILENT
from tgbench.running import attempts
from tgbench.running.request import RunRequest
from tgbench.running.result import read_results, write_result
from tgbench.running.runner import CasesFailed, run

RUN = ("run", "--method", "still", "--metrics", "psnr")
SELF = ("--protocol", "self_reconstruction")


@pytest.fixture
def request_(tiny_identity: Path, tmp_path: Path, example_plugin: str) -> RunRequest:
    return RunRequest(
        (example_plugin, "still"),
        ("self_reconstruction",),
        (str(tiny_identity),),
        out=tmp_path / "out",
        metrics=("psnr",),
    )


@pytest.mark.parametrize("error", [ZeroDivisionError("by nothing"), MemoryError(), OSError("x")])
def test_a_defect_of_a_method_does_not_stop_the_others(
    request_: RunRequest, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    from average_frame_method import AverageFrame

    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(AverageFrame, "fit", failing)
    with pytest.raises(CasesFailed) as failed:
        run(request_, SILENT)
    assert [outcome.result.method.name for outcome in failed.value.outcomes] == ["still"]
    fit, case = failed.value.failures
    assert fit.what == "average_frame on tiny, fit, seed 0"
    assert fit.error is error
    assert "average_frame on tiny, fit" in str(case), "says what it is for want of"
    note = next(request_.out.glob("self_reconstruction/tiny/average_frame/*/self"))
    assert attempts.failed(note), "a gate tells why there is no result"
    if isinstance(error, ZeroDivisionError):
        assert "by nothing" in attempts.failed(note)
        (log,) = request_.out.glob("models/tiny/average_frame/*/fit.log")
        assert "Traceback" in log.read_text()


def test_a_method_without_its_code_stops_no_other(
    request_: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = plugins.methods()
    gone = dataclasses.replace(installed["still"], name="gone", implementation="no_such_room:Still")
    monkeypatch.setattr(plugins, "methods", lambda: {**installed, "gone": gone})
    request = dataclasses.replace(request_, methods=("gone", "still"))
    with pytest.raises(CasesFailed, match="no_such_room") as failed:
        run(request, SILENT)
    assert [outcome.result.method.name for outcome in failed.value.outcomes] == ["still"]
    assert len(failed.value.failures) == 1


def test_an_identity_that_cannot_be_filed_stops_no_other(
    request_: RunRequest, tiny_identity: Path, tmp_path: Path
) -> None:
    hidden = shutil.copytree(tiny_identity, tmp_path / ".hidden")
    request = dataclasses.replace(request_, identities=(str(hidden), str(tiny_identity)))
    with pytest.raises(CasesFailed, match=r"\.hidden.*rename") as failed:
        run(request, SILENT)
    assert {outcome.result.identity.name for outcome in failed.value.outcomes} == {"tiny"}


def test_an_identity_that_is_not_sound_stops_no_other(
    tiny_identity: Path, own_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_identity / "transforms_train.json").unlink()
    out = tmp_path / "out"
    people = ("--identity", str(own_identity), str(tiny_identity))
    assert main([*RUN, *SELF, *people, "--out", str(out)]) == 1
    said = capsys.readouterr()
    assert "transforms_train.json" in said.err
    assert str(own_identity) in said.err
    (found,) = read_results(out)
    assert found[1].identity.name == "tiny"
    assert attempts.unfinished(found[0].parent) is None
    other = out / "self_reconstruction" / "own" / "still" / "quick,seed=0" / "self"
    note = attempts.unfinished(other)
    assert note is not None, "a gate must not take an older result for the outcome of this run"
    assert "transforms_train.json" in note.attempt.why


def test_the_end_lists_what_failed_and_exits_with_1(
    tiny_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*RUN, *SELF, "--identity", str(tiny_identity), "--out", str(tmp_path), "--seed", "0,1"]
    assert main(words) == 0
    (path, result), _ = read_results(tmp_path)
    write_result(path.parent, result.model_copy(update={"case_key": "of something else"}))
    capsys.readouterr()
    assert main(words) == 1
    said = capsys.readouterr()
    assert str(path.parent) in said.err
    assert said.out.count("result: ") == 1


def test_what_a_protocol_cannot_measure_is_refused_before_anything_starts(
    tiny_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--identity", str(tiny_identity), "--out", str(tmp_path / "out")]
    assert main([*RUN, "--protocol", "lipsync", *words]) == 2
    said = capsys.readouterr().err
    assert "psnr" in said
    assert "lipsync" in said
    assert not (tmp_path / "out").exists()
    assert main([*RUN, *SELF, "lipsync", *words]) == 2, "nothing is left for lipsync"


def test_each_protocol_measures_what_it_can(tiny_identity: Path, tmp_path: Path) -> None:
    request = RunRequest(
        ("still",),
        ("self_reconstruction", "lipsync"),
        (str(tiny_identity),),
        audio=(tiny_identity / "aud.wav",),
        out=tmp_path,
        metrics=("psnr", "lip_lag"),
    )
    found = {outcome.result.protocol.name: outcome.result for outcome in run(request, SILENT)}
    assert list(found["self_reconstruction"].metrics) == ["psnr", "lip_lag"]
    assert list(found["lipsync"].metrics) == ["lip_lag"]


@pytest.mark.parametrize("option", ["--preset", "--out", "--device", "--size", "--jobs"])
def test_an_option_of_one_value_says_so_when_given_twice(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = "cpu" if option == "--device" else "1"
    assert main([*RUN, *SELF, option, value, option, value]) == 2
    assert f"{option}: given twice" in capsys.readouterr().err


class TestEarlierLayout:
    """Results of versions that had no folder for preset, settings and seed."""

    @pytest.fixture
    def earlier(self, request_: RunRequest) -> Path:
        """A result of seed 0 where such a version kept it."""
        one = dataclasses.replace(request_, methods=("still",))
        (outcome,) = run(one, SILENT)
        former = outcome.folder.parents[1] / "self"
        shutil.move(outcome.folder, former)
        shutil.rmtree(outcome.folder.parent)
        return former

    def test_it_is_kept_where_it_is(self, request_: RunRequest, earlier: Path) -> None:
        before = (earlier / "result.json").read_bytes()
        one = dataclasses.replace(request_, methods=("still",))
        (outcome,) = run(one, SILENT)
        assert (outcome.folder, outcome.reused) == (earlier, True)
        assert (earlier / "result.json").read_bytes() == before
        (more,) = run(dataclasses.replace(one, metrics=("ssim",)), SILENT)
        assert more.folder == earlier
        assert {"psnr", "ssim"} <= set(more.result.metrics)
        (anew,) = run(dataclasses.replace(one, fresh=True), SILENT)
        assert (anew.folder, anew.reused) == (earlier, False)
        assert len(list(request_.out.rglob("result.json"))) == 1

    def test_another_seed_goes_elsewhere_with_a_note(
        self, request_: RunRequest, earlier: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        one = dataclasses.replace(request_, methods=("still",), seeds=(1,))
        with caplog.at_level("INFO", logger="tgbench"):
            (outcome,) = run(one, SILENT)
        assert outcome.folder == earlier.parent / "quick,seed=1" / "self"
        (note,) = [line for line in caplog.messages if "seed: 0 there, 1 here" in line]
        assert str(earlier) in note
        assert str(outcome.folder) in note
        assert (earlier / "result.json").is_file()

    def test_a_refused_run_concerns_it(self, request_: RunRequest, earlier: Path) -> None:
        with pytest.raises(TgbenchError):
            run(dataclasses.replace(request_, methods=("still",), metrics=("psnrr",)), SILENT)
        assert attempts.unfinished(earlier) is not None


class TestPlan:
    """`tgbench run --plan`."""

    @pytest.fixture
    def words(self, tiny_identity: Path, tmp_path: Path) -> list[str]:
        return [*RUN, *SELF, "--identity", str(tiny_identity), "--out", str(tmp_path / "out")]

    def planned(self, words: list[str], capsys: pytest.CaptureFixture[str]) -> list[dict]:
        capsys.readouterr()
        assert main([*words, "--plan", "--json"]) == 0
        return json.loads(capsys.readouterr().out)["jobs"]

    def test_it_does_nothing(
        self, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        fit, case = self.planned(words, capsys)
        assert (fit["state"], case["state"]) == ("to do", "to measure")
        assert case["depends_on"] == [fit["address"]]
        assert case["estimated_seconds"] is None
        assert not (tmp_path / "out").exists()
        assert main([*words, "--plan"]) == 0
        assert "no earlier timing" in capsys.readouterr().out

    def test_it_knows_what_is_there_and_what_the_rest_may_take(
        self, words: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(words) == 0
        states = [job["state"] for job in self.planned(words, capsys)]
        assert states == ["done", "done"]
        jobs = self.planned([*words, "--seed", "0", "1"], capsys)
        assert [job["state"] for job in jobs] == ["done", "done", "to do", "to measure"]
        result = json.loads((Path(jobs[1]["folder"]) / "result.json").read_text())
        timing = result["timing"]
        assert jobs[3]["estimated_seconds"] == pytest.approx(timing["render_seconds"])
        assert jobs[1]["estimated_seconds"] is None

    def test_it_says_what_cannot_be_done(
        self, words: list[str], own_identity: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (own_identity / "transforms_train.json").unlink()
        assert main([*words, "--identity", str(own_identity), "--plan"]) == 1
        assert "transforms_train.json" in capsys.readouterr().out
