from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tgbench.reports.renderers import TableReport
from tgbench.reports.renderers.latex import render_latex
from tgbench.reports.tables.building import Extras, build_tables
from tgbench.reports.tables.cells import Cell
from tgbench.reports.tables.table_notes import OVER_SEEDS, THESE_FITS
from tgbench.results import MeasuredCase
from tgbench.running.result import Result
from tgbench.statistics import paired_difference

from ..conftest import row, with_series

MakeResult = Callable[..., Result]
SIGNIFICANCE = Extras(significance=True)


def test_what_differs_from_the_best_on_the_same_frames_is_marked(make_result: MakeResult) -> None:
    rng = np.random.default_rng(0)
    frames = rng.normal(30.0, 3.0, 200)
    values = {
        "best": frames,
        "near": frames - 0.01 + rng.normal(0.0, 0.5, 200),
        "far": frames - 1.0 + rng.normal(0.0, 0.5, 200),
    }
    results = [make_result(name, psnr=float(v.mean()), fps=9.0) for name, v in values.items()]
    (table,) = build_tables(with_series(results, values), extras=SIGNIFICANCE)

    def cell(name: str, metric: str = "psnr") -> Cell:
        return row(table, name).cells[metric]

    best = max(values, key=lambda name: float(values[name].mean()))
    for name in set(values) - {best}:
        expected = paired_difference([(values[best], values[name])])
        assert expected is not None
        assert cell(name).differs is expected.beyond()
    assert cell("far").marks[-1] == "†"
    assert "†" not in cell("near").marks
    assert cell(best).differs is None
    assert cell("far", "fps").differs is None
    assert cell("far").interval is None, "intervals were not asked for"
    assert any(note.mark == "†" and "differs from" in note.text for note in table.notes)
    assert r"\dag{}" in render_latex(TableReport([table]))


def test_nothing_differs_on_unlike_frames(make_result: MakeResult) -> None:
    values = {"a": np.linspace(30, 31, 50), "b": np.linspace(20, 21, 60)}
    results = [make_result(name, psnr=float(v.mean())) for name, v in values.items()]
    (table,) = build_tables(with_series(results, values), extras=SIGNIFICANCE)
    assert [line.cells["psnr"].differs for line in table.blocks[0].rows] == [None, None]


SEEDS = {"ours": (30.0, 33.0, 31.5), "near": (29.0, 32.0, 30.5), "far": (20.0, 23.0, 21.5)}


def over_seeds(make_result: MakeResult, cases: str = "x") -> list[Result]:
    return [
        make_result(name, identity=case, seed=seed, psnr=value)
        for case in cases
        for name, values in SEEDS.items()
        for seed, value in enumerate(values)
    ]


def steady(results: Iterable[Result]) -> list[MeasuredCase]:
    """Frames that all lie near the mean, so that each fit differs from each other one."""
    wiggle = np.sin(np.arange(200)) / 10
    frames = wiggle - wiggle.mean()
    return [
        MeasuredCase.in_memory(
            result, pd.DataFrame({"psnr": result.metrics["psnr"].value + frames})
        )
        for result in results
    ]


@pytest.mark.parametrize("cases", ["x", "xyz"])
def test_over_seeds_a_difference_must_be_beyond_that_of_fits(
    make_result: MakeResult, cases: str
) -> None:
    results = over_seeds(make_result, cases)
    (table,) = build_tables(steady(results), extras=SIGNIFICANCE)
    for block in table.blocks:
        cells = {line.label: line.cells["psnr"] for line in block.rows}
        # By its frames alone each would differ; by Welch's test over seeds only one does.
        assert stats.ttest_ind(SEEDS["ours"], SEEDS["near"], equal_var=False).pvalue > 0.05
        assert stats.ttest_ind(SEEDS["ours"], SEEDS["far"], equal_var=False).pvalue < 0.05
        assert cells["near"].differs is False
        assert cells["far"].differs is True
    (text,) = [note.text for note in table.notes if note.mark == "†"]
    assert OVER_SEEDS in text
    assert THESE_FITS not in text


def test_a_single_seed_is_told_to_be_one_fit(make_result: MakeResult) -> None:
    results = [result for result in over_seeds(make_result) if result.seed == 0]
    (table,) = build_tables(steady(results), extras=SIGNIFICANCE)
    assert all(line.cells["psnr"].differs for line in table.blocks[0].rows if line.label != "ours")
    (text,) = [note.text for note in table.notes if note.mark == "†"]
    assert THESE_FITS in text


def test_means_over_cases_of_unlike_seeds_are_not_told_to_differ(make_result: MakeResult) -> None:
    results = over_seeds(make_result, "xyz")
    lacking = next(
        r for r in results if (r.method.name, r.identity.name, r.seed) == ("far", "z", 2)
    )
    results.remove(lacking)
    (table,) = build_tables(steady(results), extras=SIGNIFICANCE)
    assert row(table, "far", block=3).cells["psnr"].differs is None
    assert row(table, "far", block=2).cells["psnr"].differs is True
