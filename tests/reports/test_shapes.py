from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.reports import papers
from tgbench.reports.cells import Cell, Row, Status, Table
from tgbench.reports.latex import render_latex
from tgbench.reports.markdown import render_markdown
from tgbench.reports.shapes import PLAIN, SHAPES, Shape
from tgbench.reports.tables import Extras, build_tables
from tgbench.reports.terminal import render_terminal
from tgbench.running.result import Result, write_result
from tgbench.statistics import paired_difference

MakeResult = Callable[..., Result]

TABLE_2 = Shape(("sync_e", "sync_c"), columns=("driver", "identity"))


@pytest.fixture
def lipsync(make_result: MakeResult) -> list[Result]:
    """Two methods with two people and two sounds; the value tells which it is."""
    return [
        make_result(
            method,
            protocol="lipsync",
            identity=identity,
            driver=driver,
            sync_c=base + people + sound,
            sync_e=10.0 - base - people - sound,
            fps=20.0,
        )
        for base, method in ((1.0, "first"), (2.0, "second"))
        for people, identity in ((0.1, "may"), (0.2, "obama"))
        for sound, driver in ((0.01, "a"), (0.02, "b"))
    ]


def row(table: Table, *side: str, block: int = 0) -> Row:
    (found,) = [row for row in table.blocks[block].rows if row.side == side]
    return found


def printed(table: Table) -> str:
    console = Console(width=300, record=True, file=io.StringIO())
    console.print(render_terminal(table))
    return console.export_text()


def test_metrics_are_chosen_and_ordered(make_result: MakeResult) -> None:
    results = [make_result(psnr=30.0, lmd=1.0, fps=9.0, sync_c="no network")]
    (table,) = build_tables(results, shape=Shape(("fps", "psnr", "sync_c")))
    assert [column.name for column in table.columns] == ["fps", "psnr"]
    assert "Not measured: Sync-C (no network)" in [note.text for note in table.notes]
    with pytest.raises(TgbenchError, match="did you mean 'psnr'"):
        build_tables(results, shape=Shape(("psnrr",)))


def test_fields_in_the_head_group_the_metrics(lipsync: list[Result]) -> None:
    (table,) = build_tables(lipsync, shape=TABLE_2)
    assert [(*column.groups, column.title) for column in table.columns] == [
        (driver, identity, metric)
        for driver in ("a", "b")
        for identity in ("may", "obama")
        for metric in ("Sync-E", "Sync-C")
    ]
    (block,) = table.blocks
    assert block.title == ""
    values = [block.rows[0].cells[column.name].value for column in table.columns]
    assert values == pytest.approx([8.89, 1.11, 8.79, 1.21, 8.88, 1.12, 8.78, 1.22])
    assert {cell.rank for cell in block.rows[0].cells.values()} == {2}
    assert {cell.rank for cell in block.rows[1].cells.values()} == {1}


def test_what_is_nowhere_else_makes_blocks_and_their_mean(lipsync: list[Result]) -> None:
    (table,) = build_tables(lipsync, shape=Shape(("sync_c",), columns=("identity",)))
    assert [block.title for block in table.blocks] == ["a", "b", "mean of 2 cases"]
    cells = row(table, "first", block=2).cells
    assert [cell.text for cell in cells.values()] == ["1.115", "1.215"]


def test_rows_of_unlike_people_do_not_compete(lipsync: list[Result]) -> None:
    (table,) = build_tables(lipsync, shape=Shape(("sync_c",), rows=("identity", "method")))
    assert table.side == ("Identity", "Method")
    ranks = {line.side: line.cells["sync_c"].rank for line in table.blocks[0].rows}
    assert ranks == {
        ("may", "first"): 2,
        ("may", "second"): 1,
        ("obama", "first"): 2,
        ("obama", "second"): 1,
    }
    assert "| may | first" in render_markdown([table])


