"""What a paper asks of a figure."""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tgbench.reports.loading import readable_results
from tgbench.reports.plots import plot_metrics, write_plots
from tgbench.reports.plots.style import (
    COLUMN_WIDTH,
    LINE,
    NOTE_SIZE,
    look,
    paper_style,
    readable,
)
from tgbench.reports.renderers.wrapping import wrapped
from tgbench.running.result import write_result

from .conftest import cell, table

MakeResult = Callable[..., object]


def luminance(colour: str) -> float:
    return float(np.dot(to_rgb(colour), [0.2126, 0.7152, 0.0722]))


def test_neighbours_differ_in_lightness_and_all_in_hatch_or_marker() -> None:
    some = [look(index) for index in range(40)]
    assert len({(one.hatch, one.marker) for one in some}) == 40
    for one, other in itertools.pairwise(some[:8]):
        assert abs(luminance(one.colour) - luminance(other.colour)) > 0.1
        assert one.hatch != other.hatch
        assert one.dashes != other.dashes or one.marker != other.marker


def swatch(index: int) -> np.ndarray:
    """A bar's fill in grey, as a printer without colours leaves it."""
    one = look(index)
    with paper_style():
        figure = Figure(figsize=(0.5, 0.5), dpi=300)
        canvas = FigureCanvasAgg(figure)
        bar = Rectangle((0, 0), 1, 1, facecolor=one.colour, hatch=one.hatch, edgecolor="black")
        figure.add_artist(bar)
        canvas.draw()
        rgb = np.asarray(canvas.buffer_rgba())[..., :3] / 255.0
    return rgb @ np.array([0.2126, 0.7152, 0.0722])


def test_fills_are_told_apart_in_grey() -> None:
    fills = [swatch(index)[20:-20, 20:-20] for index in range(8)]
    for index, fill in enumerate(fills):
        for other in fills[index + 1 :]:
            assert np.abs(fill - other).mean() > 0.05


def streams(data: bytes) -> str:
    """The text of a PDF, its streams opened."""
    found = [data]
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", data, re.S):
        try:
            found.append(zlib.decompress(match.group(1)))
        except zlib.error:
            continue
    return b"\n".join(found).decode("latin-1")


def test_a_pdf_embeds_true_type_fonts_and_no_date(shown) -> None:
    figure = plot_metrics(table({"ours": {"psnr": cell(30.0)}, "Жу": {"psnr": cell(29.0)}}))
    assert figure is not None
    text = streams(shown(figure))
    assert "/Type3" not in text
    assert "/CIDFontType2" in text or "/TrueType" in text
    assert "/FontFile2" in text
    assert "CreationDate" not in text
    box = re.search(r"/MediaBox \[ ?0 0 ([\d.]+)", text)
    assert box is not None
    assert float(box[1]) == pytest.approx(COLUMN_WIDTH * 72)


@pytest.mark.parametrize("suffix", [".pdf", ".svg"])
def test_the_same_data_make_the_same_bytes(shown, suffix: str) -> None:
    def once() -> bytes:
        figure = plot_metrics(table({"ours": {"psnr": cell(30.0)}}))
        assert figure is not None
        return shown(figure, suffix)

    assert once() == once()


def test_everything_is_inside_and_nothing_covers_the_legend() -> None:
    labels = [f"a method with a name of some length, number {n}" for n in range(7)]
    data = {label: {"psnr": cell(30.0), "fps": cell(None, reason="none")} for label in labels}
    with paper_style():
        figure = plot_metrics(table(data))
        assert figure is not None
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        page = figure.bbox
        legend = figure.legends[0].get_window_extent(renderer)
        notes = figure.texts[0].get_window_extent(renderer)
        panels = [a.get_tightbbox(renderer) for a in figure.axes if a.get_visible()]
    assert notes.y0 >= page.y0
    assert notes.x1 <= page.x1
    assert legend.x0 >= page.x0
    assert legend.x1 <= page.x1
    assert legend.y0 >= notes.y1
    assert all(panel.y0 >= legend.y1 - 1 for panel in panels)


def test_letters_that_no_font_has_are_told_by_their_code_point() -> None:
    assert readable("a_$b") == "a_$b"
    assert readable("\U000f1234") == "[U+F1234]"
    assert readable("a\u202eb") == "a[U+202E]b"


def test_names_that_run_to_the_left_leave_their_neighbours_in_place() -> None:
    told = readable("4: \u0645\u0631\u062d\u0628\u0627; 5: b")
    assert told == "4: \u200e\u0645\u0631\u062d\u0628\u0627\u200e; 5: b"
    assert readable(told) == told


@pytest.mark.parametrize("text", ["word " * 60, "\u982d" * 200, "x" * 300, ""])
def test_lines_of_notes_fit_and_lose_nothing(text: str) -> None:
    lines = wrapped(text, LINE)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    with paper_style():
        figure = Figure(figsize=(COLUMN_WIDTH, 1))
        canvas = FigureCanvasAgg(figure)
        for line in lines:
            if line.isascii():
                drawn = figure.text(0.01, 0.5, line, fontsize=NOTE_SIZE)
                width = drawn.get_window_extent(canvas.get_renderer()).width
                assert width < figure.bbox.width or line[0] == "x"
            assert sum(1 + (letter == "\u982d") for letter in line) <= LINE


def test_other_plots_of_the_process_keep_their_style() -> None:
    before = dict(matplotlib.rcParams)
    plot_metrics(table({"ours": {"psnr": cell(30.0)}}))
    assert dict(matplotlib.rcParams) == before


def test_files_of_results(make_result, tmp_path: Path) -> None:
    for number, (method, person) in enumerate(
        [("ours", "a"), ("theirs", "a"), ("ours", "b"), ("theirs", "b")]
    ):
        folder = tmp_path / "results" / str(number)
        folder.mkdir(parents=True)
        values = 30.0 + np.sin(np.arange(60.0) + number)
        result = make_result(method, identity=person, psnr=float(values.mean()), fps=50.0)
        write_result(folder, result)
        pd.DataFrame({"psnr": values}).to_parquet(folder / "frames.parquet")
    for person in ("a", "b"):
        folder = tmp_path / "results" / f"variant-{person}"
        folder.mkdir()
        write_result(folder, make_result("ours", identity=person, config={"x": 1}, psnr=29.0))
    found = readable_results([tmp_path / "results"])
    written = write_plots(found, tmp_path / "plots")
    names = ("metrics", "spread", "speed-psnr", "ablation-ours", "frames-a", "frames-b")
    assert [path.name for path in written] == [
        f"self-reconstruction-{name}{suffix}" for name in names for suffix in (".pdf", ".svg")
    ]
    assert all(path.stat().st_size > 1000 for path in written)


def test_importing_plots_loads_no_matplotlib() -> None:
    import subprocess
    import sys

    code = "import tgbench.reports.plots, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
