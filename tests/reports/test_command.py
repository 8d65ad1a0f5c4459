from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

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
