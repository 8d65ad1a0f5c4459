"""A declaration given by its path goes through planning and jobs like any method."""

from __future__ import annotations

from pathlib import Path

import pytest

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.progress import SILENT
from tgbench.running.job import read_job
from tgbench.running.method_config import MethodConfig
from tgbench.running.planning import Planner
from tgbench.running.request import RunRequest, default_size

from .somebody import Somebody, somebody_in


@pytest.fixture
def somebody(tmp_path: Path) -> Somebody:
    return somebody_in(tmp_path)


def planned(somebody: Somebody, folder: Path, out: Path, **settings: str) -> Planner:
    return Planner(
        RunRequest(
            methods=(str(somebody.file), "still"),
            protocols=("self_reconstruction",),
            identities=(str(folder),),
            overrides={key.replace("__", "."): text for key, text in settings.items()},
            metrics=("lmd",),
            out=out,
        )
    )


def test_the_job_says_where_everything_is_and_its_address_does_not(
    somebody: Somebody, tiny_identity: Path, tmp_path: Path
) -> None:
    plan = planned(
        somebody, tiny_identity, tmp_path / "out", mine__checkout=str(somebody.checkout)
    ).plan(SILENT)
    assert not plan.failures
    case = next(case for case in plan.cases if case.job.method.name == "mine")
    job = read_job(case.job.write())
    assert job.method.source == str(somebody.file)
    assert job.method.places["checkout"] == str(somebody.checkout)
    assert "checkout" not in job.method.config
    assert case.experiment.folder.parent.name == "quick,seed=0"
    moved = job.method.model_copy(update={"places": {"checkout": "/elsewhere"}, "source": ""})
    assert job.model_copy(update={"method": moved}).address == job.address

    spec = plugins.method(job.method.source)
    config = MethodConfig.of(spec, job.method.config, job.method.preset, job.method.places)
    assert config.config.checkout == str(somebody.checkout)
    assert config.code.sha256 == job.method.code_sha256


def test_a_setting_with_a_name_is_for_that_method_alone(
    somebody: Somebody, tiny_identity: Path, tmp_path: Path
) -> None:
    with pytest.raises(TgbenchError, match=r"still\.checkout"):
        planned(somebody, tiny_identity, tmp_path, still__checkout="here")
    plan = planned(
        somebody, tiny_identity, tmp_path, checkout="nowhere", mine__checkout=str(somebody.checkout)
    ).plan(SILENT)
    assert not plan.failures


def test_a_missing_checkout_fails_once_and_stops_no_other_method(
    somebody: Somebody, tiny_identity: Path, tmp_path: Path
) -> None:
    plan = planned(somebody, tiny_identity, tmp_path).plan(SILENT)
    assert [str(failure).partition(":")[0] for failure in plan.failures] == ["method mine"]
    assert [case.job.method.name for case in plan.cases] == ["still"]


def test_two_systems_of_one_name_are_refused(somebody: Somebody, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(somebody.file.read_text())
    request = RunRequest((str(somebody.file), str(other)), ("lipsync",), ("synth-a",))
    with pytest.raises(TgbenchError, match="'mine'"):
        Planner(request)


def test_the_name_of_an_installed_method_is_taken(somebody: Somebody) -> None:
    somebody.edit('name = "mine"', 'name = "still"')
    with pytest.raises(TgbenchError, match="'still'"):
        plugins.method(str(somebody.file))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match=r"absent\.toml"):
        plugins.method(str(tmp_path / "absent.toml"))


def test_the_size_of_built_in_people_is_that_of_the_declared_system(somebody: Somebody) -> None:
    assert default_size((str(somebody.file),), "quick") == 512
    assert default_size((str(somebody.file), "still"), "quick") == 256


def test_a_broken_declaration_is_refused_before_anybody_is_looked_for(
    somebody: Somebody, tmp_path: Path
) -> None:
    somebody.edit("makes =", "make =")
    with pytest.raises(TgbenchError, match=r"train\.1\.make"):
        planned(somebody, tmp_path / "nobody", tmp_path / "out")
