"""A declared system through a whole run: by path, in processes of its own, resumed, reported."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tgbench.cli import main
from tgbench.progress import SILENT
from tgbench.running.request import RunRequest
from tgbench.running.runner import Outcome, run

from .conftest import git
from .standin import BARE, declare, make_checkout


@pytest.fixture
def request_(tmp_path: Path, tiny_identity: Path) -> RunRequest:
    checkout = make_checkout(tmp_path / "co")
    declare(tmp_path, checkout, facts='contamination = { HDTF = "trained on it" }')
    return RunRequest(
        methods=(str(tmp_path / "mean.toml"),),
        protocols=("self_reconstruction",),
        identities=(str(tiny_identity),),
        overrides={"mean.checkout": str(checkout), "environment": BARE},
        metrics=("psnr", "training_time"),
        out=tmp_path / "out",
        size=64,
    )


def only(request: RunRequest) -> Outcome:
    (outcome,) = run(request, SILENT)
    return outcome


def models(request: RunRequest) -> set[str]:
    return {path.name for path in (request.out / "models").glob("*/mean/*")}


def test_a_run_by_path_leaves_a_result_that_says_what_ran(request_: RunRequest) -> None:
    first = only(request_)
    method = first.result.method
    checkout = Path(request_.overrides["mean.checkout"])
    assert method.name == "mean"
    assert method.system is not None
    assert method.system.commit_found == git(checkout, "rev-parse", "HEAD")
    assert method.system.contamination == {"HDTF": "trained on it"}
    assert str(checkout) not in first.result.model_dump_json()
    assert first.result.timing.training_seconds is not None
    assert first.folder.parts[-3:] == ("mean", "quick,seed=0", "self")
    assert only(request_).reused


def test_elsewhere_it_is_the_same_and_other_rules_keep_the_fit(
    request_: RunRequest, tmp_path: Path
) -> None:
    only(request_)
    fitted = models(request_)
    Path(request_.overrides["mean.checkout"]).rename(tmp_path / "moved")
    moved = dataclasses.replace(
        request_, overrides={**request_.overrides, "mean.checkout": str(tmp_path / "moved")}
    )
    assert only(moved).reused
    file = Path(request_.methods[0])
    file.write_text(file.read_text().replace("[output]", '[output]\nlength = "truncated"'))
    again = only(moved)
    assert not again.reused
    assert models(request_) == fitted


@pytest.mark.slow
def test_a_process_of_its_own_finds_the_declaration(
    request_: RunRequest, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "--method", *request_.methods, "still", "--protocol", *request_.protocols]
    words += ["--identity", *request_.identities, "--metrics", "psnr", "--jobs", "2"]
    words += ["--out", str(request_.out), "--set"]
    words += [f"{key}={text}" for key, text in request_.overrides.items()]
    assert main(words) == 0, capfd.readouterr().err
    assert len(list(request_.out.rglob("result.json"))) == 2
    assert main(["report", str(request_.out)]) == 0
    said = capfd.readouterr().out
    assert "https://example.org/mean" in said
    assert "HDTF" in said
