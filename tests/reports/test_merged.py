"""A later run with fewer metrics hides nothing that an earlier one measured, in any report."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tgbench.cli import main
from tgbench.reports.html.page import write_html
from tgbench.reports.renderers.values import csv_lines
from tgbench.reports.tables.building import build_tables
from tgbench.results import read_folders

from ..results.fabricated import record, write_run, write_scores
from .conftest import printed, result
from .markup import Page

RAMP = np.linspace(-1.0, 1.0, 120)
EARLY, LATE = "2025-01-01T00:00:00+00:00", "2025-01-02T00:00:00+00:00"


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A complete run, and a later one of PSNR alone on another machine."""
    psnr, lmd = 30.0 + RAMP, 2.0 + RAMP
    both = {"psnr": record(psnr, "higher"), "lmd": record(lmd, "lower")}
    write_run(tmp_path / "early", result(created=EARLY, cpu="old", **both), psnr=psnr, lmd=lmd)
    late = result(created=LATE, cpu="new", psnr=record(psnr + 1, "higher"))
    write_run(tmp_path / "late", late, psnr=psnr + 1)
    return tmp_path


def test_the_table_has_all_metrics_and_says_where_they_are_from(folders: Path) -> None:
    (table,) = build_tables(read_folders([folders]).cases)
    (row,) = table.blocks[0].rows
    assert {name: cell.value for name, cell in row.cells.items()} == {
        "psnr": pytest.approx(31.0),
        "lmd": pytest.approx(2.0),
    }
    text = " ".join(printed(table).split())
    assert f"LMD: from the measurement of {EARLY} (different: the machine)" in text
    assert f"the latest, of {LATE}" in text


def test_the_lines_of_the_csv_say_which_values_count(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(folders)]) == 0
    with (folders / "table.csv").open() as stream:
        counts = {(line["created"], line["metric"]): line for line in csv.DictReader(stream)}
    assert {key: line["superseded"] for key, line in counts.items()} == {
        (EARLY, "psnr"): "yes",
        (EARLY, "lmd"): "no",
        (LATE, "psnr"): "no",
    }


def test_the_page_has_the_curves_of_both_folders(folders: Path, tmp_path: Path) -> None:
    write_html(read_folders([folders]).cases, tmp_path / "page.html", with_videos=False)
    page = Page(tmp_path / "page.html")
    (entry,) = page.data("data-case-0")["entries"]
    assert entry["series"]["psnr"][0] == pytest.approx(30.0)
    assert entry["series"]["lmd"][0] == pytest.approx(1.0)
    assert f"{folders / 'early'}: measured on {EARLY}" in page.text
    assert "which is shown instead, but for lmd" in page.text


def test_scored_videos_make_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, lmd in (("ours", 2.0 + RAMP), ("theirs", 3.0 + RAMP)):
        write_scores(tmp_path / name, lmd=lmd)
    assert main(["report", str(tmp_path)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["ours.mp4", "2.000"] in lines
    assert ["theirs.mp4", "3.000"] in lines


@pytest.mark.parametrize("truth", ["abc", ""])
def test_lips_of_scored_videos_rank_only_with_one_sound(tmp_path: Path, truth: str) -> None:
    """Two other sounds, or two videos without truth that bring their own, share no speech."""
    sounds = ("a voice", "another") if truth else ("", "")
    for name, sound, values in zip(("a", "b"), sounds, (RAMP, RAMP + 1.0), strict=True):
        write_scores(tmp_path / name, truth, sound, psnr=values, lip_agreement=values)
    (table,) = build_tables(read_folders([tmp_path]).cases)
    ranks = {
        name: [row.cells[name].rank for row in table.blocks[0].rows]
        for name in ("psnr", "lip_agreement")
    }
    assert ranks == {"psnr": [2, 1], "lip_agreement": [None, None]}
    assert any("Lip agreement" in note.text and "sound" in note.text for note in table.notes)


def test_lips_of_scored_videos_rank_with_the_sound_that_all_were_given(tmp_path: Path) -> None:
    for name, values in (("a", RAMP), ("b", RAMP + 1.0)):
        write_scores(tmp_path / name, "", "one voice", lip_agreement=values)
    (table,) = build_tables(read_folders([tmp_path]).cases)
    assert [row.cells["lip_agreement"].rank for row in table.blocks[0].rows] == [2, 1]


def test_a_scored_video_has_no_seed_in_the_csv(tmp_path: Path) -> None:
    case = read_folders([write_scores(tmp_path / "a", psnr=RAMP)]).cases[0]
    assert [line["seed"] for line in csv_lines(case.result)] == [""]
