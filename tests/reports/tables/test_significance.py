from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tgbench.reports.renderers.latex import render_latex
from tgbench.reports.tables.building import Extras, build_tables
from tgbench.reports.tables.cells import Cell
from tgbench.running.result import Result
from tgbench.statistics import paired_difference

from ..conftest import row, series_of

MakeResult = Callable[..., Result]


def test_what_differs_from_the_best_on_the_same_frames_is_marked(make_result: MakeResult) -> None:
    rng = np.random.default_rng(0)
    frames = rng.normal(30.0, 3.0, 200)
    values = {
        "best": frames,
        "near": frames - 0.01 + rng.normal(0.0, 0.5, 200),
        "far": frames - 1.0 + rng.normal(0.0, 0.5, 200),
    }
    results = [make_result(name, psnr=float(v.mean()), fps=9.0) for name, v in values.items()]
    (table,) = build_tables(results, extras=Extras(series_of(values), significance=True))

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
    assert "[" not in cell("far").text, "intervals were not asked for"
    assert any(note.mark == "†" and "differs from" in note.text for note in table.notes)
    assert r"\dag{}" in render_latex([table])


def test_nothing_differs_on_unlike_frames(make_result: MakeResult) -> None:
    values = {"a": np.linspace(30, 31, 50), "b": np.linspace(20, 21, 60)}
    results = [make_result(name, psnr=float(v.mean())) for name, v in values.items()]
    (table,) = build_tables(results, extras=Extras(series_of(values), significance=True))
    assert [line.cells["psnr"].differs for line in table.blocks[0].rows] == [None, None]
