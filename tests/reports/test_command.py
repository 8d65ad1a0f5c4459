from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench import plugins
from tgbench.cli import main
from tgbench.running.result import SCHEMA_VERSION, Result, write_result

MakeResult = Callable[..., Result]


def test_tables_are_printed_and_written(
    make_result: MakeResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_result(tmp_path / "self_reconstruction/synth-a/ours/self", make_result(psnr=30.0))
    write_result(tmp_path / "self_reconstruction/synth-a/b/self", make_result("b", psnr=31.0))
    assert main(["report", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "31.00" in shown
    assert "table.tex" in shown
    assert r"\textbf{31.00}" in (tmp_path / "table.tex").read_text()
    assert "**31.00**" in (tmp_path / "table.md").read_text()
    assert len((tmp_path / "table.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    "words", [["--metrics", "PSNR"], ["--metrics", "psnr,LMD"], ["--metrics", "PSNR", "lmd"]]
)
def test_metrics_are_named_as_the_table_prints_them(
    words: list[str],
    make_result: MakeResult,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_result(tmp_path / "a", make_result(psnr=30.0, lmd=1.25, sync_c=5.0))
    for arguments in ([str(tmp_path), *words], [*words, str(tmp_path)]):
        assert main(["report", *arguments]) == 0
        shown = capsys.readouterr().out
        assert "30.00" in shown
        assert ("1.250" in shown) == (len("".join(words)) > len("--metricsPSNR"))
        assert "Sync-C" not in shown


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("table3", "user study"),
        ("Table 3", "user study"),
        ("table9", "known: table1, table2, table4, table5, table6, table7"),
        ("tabel1", "did you mean 'table1'"),
    ],
)
def test_a_shape_that_is_none_is_told(
    shape: str,
    said: str,
    make_result: MakeResult,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_result(tmp_path, make_result(psnr=30.0))
    assert main(["report", str(tmp_path), "--shape", shape]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "table7" in told


def test_tables_can_go_elsewhere(make_result: MakeResult, tmp_path: Path) -> None:
    write_result(tmp_path / "out", make_result(psnr=30.0))
    assert main(["report", str(tmp_path / "out"), "--to", str(tmp_path / "tables")]) == 0
    assert (tmp_path / "tables/table.tex").is_file()
    assert not (tmp_path / "out/table.tex").exists()


def test_half_a_result_and_a_newer_one_are_left_out_with_a_warning(
    make_result: MakeResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_result(tmp_path / "whole", make_result(psnr=30.0))
    path = write_result(tmp_path / "half", make_result("b", psnr=31.0))
    path.write_text(path.read_text()[:200])
    newer = write_result(tmp_path / "newer", make_result("c", psnr=32.0))
    table = json.loads(newer.read_text())
    table["schema_version"] = SCHEMA_VERSION + 1
    newer.write_text(json.dumps(table))
    assert main(["report", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    told = " ".join(captured.err.split())
    assert "half/result.json: cannot be read" in told
    assert "newer tgbench" in told
    assert "30.00" in captured.out
    assert "31.00" not in captured.out


def test_only_newer_results_are_an_error(
    make_result: MakeResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_result(tmp_path, make_result(psnr=30.0))
    table = json.loads(path.read_text())
    table["schema_version"] = SCHEMA_VERSION + 1
    path.write_text(json.dumps(table))
    assert main(["report", str(tmp_path)]) == 2
    assert "upgrade tgbench" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_folder_without_results_is_one_clear_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path / name)]) == 2
    captured = capsys.readouterr()
    assert "tgbench run" in captured.err
    assert "Traceback" not in captured.err


def test_several_folders_make_one_table(
    make_result: MakeResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_result(tmp_path / "mine", make_result(psnr=30.0))
    write_result(tmp_path / "theirs", make_result("b", psnr=31.0))
    assert main(["report", str(tmp_path / "mine"), str(tmp_path / "theirs"), "--intervals"]) == 0
    shown = capsys.readouterr()
    assert "30.00" in shown.out
    assert "31.00" in shown.out
    assert shown.err.count("frames.parquet") == 2
    assert (tmp_path / "mine/table.tex").is_file()


def test_the_page_is_written_where_it_is_asked_for(
    make_result: MakeResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_result(tmp_path / "out/a", make_result(psnr=30.0))
    half = write_result(tmp_path / "out/half", make_result("b", psnr=31.0))
    half.write_text("{")
    page = tmp_path / "pages/report.html"
    assert main(["report", str(tmp_path / "out"), "--html", str(page), "--no-videos"]) == 0
    shown = "".join(capsys.readouterr().out.split())
    assert f"page:{page}" in shown
    text = page.read_text()
    assert "30.00" in text
    assert "half/result.json" in text


def test_no_page_without_being_asked(make_result: MakeResult, tmp_path: Path) -> None:
    write_result(tmp_path, make_result(psnr=30.0))
    assert main(["report", str(tmp_path)]) == 0
    assert not list(tmp_path.rglob("*.html"))


def test_leaving_videos_out_of_no_page_is_an_error(
    make_result: MakeResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_result(tmp_path, make_result(psnr=30.0))
    assert main(["report", str(tmp_path), "--no-videos"]) == 2
    assert "--html FILE" in capsys.readouterr().err


def test_fewer_columns_do_not_replace_the_full_tables(
    make_result: MakeResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_result(tmp_path, make_result(psnr=30.0, lmd=1.25))
    assert main(["report", str(tmp_path)]) == 0
    full = {path.name: path.read_text() for path in tmp_path.glob("table.*")}
    assert set(full) == {"table.tex", "table.md", "table.csv"}
    for options, stem in (
        (["--metrics", "psnr"], "table-selection"),
        (["--rows", "identity"], "table-selection"),
        (["--shape", "Table 1"], "table1"),
        (["--metrics", "psnr", "--name", "mine"], "mine"),
    ):
        assert main(["report", str(tmp_path), *options]) == 0
        assert f"{stem}.tex" in capsys.readouterr().out
        assert (tmp_path / f"{stem}.md").is_file()
    assert {path.name: path.read_text() for path in tmp_path.glob("table.*")} == full
    assert main(["report", str(tmp_path), "--name", "a/b"]) == 2
    assert "--to" in capsys.readouterr().err


def test_digits_are_those_that_are_asked_for(
    make_result: MakeResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_result(tmp_path / "a", make_result("a", psnr=30.04, lmd=1.2543, fps=9.26))
    write_result(tmp_path / "b", make_result("b", psnr=30.01, lmd=1.2589, fps=9.31))
    assert main(["report", str(tmp_path), "--digits", "1", "LMD=4"]) == 0
    text = (tmp_path / "table.tex").read_text()
    assert r"\textbf{1.2543}" in text
    assert "30.0" in text
    assert r"\textbf{30.0}" not in text, "what prints alike is not ranked"
    capsys.readouterr()
    for wrong in ("x", "lmd=-1", "99", "nothing=2"):
        assert main(["report", str(tmp_path), "--digits", wrong]) == 2
        assert "Traceback" not in capsys.readouterr().err


def test_tables_without_notes_have_no_marks_and_true_captions(
    make_result: MakeResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_result(tmp_path / "a", make_result("a", psnr=30.0, lmd="no face", notes=("told",)))
    write_result(tmp_path / "b", make_result("b", mode="pasted", psnr=31.0, lmd=1.0))
    assert main(["report", str(tmp_path), "--no-notes"]) == 0
    shown = capsys.readouterr().out
    text = (tmp_path / "table.tex").read_text()
    for said in (shown, text, (tmp_path / "table.md").read_text()):
        assert "told" not in said
        assert "ranked within each composite mode" in said
        assert "A dash" in said
    assert "textsuperscript" not in text
    assert "ranked within each" in text[text.index(r"\caption") : text.index(r"\label")]


def test_a_form_of_a_third_party_is_written_beside_ours(
    make_result: MakeResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package of somebody else: a module, and a line among its entry points."""
    folder = tmp_path / "site"
    (folder / "typst_tables-1.dist-info").mkdir(parents=True)
    (folder / "typst_tables-1.dist-info/METADATA").write_text("Name: typst-tables\nVersion: 1\n")
    (folder / "typst_tables-1.dist-info/entry_points.txt").write_text(
        "[tgbench.renderers]\ntypst = typst_tables:TYPST\n"
    )
    (folder / "typst_tables.py").write_text(
        "from tgbench.reports.renderers import TableReport, number_text\n"
        "from tgbench.specs import RendererSpec\n"
        "TYPST = RendererSpec('typst', 'tables', 'typst_tables:render', suffix='typ')\n"
        "def render(report: TableReport) -> str:\n"
        "    (table,) = report.tables\n"
        "    rows = [row for block in table.blocks for row in block.rows]\n"
        "    cells = [number_text(r.cells[c.name], c) for r in rows for c in table.columns]\n"
        "    return '#table(' + ', '.join(cells) + ')'\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    plugins._specs.cache_clear()
    try:
        write_result(tmp_path / "out", make_result(psnr=30.0, lmd=1.25))
        assert main(["report", str(tmp_path / "out")]) == 0
        assert (tmp_path / "out/table.typ").read_text() == "#table(30.00, 1.250)"
        assert (tmp_path / "out/table.tex").is_file()
        only = ["--formats", "typst", "--to", str(tmp_path / "only")]
        assert main(["report", str(tmp_path / "out"), *only]) == 0
        assert [path.name for path in (tmp_path / "only").iterdir()] == ["table.typ"]
        assert main(["report", str(tmp_path / "out"), "--formats", "typs"]) == 2
    finally:
        monkeypatch.undo()
        plugins._specs.cache_clear()
