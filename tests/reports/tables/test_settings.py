from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.reports.renderers import TableReport
from tgbench.reports.renderers.values import render_csv
from tgbench.reports.tables.building import Extras, build_tables
from tgbench.reports.tables.cells import DASH
from tgbench.reports.tables.shapes import SHAPES, Shape, fields_named
from tgbench.running.result import Result, write_result

from ..conftest import row

MakeResult = Callable[..., Result]
MOTION = "config.motion"


@pytest.fixture
def ablation(make_result: MakeResult) -> list[Result]:
    """Two settings with two values and three seeds each; the value tells which it is."""
    return [
        make_result(
            config={"motion": motion, "branch": {"rate": rate}, "size": 3},
            seed=seed,
            psnr=base + rate + seed / 10.0,
        )
        for motion, base in (("moving", 30.0), ("still", 20.0))
        for rate in (2, 10)
        for seed in (0, 2, 10)
    ]


def test_settings_stand_at_the_side_in_their_natural_order(ablation: list[Result]) -> None:
    shape = Shape(rows=("method", MOTION, "config.branch.rate"))
    (table,) = build_tables(ablation, shape=shape)
    assert table.side == ("Method", "Motion", "Branch rate")
    assert [line.side for line in table.blocks[0].rows] == [
        ("ours", "moving", "2"),
        ("ours", "moving", "10"),
        ("ours", "still", "2"),
        ("ours", "still", "10"),
    ]
    best = row(table, "ours", "moving", "10").cells["psnr"]
    assert best.value == pytest.approx(40.4)
    assert best.spread is not None, "seeds that stand nowhere are averaged"
    assert [line.cells["psnr"].rank for line in table.blocks[0].rows] == [2, 1, 4, 3]


def test_what_is_ranked_together_is_sorted_together(ablation: list[Result]) -> None:
    (table,) = build_tables(ablation, shape=Shape(rows=("method", MOTION, "config.branch.rate")))
    assert {line.cells["psnr"].kind for line in table.blocks[0].rows} == {0}
    (table,) = build_tables(ablation, shape=Shape(rows=("seed", MOTION, "config.branch.rate")))
    kinds = {(line.side[0], line.cells["psnr"].kind) for line in table.blocks[0].rows}
    assert kinds == {("0", 0), ("2", 1), ("10", 2)}, "another seed is no rival"


def test_what_no_field_tells_is_told_with_the_method(ablation: list[Result]) -> None:
    (table,) = build_tables(ablation, shape=Shape(rows=("method", MOTION)))
    assert [line.side for line in table.blocks[0].rows] == [
        ("ours (branch.rate=2)", "moving"),
        ("ours (branch.rate=2)", "still"),
        ("ours (branch.rate=10)", "moving"),
        ("ours (branch.rate=10)", "still"),
    ]


def test_seeds_in_the_head_are_no_rivals_and_are_named(ablation: list[Result]) -> None:
    shape = Shape(rows=("method", MOTION, "config.branch.rate"), columns=("seed",))
    (table,) = build_tables(ablation, shape=shape)
    assert [column.groups for column in table.columns] == [("seed 0",), ("seed 2",), ("seed 10",)]
    cells = row(table, "ours", "moving", "10").cells
    assert [cell.value for cell in cells.values()] == pytest.approx([40.0, 40.2, 41.0])
    assert {cell.rank for cell in cells.values()} == {1}
    (table,) = build_tables(ablation[:3], shape=Shape(rows=("method", "seed")))
    assert [line.cells["psnr"].rank for line in table.blocks[0].rows] == [None] * 3


def test_methods_make_blocks_with_a_mean_each_where_they_stand_nowhere(
    ablation: list[Result], make_result: MakeResult
) -> None:
    there = [make_result("b", identity=name, config={"motion": "slow"}, psnr=1.0) for name in "xy"]
    shape = Shape(rows=(MOTION, "config.branch.rate", "seed"))
    (table,) = build_tables([*ablation, *there], shape=shape)
    assert [block.title for block in table.blocks] == ["synth-a", "x", "y", "b · mean of 2 cases"]
    assert table.blocks[-1].mean
    assert [line.side for line in table.blocks[-1].rows] == [("slow", DASH, "0")]


def test_methods_in_the_head_compete_along_the_rows(make_result: MakeResult) -> None:
    values = {("a", "x"): 1.0, ("b", "x"): 2.0, ("a", "y"): 4.0, ("b", "y"): 3.0}
    results = [make_result(name, identity=who, psnr=v) for (name, who), v in values.items()]
    (table,) = build_tables(results, shape=Shape(rows=("identity",), columns=("method",)))
    ranks = {line.label: [c.rank for c in line.cells.values()] for line in table.blocks[0].rows}
    assert ranks == {"x": [2, 1], "y": [1, 2]}