def test_protocols_side_by_side(lipsync: list[Result], make_result: MakeResult) -> None:
    own = [
        make_result(name, identity=person, psnr=value, fps=21.0)
        for name, value in (("first", 30.0), ("second", 31.0))
        for person in ("may", "obama")
    ]
    shape = Shape(("psnr", "fps"), columns=("protocol",))
    (table,) = build_tables([*lipsync, *own], shape=shape)
    assert [(*column.groups, column.title) for column in table.columns] == [
        ("lipsync", "FPS"),
        ("self reconstruction", "PSNR"),
        ("self reconstruction", "FPS"),
    ]
    mean = row(table, "second", block=len(table.blocks) - 1)
    assert [cell.text for cell in mean.cells.values()] == ["20.0", "31.00", "21.0"]
    assert table.blocks[-1].title == "mean over cases"


def test_no_mean_over_a_single_case_each(lipsync: list[Result], make_result: MakeResult) -> None:
    found = [result for result in lipsync if result.driver.name == "a"]
    own = make_result("first", identity="may", fps=21.0)
    shape = Shape(("fps",), rows=("protocol", "method"), columns=("identity",))
    (table,) = build_tables([*found, own], shape=shape)
    assert [block.title for block in table.blocks] == ["a", "self"]


def test_a_combination_nobody_ran_is_a_dash(lipsync: list[Result]) -> None:
    (table,) = build_tables(lipsync[:-1], shape=TABLE_2)
    missing = row(table, "second").cells["b / obama / sync_c"]
    assert (missing.status, missing.value) == (Status.ABSENT, None)


def test_what_concerns_one_column_alone_is_said_there(make_result: MakeResult) -> None:
    results = [
        make_result(identity="x", psnr=30.0, notes=("all of it",)),
        make_result(identity="y", psnr=30.0, notes=("all of it", "cut short")),
    ]
    (table,) = build_tables(results, shape=Shape(columns=("identity",)))
    told = {note.mark: note.text for note in table.notes}
    line = row(table, "ours")
    assert [told[mark] for mark in line.marks] == ["frames: full frame", "all of it"]
    assert [told[mark] for mark in line.cells["y / psnr"].marks] == ["cut short"]
    assert line.cells["x / psnr"].marks == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rows": ("method", "indentity")}, "did you mean 'identity'"),
        ({"columns": ("identity", "identity")}, "stands twice"),
        ({"rows": ("identity",)}, "add 'method' to the rows"),
        ({"metrics": ("psnr", "psnr")}, "named twice"),
    ],
)
def test_shapes_that_make_no_table_are_refused(
    change: dict[str, tuple[str, ...]], told: str
) -> None:
    with pytest.raises(TgbenchError, match=told):
        Shape(**change)


def test_shapes_of_the_paper_show_their_protocol_alone(
    lipsync: list[Result], make_result: MakeResult
) -> None:
    (table,) = build_tables([*lipsync, make_result(psnr=1.0)], shape=SHAPES["table2"])
    assert table.name == "lipsync"
    with pytest.raises(TgbenchError, match="tgbench run --protocol lipsync"):
        build_tables([make_result(psnr=1.0)], shape=SHAPES["table2"])


def test_groups_in_latex_have_rules_below_them(lipsync: list[Result]) -> None:
    text = render_latex(build_tables(lipsync, shape=TABLE_2))
    assert r" & \multicolumn{4}{c}{a} & \multicolumn{4}{c}{b} \\" in text
    assert r"\cmidrule(lr){2-5}\cmidrule(lr){6-9}" in text
    assert r"\cmidrule(lr){2-3}\cmidrule(lr){4-5}\cmidrule(lr){6-7}\cmidrule(lr){8-9}" in text


def test_groups_in_markdown_and_on_a_terminal(lipsync: list[Result]) -> None:
    (table,) = build_tables(lipsync, shape=TABLE_2)
    assert "| a<br>may<br>Sync-E ↓ | a<br>may<br>Sync-C ↑ |" in render_markdown([table])
    people = next(line for line in printed(table).splitlines() if "may" in line)
    assert people.split() == ["may", "obama", "may", "obama"]


PAPER = {
    # Cells of the TalkingGaussian paper, by method and column.
    ("TalkingGaussian", "psnr"): 33.61,
    ("ER-NeRF+e", "aue_u"): 0.31,
    ("IP-LAP", "lpips"): 0.0405,
    ("GeneFace", "ssim_face_aligned"): 0.846,
    ("RAD-NeRF", "training_time"): 5.3 * 60,
    ("Wav2Lip", "sync_c"): 8.749,
    ("TalkingGaussian", "fps"): 108.0,
}


