from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.cli import main
from tgbench.reports.renderers import TableReport
from tgbench.reports.renderers.latex import render_latex
from tgbench.reports.renderers.markdown import render_markdown
from tgbench.reports.tables import published as paper_tables
from tgbench.reports.tables.building import Extras, build_tables
from tgbench.reports.tables.cells import Status
from tgbench.reports.tables.shapes import SHAPES
from tgbench.running.result import Result, write_result

from ..conftest import printed, row
from .helpers import shown

MakeResult = Callable[..., Result]


PAPER = {
    # Cells of the TalkingGaussian paper, by method and column.
    ("TalkingGaussian", "psnr"): 33.61,
    ("ER-NeRF+e", "aue_u"): 0.31,
    ("IP-LAP", "lpips"): 0.0405,
    ("GeneFace", "ssim_face_aligned"): 0.846,
    ("RAD-NeRF", "training_time"): 5.3 * 60,
    ("Wav2Lip", "sync_c"): 8.749,
    ("TalkingGaussian", "fps"): 108.0,
}


def test_published_rows_follow_and_never_compete_with_measured_ones(
    make_result: MakeResult,
) -> None:
    results = [make_result(name, psnr=v, ssim_face=0.9) for name, v in (("a", 50.0), ("b", 20.0))]
    (table,) = build_tables(results, extras=Extras(published=True))
    measured, published = table.blocks
    assert (measured.published, published.published) == (False, True)
    assert published.title.startswith("published: TalkingGaussian (ECCV 2024), table 1")
    lines = {line.label: line for line in published.rows}
    for (method, metric), value in PAPER.items():
        assert lines[method].cells[metric].value == pytest.approx(value)
        assert lines[method].cells[metric].status is Status.PUBLISHED
    assert all(line.cells["ssim_face"].value is None for line in published.rows)
    assert [line.cells["psnr"].rank for line in measured.rows] == [1, 2]
    assert lines["TalkingGaussian"].cells["psnr"].rank == 1
    assert shown(table, "TalkingGaussian", "training_time", 1) == "30.0"
    told = {note.mark: note.text for note in table.notes}
    assert all("published in" in told[line.marks[0]] for line in published.rows)


def test_published_ranks_leave_out_the_truth_and_pasted_mouths(make_result: MakeResult) -> None:
    (table,) = build_tables([make_result(psnr=1.0)], extras=Extras(published=True))
    lines = {line.label: line.cells for line in table.blocks[-1].rows}
    assert {cell.rank for cell in lines["Ground Truth"].values()} == {None}
    assert lines["TalkingGaussian"]["lmd"].rank == 1
    assert lines["ER-NeRF+e"]["psnr"].rank == 2
    assert lines["IP-LAP"]["psnr"].rank == 1, "it competes with DINet alone"
    assert lines["Wav2Lip"]["sync_c"].rank == 1


def renamed(result: Result, protocol: str) -> Result:
    """A result of another protocol."""
    return result.model_copy(
        update={"protocol": result.protocol.model_copy(update={"name": protocol})}
    )


def test_every_published_table_is_whole(make_result: MakeResult, lipsync: list[Result]) -> None:
    words = {"method", "backbone", "motion", "fmd", "is", "settings", "extractor"}
    for name in SHAPES:
        (path,) = (Path(paper_tables.__file__).parents[1] / "published").glob(f"{name}_*.csv")
        lines = csv.DictReader(path.open(encoding="utf-8"))
        count = sum(bool(text) for line in lines for key, text in line.items() if key not in words)
        shape = SHAPES[name]
        results = [make_result(psnr=1.0)]
        if shape.protocol != "self_reconstruction":
            results = [renamed(result, shape.protocol) for result in lipsync]
        (table,) = build_tables(results, shape=shape, extras=Extras(published=True))
        cells = [
            cell
            for block in table.blocks
            if block.published
            for line in block.rows
            for cell in line.cells.values()
        ]
        assert sum(cell.value is not None for cell in cells) == count, name


def test_published_groups_stand_beside_measured_ones(lipsync: list[Result]) -> None:
    (table,) = build_tables(lipsync, shape=SHAPES["table2"], extras=Extras(published=True))
    groups = list(dict.fromkeys(column.groups for column in table.columns))
    assert groups[0] == ("a", "may")
    assert ("Test Audio A", "Obama") in groups
    synobama = row(table, "SynObama", block=1).cells
    assert synobama["Test Audio A / Obama / sync_c"].value == 6.802
    assert synobama["Test Audio B / May / sync_c"].value is None


def test_a_mean_says_nothing_of_what_nobody_was_asked_to_measure(
    make_result: MakeResult,
) -> None:
    results = [make_result(identity=name, psnr=1.0) for name in "xy"]
    (table,) = build_tables(results, extras=Extras(published=True))
    mean = row(table, "ours", block=2)
    assert mean.cells["sync_c"].marks == ()
    assert mean.cells["sync_c"].status is Status.ABSENT


def test_published_rows_are_on_the_page_too(make_result: MakeResult, tmp_path: Path) -> None:
    write_result(tmp_path / "out", make_result("50% <i>", psnr=30.0))
    page = tmp_path / "page.html"
    options = ["--published", "--no-videos", "--shape", "table1", "--columns", "identity"]
    assert main(["report", str(tmp_path / "out"), "--html", str(page), *options]) == 0
    text = page.read_text()
    assert "published: TalkingGaussian (ECCV 2024), table 1" in text
    assert "33.61" in text
    assert "<i>" not in text


def test_published_is_said_by_every_renderer(make_result: MakeResult) -> None:
    tables = build_tables([make_result(psnr=1.0)], extras=Extras(published=True))
    for text in (
        render_latex(TableReport(tables)),
        render_markdown(TableReport(tables)),
        printed(tables[0]),
    ):
        assert re.search(r"published: TalkingGaussian \(ECCV 2024\), table 1", text)
        assert "not measured here" in text
        assert "ranked among themselves only" in " ".join(text.split())