def test_an_unknown_setting_names_those_that_differ(ablation: list[Result]) -> None:
    with pytest.raises(TgbenchError, match=r"did you mean 'config\.motion'") as caught:
        build_tables(ablation, shape=Shape(rows=("method", "config.motoin")))
    assert "differ between these results: config.motion, config.branch.rate" in str(caught.value)
    assert "config.size" not in str(caught.value)
    with pytest.raises(TgbenchError, match="no setting of the configuration differs"):
        build_tables(ablation[:1], shape=Shape(rows=("method", "config.other")))


def test_what_a_method_has_not_is_a_dash(ablation: list[Result], make_result: MakeResult) -> None:
    results = [*ablation, make_result("other", psnr=1.0)]
    (table,) = build_tables(results, shape=Shape(rows=("method", MOTION, "preset", "device")))
    assert row(table, "other", DASH, "quick", "cpu").cells["psnr"].value == 1.0


def test_audio_features_are_a_setting_of_the_configuration() -> None:
    assert fields_named(["method", "audio_features", "audio"]) == (
        "method",
        "config.audio_features",
        "driver",
    )


def test_ablations_of_the_paper_stand_beside_measured_ones(make_result: MakeResult) -> None:
    config = {"motion": "deformation", "face_mouth_decomposition": True}
    config |= {"incremental_sampling": False}
    results = [make_result("talkinggaussian", config=config, psnr=33.0)]
    extras = Extras(published=True)
    (table,) = build_tables(results, shape=SHAPES["table4"], extras=extras)
    measured = row(table, "TalkingGaussian", "deformation", "yes", "no")
    printed = row(table, "TalkingGaussian (3DGS)", "deformation", "yes", "no", block=1)
    assert (measured.cells["psnr"].value, printed.cells["psnr"].value) == (33.0, 33.57)
    (table,) = build_tables(results, shape=Shape(published=4), extras=extras)
    assert "TalkingGaussian (3DGS, deformation, FMD, IS)" in {
        line.label for line in table.blocks[1].rows
    }


def test_csv_tells_settings_and_what_counts(ablation: list[Result]) -> None:
    again = ablation[0].model_copy(update={"created": "2026-01-01T00:00:00+00:00"})
    lines = list(csv.DictReader(io.StringIO(render_csv(TableReport((), [*ablation, again])))))
    assert json.loads(lines[0]["settings"]) == {"motion": "moving", "branch.rate": 2}
    assert [line["superseded"] for line in lines] == ["yes", *["no"] * 12]


def test_csv_runs_nothing_in_a_spreadsheet(make_result: MakeResult) -> None:
    results = [make_result("=1+1", identity="@x", psnr=-1.5, lpips="-missing")]
    lines = list(csv.DictReader(io.StringIO(render_csv(TableReport((), results)))))
    assert (lines[0]["method"], lines[0]["identity"]) == ("'=1+1", "'@x")
    assert lines[0]["value"] == "-1.5"
    assert lines[1]["reason"] == "'-missing"


def test_csv_has_a_line_for_each_number_whatever_reasons_hold(make_result: MakeResult) -> None:
    text = render_csv(TableReport((), [make_result(psnr="gone\r=1+1\r\n@x")]))
    assert "\r" not in text
    (line,) = csv.DictReader(io.StringIO(text, newline=""))
    assert line["reason"] == "gone\n'=1+1\n'@x"


@pytest.mark.parametrize("odd", ["half \ud800 a pair", {"half \ud800": 1}, "deep"])
def test_what_no_report_can_tell_is_left_out(
    odd: object, make_result: MakeResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_result(tmp_path / "whole", make_result("whole", psnr=2.0))
    result = make_result("other", config={"odd": 0}, psnr=3.0).model_dump(mode="json")
    nested = "[" * 300 + "]" * 300 if odd == "deep" else json.dumps(odd)
    (tmp_path / "odd").mkdir()
    text = json.dumps(result).replace('"odd": 0', f'"odd": {nested}')
    (tmp_path / "odd" / "result.json").write_text(text)
    assert main(["report", str(tmp_path)]) == 0
    assert "cannot be" in capsys.readouterr().err
    methods = [line["method"] for line in csv.DictReader((tmp_path / "table.csv").open())]
    assert methods == ["whole"]


def test_the_command_takes_settings(
    ablation: list[Result], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, result in enumerate(ablation):
        write_result(tmp_path / str(number), result)
    options = ["--rows", "config.motion,config.branch.rate", "--columns", "seed"]
    assert main(["report", str(tmp_path), *options]) == 0
    assert "seed 10" in capsys.readouterr().out
    assert "seed 10" in (tmp_path / "table-selection.tex").read_text()
    assert main(["report", str(tmp_path), "--rows", "method,motion"]) == 2
    assert "write config.motion" in " ".join(capsys.readouterr().err.split())
