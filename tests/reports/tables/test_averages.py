from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tgbench.reports.tables.building import Extras, build_tables
from tgbench.reports.tables.footnotes import NO_BETTER_THAN_CHANCE
from tgbench.results import MeasuredCase
from tgbench.running.result import Result
from tgbench.statistics import Interval, mean_interval

from ..conftest import with_interval
from .helpers import by_chance, cell, record, shown

MakeResult = Callable[..., Result]
INTERVALS = Extras(intervals=True)


def test_seeds_share_a_row_with_mean_and_standard_deviation(make_result: MakeResult) -> None:
    values = (30.0, 31.0, 35.0)
    results = [make_result(seed=n, psnr=v, lmd=1.0) for n, v in enumerate(values)]
    results[2] = make_result(seed=2, psnr=values[2], lmd="no face in any frame")
    (table,) = build_tables([*results, make_result("other", psnr=31.5)])
    psnr = cell(table, "ours", "psnr")
    assert psnr.value == pytest.approx(np.mean(values))
    assert shown(table, "ours", "psnr") == f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}"
    assert (psnr.rank, cell(table, "other", "psnr").rank) == (1, 2)
    lmd = cell(table, "ours", "lmd")
    assert (lmd.value, lmd.reason) == (None, "measured with 2 of 3 seeds")
    assert any("seeds 0, 1, 2" in note.text for note in table.notes)


def test_a_mean_over_seeds_of_unlike_code_says_so(make_result: MakeResult) -> None:
    results = [make_result(seed=seed, psnr=30.0 + seed) for seed in (0, 1)]
    (table,) = build_tables(results)
    assert not any("different:" in note.text for note in table.notes)
    method = results[0].method.model_copy(update={"code_sha256": "c" * 64})
    (table,) = build_tables([results[0].model_copy(update={"method": method}), results[1]])
    told = "mean ± standard deviation over the seeds 0, 1 (different: the method's code)"
    assert told in [note.text for note in table.notes]


def test_the_mean_needs_every_case(make_result: MakeResult) -> None:
    results = [
        make_result("a", identity="x", psnr=30.0, lmd=1.0),
        make_result("a", identity="y", psnr=32.0, lmd=2.0),
        make_result("b", identity="x", psnr=33.0, lmd=4.0),
    ]
    (table,) = build_tables(results)
    assert [block.title for block in table.blocks] == ["x", "y", "mean of 2 cases"]
    assert cell(table, "a", "psnr", block=2).value == 31.0
    assert shown(table, "a", "lmd", block=2) == "1.500"
    assert cell(table, "a", "lmd", block=2).total == 20
    assert cell(table, "a", "psnr", block=2).rank is None
    missing = cell(table, "b", "psnr", block=2)
    assert missing.value is None
    told = {note.mark: note.text for note in table.notes}
    assert told[missing.marks[0]] == "measured in 1 of 2 cases"


def test_means_over_unlike_measurers_are_refused(make_result: MakeResult) -> None:
    results = [
        make_result("a", identity=name, lmd=record(1.0, by), psnr=30.0)
        for name, by in (("x", "p"), ("y", "q"))
    ]
    (table,) = build_tables(results)
    found = cell(table, "a", "lmd", block=2)
    assert found.value is None
    assert "not measured in the same way" in found.reason


def with_frames(results: list[Result], values: dict[str, list[float]]) -> list[MeasuredCase]:
    """Give results single frames of `psnr`, by identity."""
    return [
        MeasuredCase.in_memory(result, pd.DataFrame({"psnr": values[result.identity.name]}))
        for result in results
    ]


def test_a_single_result_has_the_interval_that_is_stored_with_it(make_result: MakeResult) -> None:
    results = [make_result(psnr=with_interval(30.0, 27.004, 32.5), fps=50.0)]
    (table,) = build_tables(results, extras=INTERVALS)
    assert shown(table, "ours", "psnr") == "30.00 [27.00, 32.50]"
    assert cell(table, "ours", "psnr").interval == Interval(27.004, 32.5, 0.95, "tests")
    assert shown(table, "ours", "fps") == "50.0"
    assert any("In brackets" in note.text for note in table.notes)
    (plain,) = build_tables(results)
    assert cell(plain, "ours", "psnr").interval is None


def test_the_mean_of_cases_is_as_sure_as_its_clips(make_result: MakeResult) -> None:
    rng = np.random.default_rng(1)
    levels = {"x": 20, "y": 30, "z": 31}
    frames = {name: list(rng.normal(level, 1, 50)) for name, level in levels.items()}
    results = [
        make_result(identity=name, psnr=with_interval(float(np.mean(frames[name])), 1, 99))
        for name in levels
    ]
    (table,) = build_tables(with_frames(results, frames), extras=INTERVALS)
    clips = [np.array(clip) for clip in frames.values()]
    assert cell(table, "ours", "psnr", 3).interval == mean_interval(clips, bounds=(0.0, math.inf))
    (table,) = build_tables(with_frames(results[:2], frames), extras=INTERVALS)
    assert cell(table, "ours", "psnr").interval is not None
    assert cell(table, "ours", "psnr", 2).interval is None, "two clips do not tell"


def test_means_say_how_much_of_them_is_chance(make_result: MakeResult) -> None:
    results = [
        make_result(name, identity=case, seed=seed, lip_agreement=by_chance(value + seed / 50, 0.3))
        for name, values in (("some", (0.29, 0.5)), ("all", (0.2, 0.1)), ("none", (0.5, 0.6)))
        for case, value in zip("xy", values, strict=True)
        for seed in (0, 1)
    ]
    (table,) = build_tables(results)
    told = {note.mark: note.text for note in table.notes}
    means = {name: cell(table, name, "lip_agreement", 2) for name in ("some", "all", "none")}
    texts = {name: [told[mark] for mark in mean.marks] for name, mean in means.items()}
    assert texts == {
        "some": [f"{NO_BETTER_THAN_CHANCE} (1 of 4)"],
        "all": [NO_BETTER_THAN_CHANCE],
        "none": [],
    }
    assert [mean.rank for mean in means.values()] == [2, None, 1]


def test_what_has_no_better_side_has_no_mean_over_cases(make_result: MakeResult) -> None:
    results = [
        make_result(identity=name, lip_lag=lag, blink_rate=0.3, psnr=30.0)
        for name, lag in (("x", -400.0), ("y", 240.0))
    ]
    (table,) = build_tables(results)
    assert cell(table, "ours", "lip_lag").value == -400.0
    mean = cell(table, "ours", "lip_lag", 2)
    assert mean.value is None
    assert "cancel" in mean.reason
    rate = cell(table, "ours", "blink_rate", 2)
    assert rate.value is None
    assert "cancel" not in rate.reason, "it has no sign"


def test_a_mean_of_dashes_alone_is_left_out_with_its_reason(make_result: MakeResult) -> None:
    results = [make_result(identity="x", psnr=30.0), make_result(identity="y", fps=50.0)]
    (table,) = build_tables(results)
    assert [block.title for block in table.blocks] == ["x", "y"]
    (said,) = [note.text for note in table.notes if "mean of 2 cases" in note.text]
    assert "measured in 1 of 2 cases (PSNR, FPS)" in said
