from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tgbench.reports.renderers.cell_text import number_text
from tgbench.reports.renderers.wrapping import HOLD, wrapped
from tgbench.reports.tables.building import Extras, build_tables
from tgbench.reports.tables.shapes import Shape
from tgbench.running.result import Result

from ..conftest import printed, with_interval

MakeResult = Callable[..., Result]
METRICS = ("psnr", "lpips", "ssim_face", "ssim_face_aligned", "lmd", "aue_l", "aue_u", "sync_c")
LONG = "a-rather-long_name.of/a/method (with, several=settings, told=here)"


@pytest.fixture
def wide(make_result: MakeResult) -> list[Result]:
    """A table that is wider than most terminals; numbers tell where they stand."""
    return [
        make_result(
            name,
            identity=who,
            fps=1000.5 + number,
            training_time=100.5 + number,
            **{metric: 10.0 * place + number for place, metric in enumerate(METRICS, 1)},
        )
        for number, name in enumerate((LONG, "語音合成の方法", "c"))
        for who in ("may", "obama")
    ]


@pytest.mark.parametrize("width", [40, 80, 100])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(
    width: int, wide: list[Result]
) -> None:
    (table,) = build_tables(wide)
    lines = printed(table, width).splitlines()
    assert max(map(cell_len, lines)) <= width
    words = " ".join(lines).split()
    for block in table.blocks:
        for row in block.rows:
            for column in table.columns:
                assert number_text(row.cells[column.name], column) in words


@pytest.mark.parametrize("width", [40, 80, 300])
def test_no_word_of_a_head_or_title_is_cut(width: int, wide: list[Result]) -> None:
    text = printed(build_tables(wide)[0], width)
    for word in ("(OpenFace-aligned)", "AUE-L", "Sync-C", "Training", "mean of 2 cases"):
        assert word in text


def test_what_fits_stays_one_table(wide: list[Result]) -> None:
    (table,) = build_tables(wide, shape=Shape(("psnr", "lmd", "fps")))
    assert printed(table, 80).count("PSNR") == 1
    (table,) = build_tables(wide)
    assert printed(table, 80).count("Training") == 1, "columns stand in one strip each"
    assert printed(table, 80).count("mean of 2 cases") > 1, "rows in every one"


def test_heads_of_the_side_stand_above_their_fields(make_result: MakeResult) -> None:
    config = {"a_rather_long_setting": True}
    results = [make_result(seed=seed, config=config, psnr=1.0 + seed) for seed in (0, 1)]
    shape = Shape(rows=("method", "config.a_rather_long_setting", "seed"))
    lines = printed(build_tables(results, shape=shape)[0], 80).splitlines()
    heads = next(line for line in lines if "Method" in line)
    row = next(line for line in lines if "ours" in line)
    assert heads.index("Seed") == row.index("0 a")
    assert heads.index("A rather") == row.index("yes")


def test_marks_stay_with_their_label(make_result: MakeResult) -> None:
    results = [make_result(LONG, psnr=1.0), make_result("b", psnr=2.0, notes=("told",))]
    text = printed(build_tables(results)[0], 40)
    assert any(line.split()[-2:] == ["told=here)", "a"] for line in text.splitlines())
    assert any(line.split() == ["b", "a,b", "2.00"] for line in text.splitlines())


def test_intervals_stand_below_their_numbers(make_result: MakeResult) -> None:
    results = [make_result("a", psnr=with_interval(30.0, 28.125, 31.5), lmd=1.0)]
    (table,) = build_tables(results, extras=Extras(intervals=True))
    lines = printed(table, 80).splitlines()
    (place,) = [number for number, line in enumerate(lines) if "30.00" in line]
    assert "[28.12, 31.50]" in lines[place + 1]
    assert lines[place].index("30.00") + len("30.00") == lines[place + 1].index("]") + 1


def test_a_name_cannot_steer_the_terminal_or_shift_a_number(make_result: MakeResult) -> None:
    results = [make_result("[red]a\x1b[31m\nb\u202e", psnr=1.0), make_result("c", psnr=2.0)]
    text = printed(build_tables(results)[0], 80)
    assert r"[red]a\x1b[31m b\u202e" in text
    ends = {len(line.rstrip()) for line in text.splitlines() if line.rstrip().endswith(".00")}
    assert len(ends) == 1


@given(text=st.text(st.sampled_from("ab-_ =語音" + HOLD), max_size=40), width=st.integers(2, 30))
def test_wrapped_text_is_whole_and_within_its_width(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert max(map(len, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(words=st.lists(st.text("abcde-_", min_size=1, max_size=8), min_size=1, max_size=9))
def test_only_words_longer_than_a_line_are_cut(words: list[str]) -> None:
    assert " ".join(wrapped(" ".join(words), 8)).split() == words


@pytest.mark.parametrize(
    ("name", "lines"), [("a_long/name", ["a_long/", "name"]), ("x" * 9, ["x" * 8, "x"])]
)
def test_a_long_name_is_cut_between_its_parts(name: str, lines: list[str]) -> None:
    assert wrapped(name, 8) == lines


@pytest.mark.parametrize("width", [40, 200])
def test_a_row_without_any_number_is_shown_once(make_result: MakeResult, width: int) -> None:
    numbers = {"psnr": 30.0, "ssim_face": 0.9, "lmd": 1.0, "fps": 20.0, "aue_l": 2.0}
    results = [make_result("measured", **numbers), make_result("nothing")]
    (table,) = build_tables(results)
    text = printed(table, width)
    assert text.count("nothing") == 1
