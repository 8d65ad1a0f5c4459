from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.reports.renderers import TableReport
from tgbench.reports.renderers.markdown import render_markdown
from tgbench.reports.tables.building import build_tables
from tgbench.reports.tables.cells import Status
from tgbench.reports.tables.shapes import SHAPES, Shape
from tgbench.running.result import Result, write_result

from ..conftest import printed, row

MakeResult = Callable[..., Result]

TABLE_2 = Shape(("sync_e", "sync_c"), columns=("driver", "identity"))


def test_metrics_are_chosen_and_ordered(make_result: MakeResult) -> None:
    results = [make_result(psnr=30.0, lmd=1.0, fps=9.0, sync_c="no network")]
    (table,) = build_tables(results, shape=Shape(("fps", "psnr", "sync_c")))
    assert [column.name for column in table.columns] == ["fps", "psnr"]
    assert "Not measured: Sync-C (no network)" in [note.text for note in table.notes]
    with pytest.raises(TgbenchError, match="did you mean 'psnr'"):
        build_tables(results, shape=Shape(("psnrr",)))


def test_fields_in_the_head_group_the_metrics(lipsync: list[Result]) -> None:
    (table,) = build_tables(lipsync, shape=TABLE_2)
    assert [(*column.groups, column.title) for column in table.columns] == [
        (driver, identity, metric)
        for driver in ("a", "b")
        for identity in ("may", "obama")
        for metric in ("Sync-E", "Sync-C")
    ]
    (block,) = table.blocks
    assert block.title == ""
    values = [block.rows[0].cells[column.name].value for column in table.columns]
    assert values == pytest.approx([8.89, 1.11, 8.79, 1.21, 8.88, 1.12, 8.78, 1.22])
    assert {cell.rank for cell in block.rows[0].cells.values()} == {2}
    assert {cell.rank for cell in block.rows[1].cells.values()} == {1}


def test_names_that_read_alike_when_joined_have_columns_of_their_own(
    make_result: MakeResult,
) -> None:
    results = [
        make_result(identity="c", driver="a / b", psnr=1.0),
        make_result(identity="b / c", driver="a", psnr=2.0),
    ]
    (table,) = build_tables(results, shape=Shape(columns=("driver", "identity")))
    values = [table.blocks[0].rows[0].cells[column.name].value for column in table.columns]
    assert sorted(value for value in values if value is not None) == [1.0, 2.0]


def test_what_is_nowhere_else_makes_blocks_and_their_mean(lipsync: list[Result]) -> None:
    (table,) = build_tables(lipsync, shape=Shape(("sync_c",), columns=("identity",)))
    assert [block.title for block in table.blocks] == ["a", "b", "mean of 2 cases"]
    cells = row(table, "first", block=2).cells
    assert [cell.value for cell in cells.values()] == pytest.approx([1.115, 1.215])


def test_rows_of_unlike_people_do_not_compete(lipsync: list[Result]) -> None:
    (table,) = build_tables(lipsync, shape=Shape(("sync_c",), rows=("identity", "method")))
    assert table.side == ("Identity", "Method")
    ranks = {line.side: line.cells["sync_c"].rank for line in table.blocks[0].rows}
    assert ranks == {
        ("may", "first"): 2,
        ("may", "second"): 1,
        ("obama", "first"): 2,
        ("obama", "second"): 1,
    }
    assert "| may | first" in render_markdown(TableReport([table]))


def test_protocols_side_by_side(lipsync: list[Result], make_result: MakeResult) -> None:
    own = [
        make_result(name, identity=person, psnr=value, fps=21.0)
        for name, value in (("first", 30.0), ("second", 31.0))
        for person in ("may", "obama")
    ]
    shape = Shape(("psnr", "fps"), columns=("protocol",))
    (table,) = build_tables([*lipsync, *own], shape=shape)
    assert [(*column.groups, column.title) for column in table.columns] == [
        ("lipsync", "FPS"),
        ("self reconstruction", "PSNR"),
        ("self reconstruction", "FPS"),
    ]
    mean = row(table, "second", block=len(table.blocks) - 1)
    assert [cell.value for cell in mean.cells.values()] == pytest.approx([20.0, 31.0, 21.0])
    assert table.blocks[-1].title == "mean over cases"


