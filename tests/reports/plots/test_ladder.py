"""A ladder can be read at a column's width."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from tgbench.reports.plots import plot_ladder
from tgbench.reports.plots.style import COLUMN_WIDTH, paper_style

from .conftest import cell, column, table

CHANGES = (
    "incremental_sampling=False",
    "predict_opacity=True",
    "face_mouth_decomposition=False, incremental_sampling=False",
    "motion=appearance, incremental_sampling=False",
    "predict_opacity=True, predict_color=True",
    "motion=appearance, face_mouth_decomposition=False, incremental_sampling=False",
)
VALUES = (37.6512, 37.7304, 37.5421, 37.3433, 37.0322, 37.6447, 37.5719)
SCALES = {"PSNR": 1.0, "SSIM (face)": 0.02489, "AUE-L (geometry)": 1e-3, "Distance": 1234.5}


def apart(boxes: Iterable[Bbox]) -> bool:
    return not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


@pytest.mark.parametrize("count", [1, 2, 5, 8])
@pytest.mark.parametrize("rungs", [3, 5, 7])
@pytest.mark.parametrize("method", ["m", "talkinggaussian"])
def test_names_numbers_and_titles_have_their_room(method: str, rungs: int, count: int) -> None:
    changes = CHANGES if method != "m" else tuple(f"x={n}" for n in range(6))
    variants = [method, *(f"{method} ({change})" for change in changes)][:rungs]
    metrics = [
        (f"{title}{n}", title, scale)
        for n, (title, scale) in zip(range(count), itertools.cycle(SCALES.items()), strict=False)
    ]
    made = table(
        {
            label: {name: cell(value * scale) for name, _, scale in metrics}
            for label, value in zip(variants, VALUES, strict=False)
        }
    )
    columns = [column(name, title=title, unit="px") for name, title, _ in metrics]
    with paper_style():
        figure = plot_ladder(made, variants, columns)
        assert figure is not None
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        page = figure.bbox

        def box(text: Text) -> Bbox:
            return text.get_window_extent(renderer)

        panels = [axis for axis in figure.axes if axis.get_visible()]
        for axis in panels:
            assert axis.get_window_extent().width > 0.65 * figure.dpi
            inside = axis.get_tightbbox(renderer)
            assert inside.x0 >= page.x0 - 0.5
            assert inside.x1 <= page.x1 + 0.5
            assert inside.y1 <= page.y1 + 0.5
            low, high = axis.get_xlim()
            ticks = zip(axis.get_xticks(), axis.get_xticklabels(), strict=True)
            numbers = [box(text) for place, text in ticks if low <= place <= high]
            assert len(numbers) >= 2
            assert apart(numbers)
            assert apart(box(text) for text in axis.texts)
            assert all(box(text).x0 >= axis.get_window_extent().x0 for text in axis.texts)
        assert apart(axis.get_tightbbox(renderer) for axis in panels)
        names = [text for text in panels[0].get_yticklabels() if text.get_text()]
        assert apart(box(text) for text in names)
    assert figure.get_size_inches()[0] == COLUMN_WIDTH
    assert [re.sub(r"\s", "", text.get_text()) for text in names] == [
        re.sub(r"\s", "", text) for text in (method, *changes)
    ][:rungs]
    assert not any("\n↑" in axis.get_title() for axis in panels)
