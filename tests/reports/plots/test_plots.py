"""What is drawn equals the data."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from tgbench.errors import TgbenchError
from tgbench.reports.plots import (
    plot_curves,
    plot_ladder,
    plot_metrics,
    plot_speed,
    plot_spread,
)
from tgbench.reports.tables.cells import Block, Cell, Row

from .conftest import NASTY, cell, column, notes, table


def drawn(figure: Figure) -> list[dict[str, tuple[float, float]]]:
    """Return for each panel the markers by label."""
    return [
        {
            str(line.get_gid()): (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
            for line in axis.lines
            if line.get_gid()
        }
        for axis in figure.axes
        if axis.get_visible()
    ]


def heights(figure: Figure) -> list[dict[str, float]]:
    return [
        {str(bar.get_gid()): bar.get_height() for bar in axis.patches}
        for axis in figure.axes
        if axis.get_visible()
    ]


def test_bars_are_the_values_from_zero() -> None:
    data = {
        "ours": {"psnr": cell(31.5), "lmd": cell(-2.0)},
        "theirs": {"psnr": cell(29.25), "lmd": cell(3.0)},
    }
    figure = plot_metrics(table(data))
    assert figure is not None
    assert heights(figure) == [{"ours": 31.5, "theirs": 29.25}, {"ours": -2.0, "theirs": 3.0}]
    for axis in figure.axes[:2]:
        low, high = axis.get_ylim()
        assert low <= 0.0 <= high
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert texts == {"31.50", "29.25"}
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["ours", "theirs"]


def test_unlike_measurers_never_share_an_axis() -> None:
    data = {
        "a": {"psnr": cell(30.0, "full frame"), "fps": cell(10.0, "cpu")},
        "b": {"psnr": cell(40.0, "pasted"), "fps": cell(20.0, "cpu")},
        "c": {"psnr": cell(50.0, "pasted"), "fps": cell(30.0, "gpu")},
    }
    made = table(data)
    bars = plot_metrics(made, made.columns[:1])
    assert bars is not None
    assert heights(bars) == [{"a": 30.0}, {"b": 40.0, "c": 50.0}]
    assert "PSNR (B): pasted" in notes(bars)
    speed = plot_speed(made, "psnr")
    assert speed is not None
    assert drawn(speed) == [{"a": (10.0, 30.0)}, {"b": (20.0, 40.0)}, {"c": (30.0, 50.0)}]
    ladder = plot_ladder(made, ["a", "b", "c"], made.columns[:1])
    assert ladder is not None
    assert [{name: x for name, (x, _) in panel.items()} for panel in drawn(ladder)] == [
        {"b": 40.0, "c": 50.0}
    ]


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_what_is_missing_is_left_out_and_told(missing: float | None) -> None:
    data = {
        "ours": {"psnr": cell(30.0), "fps": cell(10.0)},
        "theirs": {"psnr": cell(missing, reason="weights missing: get them"), "fps": cell(9.0)},
    }
    made = table(data)
    told = "weights missing" if missing is None else f"is {missing}"
    bars = plot_metrics(made)
    assert bars is not None
    assert heights(bars)[0] == {"ours": 30.0}
    assert f"PSNR of theirs: {told}" in notes(bars)
    speed = plot_speed(made, "psnr")
    assert speed is not None
    assert drawn(speed) == [{"ours": (10.0, 30.0)}]
    assert f"Not drawn: theirs (PSNR {told}" in notes(speed)


def test_notes_tell_only_what_panels_do_not_share() -> None:
    def measured(mode: str) -> Cell:
        return dataclasses.replace(cell(30.0), comparable=("a long story", mode))

    made = table({"a": {"psnr": measured("full frame")}, "b": {"psnr": measured("pasted")}})
    figure = plot_metrics(made)
    assert figure is not None
    assert "PSNR (A): full frame" in notes(figure)
    assert "PSNR (B): pasted" in notes(figure)
    assert "story" not in notes(figure)


def test_what_was_scored_on_few_frames_is_told() -> None:
    few = dataclasses.replace(cell(40.0), scored=9, total=10)
    figure = plot_metrics(table({"a": {"psnr": few}, "b": {"psnr": cell(30.0)}}))
    assert figure is not None
    assert "PSNR of a: scored on 9 of 10 frames" in notes(figure)


def test_nothing_to_draw_is_no_figure() -> None:
    empty = table({"ours": {"psnr": cell(None), "fps": cell(None)}})
    assert plot_metrics(empty) is None
    assert plot_speed(empty, "psnr") is None
    assert plot_spread(empty) is None
    assert plot_ladder(empty, ["ours"]) is None
    assert plot_curves(empty.blocks[0], empty.columns) is None


def test_speed_needs_a_metric_of_the_table() -> None:
    with pytest.raises(TgbenchError, match="psnr"):
        plot_speed(table({"ours": {"psnr": cell(1.0), "fps": cell(1.0)}}), "psnrr")


def test_a_speed_of_zero_is_on_no_logarithmic_axis() -> None:
    figure = plot_speed(
        table(
            {
                "a": {"psnr": cell(1.0), "fps": cell(0.0)},
                "b": {"psnr": cell(1.0), "fps": cell(25.0)},
            }
        ),
        "psnr",
    )
    assert figure is not None
    assert drawn(figure) == [{"b": (25.0, 1.0)}]
    assert "Not drawn: a" in notes(figure)


@pytest.mark.parametrize(
    "speeds",
    [[160.0], [157.0, 160.0], [99.0, 101.0], [1.0, 10.0], [2.0, 60.0], [0.004, 3.0], [1e-3, 1e3]],
)
def test_a_speed_has_numbers_on_both_sides(shown, speeds: list[float]) -> None:
    data = {f"m{n}": {"psnr": cell(30.0), "fps": cell(fps)} for n, fps in enumerate(speeds)}
    figure = plot_speed(table(data), "psnr")
    assert figure is not None
    shown(figure)
    (axis,) = figure.axes
    low, high = axis.get_xlim()
    ticks = zip(axis.get_xticks(), axis.get_xticklabels(), strict=True)
    numbers = [float(text.get_text()) for place, text in ticks if low <= place <= high]
    assert 2 <= len(numbers) <= 8
    assert numbers[0] < min(speeds)
    assert numbers[-1] > max(speeds)


def blocks(*values: dict[str, float | None]) -> list[Block]:
    return [
        Block(f"person {n}", tuple(Row(label, {"psnr": cell(v)}) for label, v in found.items()))
        for n, found in enumerate(values)
    ]


def test_spread_shows_every_case_and_only_whole_means() -> None:
    first, second = blocks({"a": 30.0, "b": 20.0}, {"a": 32.0, "b": None})
    made = table({"a": {"psnr": cell(30.0)}})
    made = type(made)("p", "p", made.columns, (first, second), ())
    figure = plot_spread(made)
    assert figure is not None
    (panel,) = drawn(figure)
    assert {label: y for label, (_, y) in panel.items()} == {
        "a / person 0": 30.0,
        "a / person 1": 32.0,
        "b / person 0": 20.0,
    }
    (mean,) = figure.axes[0].collections
    assert mean.get_segments()[0][:, 1].tolist() == [31.0, 31.0]
    assert "PSNR of b on person 1" in notes(figure)
    assert "1: a; 2: b" in notes(figure)


def test_many_cases_are_boxes_of_their_values() -> None:
    values = np.random.default_rng(0).normal(30, 2, 40)
    several = blocks(*({"a": value, "b": None} for value in values))
    made = table({"a": {"psnr": cell(30.0)}})
    made = type(made)("p", "p", made.columns, tuple(several), ())
    figure = plot_spread(made)
    assert figure is not None
    heights = {round(float(y), 9) for line in figure.axes[0].lines for y in line.get_ydata()}
    expected = np.percentile(values, [0, 25, 50, 75, 100])
    assert heights == {round(float(value), 9) for value in expected}
    assert not figure.legends
    assert "Of 40 cases: median" in notes(figure)
    assert notes(figure).count("PSNR of b on 40 of 40 cases") == 1


def test_a_mean_stands_for_its_cases_and_published_numbers_stay_out() -> None:
    first, second = blocks({"a": 30.0}, {"a": 32.0})
    mean = Block("mean of 2 cases", (Row("a", {"psnr": cell(31.0)}),), mean=True)
    paper = Block("paper", (Row("b", {"psnr": cell(99.0)}),), published=True)
    made = table({"a": {"psnr": cell(0.0)}})
    made = type(made)("p", "p", made.columns, (first, second, mean, paper), ())
    figure = plot_metrics(made)
    assert figure is not None
    assert heights(figure) == [{"a": 31.0}]
    assert "mean of 2 cases" in notes(figure)


def test_a_ladder_goes_down_from_the_whole_method() -> None:
    made = table({"m (x=1)": {"psnr": cell(29.0)}, "m": {"psnr": cell(30.0)}})
    figure = plot_ladder(made, ["m", "m (x=1)"])
    assert figure is not None
    ((whole, part),) = [list(panel.items()) for panel in drawn(figure)]
    assert (whole[0], whole[1][0], part[0], part[1][0]) == ("m", 30.0, "m (x=1)", 29.0)
    (axis,) = figure.axes
    assert axis.get_yticks().tolist() == [whole[1][1], part[1][1]]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["m", "x=1"]
    low, high = axis.get_ylim()
    assert low > part[1][1] > whole[1][1] > high
    dashed = [line for line in axis.lines if not line.get_gid()]
    assert dashed[0].get_xdata()[0] == 30.0


def test_curves_have_gaps_where_nothing_was_scored() -> None:
    frames = [1.0, 2.0, math.nan, 4.0]
    made = table({"a": {"psnr": cell(2.0, frames=frames)}, "b": {"psnr": cell(1.0)}})
    figure = plot_curves(made.blocks[0], made.columns)
    assert figure is not None
    (line,) = figure.axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), frames)
    assert "PSNR of a: 1 of 4 frames not scored" in notes(figure)


@pytest.mark.parametrize("suffix", [".pdf", ".svg"])
def test_names_of_any_letters_are_drawn_without_a_warning(shown, suffix: str) -> None:
    data = {name: {"psnr": cell(1.0 + n), "fps": cell(9.0)} for n, name in enumerate(NASTY)}
    made = table(data)
    figures = (plot_metrics(made), plot_speed(made, "psnr"), plot_ladder(made, list(data)))
    for figure in figures:
        assert figure is not None
        assert shown(figure, suffix)
    assert figures[0] is not None
    texts = [text.get_text() for text in figures[0].legends[0].get_texts()]
    assert texts[0] == NASTY[0]
    assert "Αβγ Жу" in texts[2]
    assert texts[3] == "two lines tab"


def test_titles_carry_unit_and_arrow() -> None:
    made = table({"a": {"psnr": cell(1.0)}})
    made = type(made)("p", "p", (column(unit="dB"),), made.blocks, ())
    figure = plot_metrics(made)
    assert figure is not None
    assert figure.axes[0].get_title() == "PSNR [dB] ↑"