def test_published_rows_follow_and_never_compete_with_measured_ones(
    make_result: MakeResult,
) -> None:
    results = [make_result(name, psnr=v, ssim_face=0.9) for name, v in (("a", 50.0), ("b", 20.0))]
    (table,) = build_tables(results, extras=Extras(published=True))
    measured, published = table.blocks
    assert (measured.published, published.published) == (False, True)
    assert published.title.startswith("published: TalkingGaussian (ECCV 2024), table 1")
    lines = {line.label: line for line in published.rows}
    for (method, metric), value in PAPER.items():
        assert lines[method].cells[metric].value == pytest.approx(value)
        assert lines[method].cells[metric].status is Status.PUBLISHED
    assert all(line.cells["ssim_face"].value is None for line in published.rows)
    assert [line.cells["psnr"].rank for line in measured.rows] == [1, 2]
    assert lines["TalkingGaussian"].cells["psnr"].rank == 1
    assert lines["TalkingGaussian"].cells["training_time"].text == "30.0"
    told = {note.mark: note.text for note in table.notes}
    assert all("published in" in told[line.marks[0]] for line in published.rows)


def test_published_ranks_leave_out_the_truth_and_pasted_mouths(make_result: MakeResult) -> None:
    (table,) = build_tables([make_result(psnr=1.0)], extras=Extras(published=True))
    lines = {line.label: line.cells for line in table.blocks[-1].rows}
    assert {cell.rank for cell in lines["Ground Truth"].values()} == {None}
    assert lines["TalkingGaussian"]["lmd"].rank == 1
    assert lines["ER-NeRF+e"]["psnr"].rank == 2
    assert lines["IP-LAP"]["psnr"].rank == 1, "it competes with DINet alone"
    assert lines["Wav2Lip"]["sync_c"].rank == 1


def test_every_published_table_is_whole(make_result: MakeResult, lipsync: list[Result]) -> None:
    words = {"method", "backbone", "motion", "fmd", "is", "settings", "extractor"}
    for name in SHAPES:
        (path,) = (Path(papers.__file__).parent / "published").glob(f"{name}_*.csv")
        lines = csv.DictReader(path.open(encoding="utf-8"))
        count = sum(bool(text) for line in lines for key, text in line.items() if key not in words)
        shape = SHAPES[name]
        results = lipsync if shape.protocol == "lipsync" else [make_result(psnr=1.0)]
        (table,) = build_tables(results, shape=shape, extras=Extras(published=True))
        cells = [
            cell
            for block in table.blocks
            if block.published
            for line in block.rows
            for cell in line.cells.values()
        ]
        assert sum(cell.value is not None for cell in cells) == count, name


def test_published_groups_stand_beside_measured_ones(lipsync: list[Result]) -> None:
    (table,) = build_tables(lipsync, shape=SHAPES["table2"], extras=Extras(published=True))
    groups = list(dict.fromkeys(column.groups for column in table.columns))
    assert groups[0] == ("a", "may")
    assert ("Test Audio A", "Obama") in groups
    synobama = row(table, "SynObama", block=1).cells
    assert synobama["Test Audio A / Obama / sync_c"].value == 6.802
    assert synobama["Test Audio B / May / sync_c"].value is None


def test_a_mean_says_nothing_of_what_nobody_was_asked_to_measure(
    make_result: MakeResult,
) -> None:
    results = [make_result(identity=name, psnr=1.0) for name in "xy"]
    (table,) = build_tables(results, extras=Extras(published=True))
    mean = row(table, "ours", block=2)
    assert mean.cells["sync_c"].marks == ()
    assert mean.cells["sync_c"].status is Status.ABSENT


