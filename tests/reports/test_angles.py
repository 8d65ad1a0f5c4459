"""Quality against angle, in plots and on the page: what is drawn is what was measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tgbench.progress import SILENT
from tgbench.reports.html import write_html
from tgbench.reports.html.angles import angle_groups
from tgbench.reports.plots import plot_angles
from tgbench.reports.tables.angles import angle_panels
from tgbench.reports.tables.building import build_tables
from tgbench.results import MeasuredCase
from tgbench.running.result import Result, ViewRecord

from .markup import Page

PSNR = {"front": 31.0, "yaw-30": 21.0, "yaw+30": 23.0, "yaw+10": 29.5, "pitch+10": 28.0}
VIEWS = {
    "front": (0.0, 0.0, 0.0),
    "yaw-30": (-30.0, 0.0, 0.0),
    "yaw+30": (30.0, 0.0, 0.0),
    "yaw+10": (10.0, 0.0, 0.0),
    "pitch+10": (0.0, 10.0, 0.0),
    "spiral": (0.0, 0.0, 12.5),
}


@pytest.fixture
def cases(make_result: Callable[..., Result]) -> list[MeasuredCase]:
    """Two methods, the second of which shows its frames in another mode and is 1 dB worse."""
    found = []
    for less, method, mode in ((0.0, "ours", "head"), (1.0, "theirs", "head"), (0.0, "odd", "all")):
        for name, (yaw, pitch, half_angle) in VIEWS.items():
            made = make_result(
                method,
                protocol="self_driven_3d",
                driver=name,
                mode=mode,
                psnr=PSNR.get(name, 40.0) - less,
            )
            view = ViewRecord(name=name, yaw=yaw, pitch=pitch, half_angle=half_angle, distance=1.0)
            found.append(MeasuredCase(made.model_copy(update={"view": view}), Path()))
    return found


def test_curves_run_over_the_angle_in_order(cases: list[MeasuredCase]) -> None:
    panels = angle_panels(build_tables(cases))
    assert [(panel.axis, panel.column.name) for panel in panels] == [("yaw", "psnr")] * 2
    together, alone = sorted(panels, key=lambda panel: -len(panel.curves))
    assert together.curves["ours"] == ((-30.0, 21.0), (0.0, 31.0), (10.0, 29.5), (30.0, 23.0))
    assert set(together.curves) == {"ours", "theirs"}
    # Image metrics of other composite modes are never on one axis with these.
    assert set(alone.curves) == {"odd"}


def test_results_without_views_make_no_curves(make_result: Callable[..., Result]) -> None:
    assert angle_panels(build_tables([MeasuredCase(make_result(psnr=30.0), Path())])) == []


def test_plots_show_the_values_at_their_angles(cases: list[MeasuredCase]) -> None:
    panels = angle_panels(build_tables(cases))
    figure = plot_angles(panels, ["ours", "theirs", "odd"])
    assert figure is not None
    lines = {line.get_gid(): line for axis in figure.axes for line in axis.lines}
    np.testing.assert_array_equal(lines["theirs"].get_xdata(), [-30.0, 0.0, 10.0, 30.0])
    np.testing.assert_array_equal(lines["theirs"].get_ydata(), [20.0, 30.0, 28.5, 22.0])
    assert plot_angles([], []) is None


def test_the_page_draws_them_without_a_script(cases: list[MeasuredCase], tmp_path: Path) -> None:
    (group,) = angle_groups(build_tables(cases))
    assert group.angles == (-30.0, 0.0, 10.0, 30.0)
    chart = next(chart for chart in group.charts if len(chart.curves) == 2)
    ours = next(curve for curve in chart.curves if curve.label == "ours")
    # The greatest value is at the top of the drawing, at the middle of the angles.
    assert "L500.0,4.00L" in ours.path
    assert ours.path.startswith("M0.0,")
    assert "+10: 29.50" in ours.values
    write_html(cases, tmp_path / "page.html", SILENT, with_videos=False)
    page = Page(tmp_path / "page.html")
    assert "Quality by angle" in page.text
    assert ours.path in {about.get("d") for tag, about in page.elements if tag == "path"}
