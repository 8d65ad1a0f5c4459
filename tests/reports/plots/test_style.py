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

from tgbench.reports.plots import plot_metrics, write_plots
from tgbench.reports.plots.lettering import fitted, readable
from tgbench.reports.plots.style import (
    COLUMN_WIDTH,
    look,
    paper_style,
)
from tgbench.reports.plots.writing import _file_name
from tgbench.results import read_folders
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


LONG = "talkinggaussian (motion=appearance, face_mouth_decomposition=False, sampling={})"


@pytest.mark.parametrize("name", ["m{}", "a name of some length {}", LONG, "x" * 200 + "{}"])
def test_everything_is_inside_and_nothing_covers_the_legend(name: str) -> None:
    labels = [name.format(n) for n in range(7)]
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
        names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert notes.y0 >= page.y0
    assert notes.x1 <= page.x1
    assert legend.x0 >= page.x0
    assert legend.x1 <= page.x1
    assert legend.y0 >= notes.y1
    assert all(panel.y0 >= legend.y1 - 1 for panel in panels)
    assert len(set(names)) == 7
    assert name == "x" * 200 + "{}" or [re.sub(r"\s", "", text) for text in names] == [
        re.sub(r"\s", "", label) for label in labels
    ]


def test_letters_that_no_font_has_are_told_by_their_code_point() -> None:
    assert readable("a_$b") == "a_$b"
    assert readable("\U000f1234") == "[U+F1234]"
    assert readable("a\u202eb") == "a[U+202E]b"


def test_names_that_run_to_the_left_leave_their_neighbours_in_place() -> None:
    told = readable("4: \u0645\u0631\u062d\u0628\u0627; 5: b")
    assert told == "4: \u200e\u0645\u0631\u062d\u0628\u0627\u200e; 5: b"
    assert readable(told) == told


@pytest.mark.parametrize("text", ["word " * 60, "\u982d" * 200, "x" * 300, "W" * 99, "i " * 99, ""])
def test_lines_fit_and_lose_nothing(text: str) -> None:
    with paper_style():
        lines = fitted(readable(text), 1.5, 6)
        figure = Figure(figsize=(COLUMN_WIDTH, 1))
        renderer = FigureCanvasAgg(figure).get_renderer()
        for line in lines:
            drawn = figure.text(0.01, 0.5, line, fontsize=6)
            assert drawn.get_window_extent(renderer).width <= 1.52 * figure.dpi
    assert "".join(lines).replace(" ", "") == readable(text).replace(" ", "")


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
        write_result(folder, result.model_copy(update={"frames": len(values)}))
        pd.DataFrame({"psnr": values}).to_parquet(folder / "frames.parquet")
    for person in ("a", "b"):
        folder = tmp_path / "results" / f"variant-{person}"
        folder.mkdir()
        write_result(folder, make_result("ours", identity=person, config={"x": 1}, psnr=29.0))
    found = read_folders([tmp_path / "results"]).cases
    written = write_plots(found, tmp_path / "plots")
    names = ("metrics", "spread", "speed-psnr", "ablation-ours", "frames-a", "frames-b")
    assert [path.name for path in written] == [
        f"self-reconstruction-{name}{suffix}" for name in names for suffix in (".pdf", ".svg")
    ]
    assert all(path.stat().st_size > 1000 for path in written)


def test_names_of_files_tell_views_apart() -> None:
    taken: set[str] = set()
    views = ("yaw-10", "yaw+10", "Yaw 10", "+")
    names = [_file_name(f"angles-{view}", taken) for view in views]
    assert names == ["angles-yaw-10", "angles-yaw+10", "angles-yaw-10-2", "angles-+"]


def test_names_of_files_keep_letters_of_any_alphabet(make_result, tmp_path: Path) -> None:
    people = ("語音", "Жу", "हिन्दी", "../ä/b", "/", "頭" * 80, "頭" * 80 + "2")
    for number, person in enumerate(people):
        folder = tmp_path / "results" / str(number)
        folder.mkdir(parents=True)
        values = 30.0 + np.sin(np.arange(10.0))
        write_result(folder, make_result(identity=person, psnr=float(values.mean())))
        pd.DataFrame({"psnr": values}).to_parquet(folder / "frames.parquet")
    written = write_plots(read_folders([tmp_path / "results"]).cases, tmp_path / "plots")
    assert all(path.parent == tmp_path / "plots" and path.is_file() for path in written)
    assert all(len(path.name.encode()) < 200 for path in written)
    start = "self-reconstruction-frames"
    stems = [path.stem for path in written if path.suffix == ".pdf" and path.stem.startswith(start)]
    names = {stem.removeprefix(start) for stem in stems}
    assert len(names) == len(people)
    assert {"-語音", "-жу", "-हिन्दी", "-ä-b", ""} < names


def test_importing_plots_loads_no_matplotlib() -> None:
    import subprocess
    import sys

    code = "import tgbench.reports.plots, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