def test_no_mean_over_a_single_case_each(lipsync: list[Result], make_result: MakeResult) -> None:
    found = [result for result in lipsync if result.driver.name == "a"]
    own = make_result("first", identity="may", fps=21.0)
    shape = Shape(("fps",), rows=("protocol", "method"), columns=("identity",))
    (table,) = build_tables([*found, own], shape=shape)
    assert [block.title for block in table.blocks] == ["a", "self"]


def test_a_combination_nobody_ran_is_a_dash(lipsync: list[Result]) -> None:
    (table,) = build_tables(lipsync[:-1], shape=TABLE_2)
    missing = row(table, "second").cells["b / obama / sync_c"]
    assert (missing.status, missing.value) == (Status.ABSENT, None)


def test_what_concerns_one_column_alone_is_said_there(make_result: MakeResult) -> None:
    results = [
        make_result(identity="x", psnr=30.0, notes=("all of it",)),
        make_result(identity="y", psnr=30.0, notes=("all of it", "cut short")),
    ]
    (table,) = build_tables(results, shape=Shape(columns=("identity",)))
    told = {note.mark: note.text for note in table.notes}
    line = row(table, "ours")
    assert [told[mark] for mark in line.marks] == ["frames: full frame", "all of it"]
    assert [told[mark] for mark in line.cells["y / psnr"].marks] == ["cut short"]
    assert line.cells["x / psnr"].marks == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rows": ("method", "indentity")}, "did you mean 'identity'"),
        ({"columns": ("identity", "identity")}, "stands twice"),
        ({"rows": ()}, "needs something at its side"),
        ({"rows": ("motion",)}, "write config.motion"),
        ({"metrics": ("psnr", "psnr")}, "named twice"),
    ],
)
def test_shapes_that_make_no_table_are_refused(
    change: dict[str, tuple[str, ...]], told: str
) -> None:
    with pytest.raises(TgbenchError, match=told):
        Shape(**change)


def test_shapes_of_the_paper_show_their_protocol_alone(
    lipsync: list[Result], make_result: MakeResult
) -> None:
    (table,) = build_tables([*lipsync, make_result(psnr=1.0)], shape=SHAPES["table2"])
    assert table.name == "lipsync"
    with pytest.raises(TgbenchError, match="tgbench run --protocol lipsync"):
        build_tables([make_result(psnr=1.0)], shape=SHAPES["table2"])


def test_groups_in_markdown_and_on_a_terminal(lipsync: list[Result]) -> None:
    (table,) = build_tables(lipsync, shape=TABLE_2)
    assert "| a<br>may<br>Sync-E ↓ | a<br>may<br>Sync-C ↑ |" in render_markdown(
        TableReport([table])
    )
    people = next(line for line in printed(table).splitlines() if "may" in line)
    assert people.split() == ["may", "may", "obama", "obama"] * 2, "above each column"


def test_options_of_the_command(
    lipsync: list[Result], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, result in enumerate(lipsync):
        write_result(tmp_path / str(number), result)
    options = ["--columns", "audio,identity", "--metrics", "sync_e,sync_c", "--published"]
    assert main(["report", str(tmp_path), *options]) == 0
    assert r"\cmidrule" in (tmp_path / "table-selection.tex").read_text()
    assert "published: TalkingGaussian" in (tmp_path / "table-selection.md").read_text()
    rows = csv.DictReader((tmp_path / "table-selection.csv").open(encoding="utf-8"))
    (synobama,) = [
        line for line in rows if line["method"] == "SynObama" and line["value"] == "6.802"
    ]
    assert [synobama[key] for key in ("protocol", "identity", "driver", "metric", "status")] == [
        "lipsync",
        "Obama",
        "Test Audio A",
        "sync_c",
        "published",
    ]
    capsys.readouterr()
    assert main(["report", str(tmp_path), "--shape", "tabel2"]) == 2
    assert "did you mean 'table2'" in capsys.readouterr().err
    assert main(["report", str(tmp_path), "--shape", "table1"]) == 2
    assert "--protocol self_reconstruction" in " ".join(capsys.readouterr().err.split())