def test_published_rows_are_on_the_page_too(make_result: MakeResult, tmp_path: Path) -> None:
    write_result(tmp_path / "out", make_result("50% <i>", psnr=30.0))
    page = tmp_path / "page.html"
    options = ["--published", "--no-videos", "--shape", "table1", "--columns", "identity"]
    assert main(["report", str(tmp_path / "out"), "--html", str(page), *options]) == 0
    text = page.read_text()
    assert "published: TalkingGaussian (ECCV 2024), table 1" in text
    assert "33.61" in text
    assert "<i>" not in text


def test_published_is_said_by_every_renderer(make_result: MakeResult) -> None:
    tables = build_tables([make_result(psnr=1.0)], extras=Extras(published=True))
    for text in (render_latex(tables), render_markdown(tables), printed(tables[0])):
        assert re.search(r"published: TalkingGaussian \(ECCV 2024\), table 1", text)
        assert "not measured here" in text
        assert "ranked among themselves alone" in text


def series_of(values: dict[str, np.ndarray]) -> Callable[[Result, str], np.ndarray | None]:
    return lambda result, metric: values[result.method.name] if metric == "psnr" else None


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


NAMES = (r"50%_$x$&{y}#~^\b<i>|", "речь", "頭", "голос", "--Łódź naïve")


def test_names_that_lose_letters_stay_apart_and_are_told(make_result: MakeResult) -> None:
    results = [make_result(name, psnr=1.0) for name in ("речь", "обра")]
    text = render_latex(build_tables(results))
    shown = re.findall(r"\\quad (\S+ ?\S*)\\textsuperscript", text)
    assert shown == ["????", "???? (2)"]
    assert {"% ????: обра", "% ???? (2): речь"} <= set(text.splitlines())
    assert "letters that the fonts of pdfLaTeX lack" in text
    assert "lack" not in render_latex(build_tables([make_result("plain_?", psnr=1.0)]))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_every_shape_compiles(make_result: MakeResult, tmp_path: Path) -> None:
    values = {name: np.linspace(30, 31, 50) - k for k, name in enumerate(NAMES)}
    results = [
        make_result(
            name,
            protocol=protocol,
            identity=identity,
            driver=driver,
            psnr=30.0 - k,
            sync_c=5.0 + k,
            sync_e="no network" if k else 8.0,
            fps=float(k),
        )
        for k, name in enumerate(NAMES)
        for identity in NAMES[:3]
        for protocol, driver in (("lipsync", NAMES[1]), ("self_reconstruction", "self"))
    ]
    extras = Extras(series_of(values), significance=True, published=True)
    shapes = [
        PLAIN,
        *SHAPES.values(),
        Shape(rows=("protocol", "method"), columns=("identity",)),
        Shape(("sync_c", "sync_e"), rows=("identity", "method"), columns=("protocol", "driver")),
    ]
    tables = [
        table for shape in shapes for table in build_tables(results, shape=shape, extras=extras)
    ]
    (tmp_path / "table.tex").write_text(render_latex(tables), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    assert "Float too large" not in done.stdout
    assert "Missing character" not in (tmp_path / "table.log").read_text(errors="replace")


def test_options_of_the_command(
    lipsync: list[Result], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, result in enumerate(lipsync):
        write_result(tmp_path / str(number), result)
    options = ["--columns", "audio,identity", "--metrics", "sync_e,sync_c", "--published"]
    assert main(["report", str(tmp_path), *options]) == 0
    assert r"\cmidrule" in (tmp_path / "table.tex").read_text()
    assert "published: TalkingGaussian" in (tmp_path / "table.md").read_text()
    rows = csv.DictReader((tmp_path / "table.csv").open(encoding="utf-8"))
    (synobama,) = [
        line for line in rows if line["method"] == "SynObama" and line["value"] == "6.802"
    ]
    assert [synobama[key] for key in ("protocol", "identity", "driver", "metric", "status")] == [
        "lipsync",
        "Obama",
        "Test Audio A",
        "sync_c",
        "published",
    ]
    capsys.readouterr()
    assert main(["report", str(tmp_path), "--shape", "tabel2"]) == 2
    assert "did you mean 'table2'" in capsys.readouterr().err
    assert main(["report", str(tmp_path), "--shape", "table1"]) == 2
    assert "--protocol self_reconstruction" in " ".join(capsys.readouterr().err.split())
