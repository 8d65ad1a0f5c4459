"""The Python API: the commands' options, their results, and nothing on the screen."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tgbench
from tgbench import api, plugins
from tgbench.progress import SILENT

ROOT = Path(__file__).resolve().parents[1]
TINY = {"metrics": ["psnr", "ssim"], "protocol": "self_reconstruction", "device": "cpu"}


def images(folder: Path, level: int, count: int = 3) -> Path:
    folder.mkdir(parents=True)
    for index in range(count):
        pixels = np.full((64, 64, 3), level + index, np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, tiny_identity: Path) -> Path:
    """The results of `still` on the tiny identity, two seeds below one folder."""
    out = tmp_path_factory.mktemp("results")
    for seed in (0, 1):
        tgbench.run("still", identity=tiny_identity, out=out / str(seed), seed=seed, **TINY)
    return out


def test_every_public_name_is_there_without_torch() -> None:
    program = (
        "import sys, tgbench\n"
        "missing = [name for name in tgbench.__all__ if getattr(tgbench, name, None) is None]\n"
        "assert not missing, missing\n"
        "assert set(tgbench.__all__) <= set(dir(tgbench))\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_editors_see_every_public_name() -> None:
    """Names made at first use are imported for type checkers, too."""
    tree = ast.parse((ROOT / "tgbench" / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(tgbench.__all__) <= seen
    with pytest.raises(AttributeError, match="nothing_of_the_sort"):
        _ = tgbench.nothing_of_the_sort  # type: ignore[attr-defined]


# What is of pairs alone.
PAIRS = dict.fromkeys(("pairs", "jobs", "method", "composite_mode", "frames"), "prediction")
SCORED = {"clips": "prediction", **PAIRS}


@pytest.mark.parametrize(
    ("command", "functions", "renamed"),
    [
        (
            "run",
            [api.run],
            {"no_label": "label", "resume": "fresh", "plan": "progress", "json": "progress"},
        ),
        ("score", [api.score], SCORED),
        ("score", [api.score, api.score_folder], SCORED),
        ("score", [api.score, api.score_pairs], {"clips": "prediction", "pairs": "predictions"}),
        ("prepare", [api.prepare], {"status": "progress"}),
        ("compare", [api.compare], {"folders": "first", "json": "first"}),
    ],
)
def test_keyword_arguments_are_the_options_of_the_command(
    command: str, functions: list, renamed: dict[str, str]
) -> None:
    parser = argparse.ArgumentParser(add_help=False)
    plugins.commands()[command].load().add_arguments(parser)
    options = {renamed.get(action.dest, action.dest) for action in parser._actions}
    taken = {name for function in functions for name in inspect.signature(function).parameters}
    assert options <= taken
    assert taken - options <= {"progress", "second", "targets"}


def test_run_returns_what_it_wrote_and_prints_nothing(
    tmp_path: Path, tiny_identity: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first, *others = tgbench.run("still", identity=str(tiny_identity), out=tmp_path, **TINY)
    assert not others
    written = json.loads((first.folder / "result.json").read_text())
    assert first.result.metrics["psnr"].value == written["metrics"]["psnr"]["value"]
    assert capfd.readouterr() == ("", "")
    (again,) = tgbench.run(["still"], identity=[tiny_identity], out=tmp_path, **TINY)
    assert again.reused


class Heard:
    """A progress that remembers what was reported."""

    def __init__(self) -> None:
        self.descriptions: list[str] = []

    def task(self, description: str, total: int | None, done: int = 0):
        self.descriptions.append(description)
        return SILENT.task(description, total, done)


def test_progress_is_told_to_whoever_asks(tmp_path: Path, tiny_identity: Path) -> None:
    heard = Heard()
    tgbench.run("still", identity=tiny_identity, out=tmp_path, progress=heard, **TINY)
    assert "hashing inputs of tiny" in heard.descriptions


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"method": "stil"}, "still"),
        ({"preset": "quik"}, "quick"),
        ({"metrics": "psnrr"}, "psnr"),
        ({"identity": "synth-x"}, "synth-a"),
        ({"settings": {"no_such": 1}}, "no_such"),
    ],
)
def test_bad_input_raises_and_names_the_remedy(
    arguments: dict, named: str, tmp_path: Path, tiny_identity: Path
) -> None:
    usual = {"method": "still", "identity": tiny_identity, "out": tmp_path, **TINY}
    with pytest.raises(tgbench.TgbenchError, match=named):
        tgbench.run(**{**usual, **arguments})


def test_score_measures_what_the_images_say(tmp_path: Path) -> None:
    ours, real = images(tmp_path / "ours", 110), images(tmp_path / "real", 100)
    scores = tgbench.score(ours, str(real), metrics=["PSNR"], out=tmp_path / "scores")
    assert scores.metrics["psnr"].value == pytest.approx(20 * np.log10(255 / 10))
    assert scores.frame_values()["psnr"].tolist() == pytest.approx([20 * np.log10(25.5)] * 3)
    assert json.loads((tmp_path / "scores" / "scores.json").read_text())["frames"] == 3
    assert not tgbench.score(real, real, metrics="psnr").any_measured
    with pytest.raises(tgbench.TgbenchError, match=r"fps 0"):
        tgbench.score(ours, real, fps=0)


def test_a_clip_that_fails_does_not_take_the_others_along(tmp_path: Path) -> None:
    from .metrics.clips import video

    for folder in ("ours", "real"):
        (tmp_path / folder).mkdir()
        video(tmp_path / folder / "good.mp4", 3, noise=9.0 if folder == "ours" else 0.0)
        (tmp_path / folder / "bad.mp4").write_text("no video")
    with pytest.raises(tgbench.TgbenchError, match="bad") as caught:
        tgbench.score_folder(tmp_path / "ours", tmp_path / "real", metrics="psnr")
    assert list(caught.value.scores) == ["good"]  # type: ignore[attr-defined]
    with pytest.raises(tgbench.TgbenchError, match="several videos"):
        tgbench.score(tmp_path / "ours", tmp_path / "real")


def test_prepare_refuses_an_odd_size(tmp_path: Path) -> None:
    with pytest.raises(tgbench.TgbenchError, match=r"101.*even"):
        tgbench.prepare(tmp_path / "no.mp4", tmp_path / "out", size=101)


def test_results_are_one_tidy_table(measured: Path) -> None:
    table = tgbench.load_results(measured / "0", measured / "1")
    assert table.equals(tgbench.load_results(measured))
    assert sorted(table.metric.unique()) == ["psnr", "ssim"]
    assert table.groupby("seed").size().to_dict() == {0: 2, 1: 2}
    for row in table.itertuples():
        stored = json.loads((Path(row.folder) / "result.json").read_text())
        record = stored["metrics"][row.metric]
        assert row.value == record["value"]
        assert (row.unit, row.direction, row.status) == (record["unit"], "higher", "measured")
        assert (row.scored, row.total) == (record["scored"], record["total"])
        assert row.measured_by == record["measured_by"]
        assert row.cpu == stored["environment"]["cpu"]
        assert row.code_sha256 == stored["method"]["code_sha256"]
    assert isinstance(table.created.dtype, pd.DatetimeTZDtype)


def test_a_value_that_says_nothing_about_the_method_is_none(measured: Path, tmp_path: Path) -> None:
    file = next((measured / "0").rglob("result.json"))
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert not stored["method"]["moves_upper_face"]
    stored["metrics"]["aue_u_geometry"] = {**stored["metrics"]["psnr"], "value": 0.2}
    (tmp_path / "result.json").write_text(json.dumps(stored), encoding="utf-8")
    table = tgbench.load_results(tmp_path).set_index("metric")
    assert table.status["psnr"] == "measured"
    assert table.status["aue_u_geometry"] == "not applicable"
    assert "does not move the upper face" in table.reason["aue_u_geometry"]
    assert table[["value", "low", "high"]].loc["aue_u_geometry"].isna().all()


def test_settings_that_differ_from_the_preset_are_told(
    measured: Path, tmp_path: Path, tiny_identity: Path
) -> None:
    wide = {"head_radius": 0.2}
    tgbench.run("still", identity=tiny_identity, out=tmp_path, settings=wide, **TINY)
    assert set(tgbench.load_results(tmp_path).settings) == {"head_radius=0.2"}
    assert set(tgbench.load_results(measured).settings) == {""}


def test_results_of_a_method_that_cannot_be_loaded_here_are_read(
    measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = dataclasses.replace(plugins.methods()["still"], config="no_such_module:Config")
    monkeypatch.setattr(plugins, "methods", lambda: {"still": broken})
    table = tgbench.load_results(measured)
    assert set(table.method) == {"still"}
    assert set(table.settings) == {""}


def test_compare_finds_no_difference_between_a_result_and_itself(measured: Path) -> None:
    found = tgbench.compare(measured / "0", measured / "1", metrics="psnr")
    ((row,),) = (section.rows for section in found.sections)
    assert row.first == row.second
    with pytest.raises(tgbench.TgbenchError, match="with what"):
        tgbench.compare(measured)


def test_lists_are_what_is_installed() -> None:
    metrics = [spec.name for spec in tgbench.list_metrics()]
    assert metrics == list(plugins.in_table_order(metrics))
    assert metrics[0] == "psnr"
    assert {spec.name for spec in tgbench.list_methods()} >= {"still", "talkinggaussian"}
    assert "synth-a" in tgbench.list_identities()


def test_the_schema_of_results_explains_every_field() -> None:
    from tgbench.running.result import Result

    schema = Result.model_json_schema()
    records = {"Result": schema, **schema["$defs"]}
    silent = [
        f"{record}.{field}"
        for record, described in records.items()
        for field, told in described.get("properties", {}).items()
        if not (told.get("description") or "$ref" in told)
    ]
    assert not silent
    assert all(described["description"] for described in records.values())
