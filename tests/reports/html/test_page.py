from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.progress import SILENT
from tgbench.reports.html import write_html
from tgbench.reports.html.templating import SCRIPTS, asset, environment
from tgbench.reports.tables.building import build_tables
from tgbench.reports.tables.shapes import Shape
from tgbench.results import MeasuredCase, read_folders
from tgbench.running.result import Result

from ..markup import NASTY, Page

MakeFolder = Callable[..., MeasuredCase]
MakeResult = Callable[..., Result]

# Unicode's list of what embeds, overrides or isolates a direction (UAX 9).
TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def test_the_page_says_what_the_results_say(make_folder: MakeFolder, tmp_path: Path) -> None:
    results = [make_folder("ours", psnr=31.0), make_folder("theirs", psnr=30.0, lmd="no face")]
    summary = write_html(results, tmp_path / "page.html", SILENT)
    assert (summary.results, summary.cases, summary.videos, summary.left_out) == (2, 1, 5, 0)
    assert summary.size == (tmp_path / "page.html").stat().st_size
    page = Page(tmp_path / "page.html")
    cells = {about.get("class"): about for tag, about in page.elements if tag == "td"}
    assert "best" in cells
    assert "second" in cells
    assert "31.00" in page.text
    assert ("a", {"href": "#case-0"}) in page.elements
    assert "no face" in page.text
    for number, case in enumerate(results):
        assert page.data(f"data-result-{number}")["record"] == case.result.model_dump(mode="json")
    case = page.data("data-case-0")
    assert [entry["label"] for entry in case["entries"]] == ["ours", "theirs"]
    assert case["entries"][0]["worst"]["psnr"] == [29, 24, 19, 14, 9, 4]
    video = case["entries"][1]["video"]["video"]
    stored = base64.b64decode(page.scripts[f"video-{video}"])
    assert stored == (results[1].folder / "video.mp4").read_bytes()


def test_nothing_of_a_result_becomes_markup(make_folder: MakeFolder, tmp_path: Path) -> None:
    results = [
        make_folder(NASTY, identity=NASTY, driver=NASTY, config={NASTY: NASTY}, psnr=30.0),
        make_folder("b", identity=NASTY, notes=(NASTY,), lmd=NASTY, mode=NASTY, leaked=(NASTY,)),
    ]
    write_html(results, tmp_path / "page.html", SILENT, problems=[NASTY])
    page = Page(tmp_path / "page.html")
    programs = [about for tag, about in page.elements if tag == "script" and "id" not in about]
    assert len(programs) == 1
    assert all(about.get("type") for tag, about in page.elements if tag == "script" and about)
    assert not [tag for tag, _ in page.elements if tag == "img"]
    for _, about in page.elements:
        assert not [name for name in about if name.startswith("on") or name == "style"]
    assert page.data("data-result-0")["record"]["method"]["config"] == {NASTY: NASTY}
    assert NASTY.split("\u2028")[0] in page.text


def test_the_policy_lets_the_page_run_and_nothing_else(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    write_html([make_folder()], tmp_path / "page.html", SILENT)
    page = Page(tmp_path / "page.html")
    policy = next(
        about["content"]
        for tag, about in page.elements
        if tag == "meta" and about.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    assert allowed["default-src"] == "'none'"
    for kind, content in (("script-src", page.scripts["program"]), ("style-src", page.styles)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert allowed[kind] == f"'sha256-{digest}'"
    assert "http" not in policy
    assert "unsafe" not in policy
    for tag, about in page.elements:
        for name in ("src", "href", "action", "poster", "data"):
            address = about.get(name)
            assert address is None or address.startswith("#"), (tag, about)


def test_scripts_put_no_data_into_markup() -> None:
    for name in SCRIPTS:
        code = asset(name)
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert word not in code, name
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", code), name


def test_half_a_folder_gives_a_page_that_says_so(make_folder: MakeFolder, tmp_path: Path) -> None:
    case = make_folder("ours", videos=False, psnr=30.0)
    folder = case.folder
    (folder / "frames.parquet").write_bytes(b"PAR1")
    (folder / "faces.parquet").unlink()
    (folder / "video.mp4").write_bytes(b"")
    write_html([case], tmp_path / "page.html", SILENT)
    entry = Page(tmp_path / "page.html").data("data-case-0")["entries"][0]
    assert entry["video"] == {"missing": "video.mp4 is empty"}
    assert entry["error"] is None
    assert entry["series"] == {}
    assert entry["crops"] == {}
    assert "frames.parquet cannot be read" in entry["problems"][0]


def test_old_results_have_no_truth_and_say_so(make_folder: MakeFolder, tmp_path: Path) -> None:
    case = make_folder("ours", psnr=30.0)
    for name in ("target.mp4", "error.mp4", "faces.parquet"):
        (case.folder / name).unlink()
    summary = write_html([case], tmp_path / "page.html", SILENT)
    case = Page(tmp_path / "page.html").data("data-case-0")
    assert summary.videos == 1
    assert case["truth"] is None
    assert "--fresh" in case["note"]


def test_the_page_shows_the_table_that_is_asked_for(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    results = [
        make_folder("ours", videos=False, identity=who, driver=what, psnr=30.0, lmd=2.0)
        for who in ("a", "b")
        for what in ("x", "y")
    ]
    shape = Shape(("lmd", "psnr"), rows=("identity", "method"), columns=("driver",))
    tables = build_tables([case.result for case in results], shape=shape)
    write_html(results, tmp_path / "page.html", SILENT, tables=tables, metrics=shape.metrics)
    page = Page(tmp_path / "page.html")
    heads = [about for tag, about in page.elements if tag == "th"]
    assert [about["colspan"] for about in heads if about.get("scope") == "colgroup"] == ["2", "2"]
    assert sum(about.get("class") == "side" for about in heads) == 2 + 2 * 2
    assert [metric["name"] for metric in page.data("data-case-0")["metrics"]] == ["psnr"]
    write_html(results, tmp_path / "page.html", SILENT, tables=tables, metrics=("lmd",))
    assert Page(tmp_path / "page.html").data("data-case-0")["metrics"] == []


def test_the_command_passes_shape_and_budget_on(
    make_folder: MakeFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_folder("ours", psnr=30.0, lmd=2.0)
    make_folder("ours", videos=False, protocol="lipsync", driver="x", sync_c=3.0)
    page = tmp_path / "page.html"
    options = ["--html", str(page), "--shape", "table1", "--metrics", "lmd"]
    assert main(["report", str(tmp_path / "out"), *options, "--video-budget", "0.001"]) == 0
    read = Page(page)
    columns = [about for tag, about in read.elements if tag == "th" and "data-better" in about]
    assert [about["title"] for about in columns] == ["lmd"]
    assert "data-result-1" not in read.scripts
    assert "1 result of other protocols than self_reconstruction" in read.text
    assert "3 left out" in capsys.readouterr().out
    for wrong in ("0", "-1", "nan"):
        assert main(["report", str(tmp_path / "out"), *options, "--video-budget", wrong]) == 2
    assert main(["report", str(tmp_path / "out"), "--video-budget", "9"]) == 2


def test_curves_of_unlike_kinds_have_axes_of_their_own(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    results = [
        make_folder("a", videos=False, psnr=30.0),
        make_folder("b", videos=False, psnr=31.0, mode="pasted"),
        make_folder("c", videos=False, psnr=32.0),
        make_folder("d", videos=False, psnr=32.0, whole_image=False),
    ]
    write_html(results, tmp_path / "page.html", SILENT)
    case = Page(tmp_path / "page.html").data("data-case-0")
    panels = [(panel["entries"], panel["measurer"]) for panel in case["panels"]]
    assert panels == [([0, 2], "full frame"), ([1], "pasted")]
    # What a method cannot have is a dash in the table, and no curve.
    assert "psnr" not in case["entries"][3]["series"]
    assert [entry["mode"] for entry in case["entries"]][:2] == ["full frame", "pasted"]


def test_a_row_leads_to_its_result_and_what_was_measured_twice_is_said(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    results = [
        make_folder("a", videos=False, psnr=30.0, created="2025-02-01T00:00:00+00:00"),
        make_folder("a", videos=False, psnr=31.0, created="2025-03-01T00:00:00+00:00"),
    ]
    write_html(results, tmp_path / "page.html", SILENT)
    page = Page(tmp_path / "page.html")
    assert ("a", {"href": "#result-1"}) in page.elements
    assert ("a", {"href": "#result-0"}) not in page.elements
    assert f"{results[0].folder}: measured on 2025-02-01" in page.text
    assert "again on 2025-03-01" in page.text


def test_a_later_result_with_fewer_metrics_hides_none(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    results = [
        make_folder("a", videos=False, psnr=30.0, lmd=2.5, created="2025-02-01T00:00:00+00:00"),
        make_folder("a", videos=False, psnr=31.0, created="2025-03-01T00:00:00+00:00"),
    ]
    write_html(results, tmp_path / "page.html", SILENT)
    page = Page(tmp_path / "page.html")
    shown = [about["data-value"] for tag, about in page.elements if "data-value" in about]
    assert shown == ["31.0", "2.5"]
    content = page.data("data-result-1")
    assert content["record"]["metrics"]["lmd"]["value"] == 2.5
    assert content["origins"] == {"lmd": f"{results[0].folder}, 2025-02-01T00:00:00+00:00"}


def test_no_number_of_a_configuration_breaks_the_page_or_is_rounded(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    config = {"x": float("nan"), "y": [float("inf")], "big": 2**70, "usual": 1.5, "whole": True}
    write_html([make_folder("a", videos=False, config=config)], tmp_path / "p.html", SILENT)
    record = Page(tmp_path / "p.html").data("data-result-0")["record"]
    told = {"x": None, "y": [None], "big": str(2**70), "usual": 1.5, "whole": True}
    assert record["method"]["config"] == told


def test_a_very_long_name_leaves_room_for_others(make_folder: MakeFolder, tmp_path: Path) -> None:
    name = "M" * 3000
    write_html([make_folder(name, videos=False, psnr=3.0)], tmp_path / "p.html", SILENT)
    page = Page(tmp_path / "p.html")
    assert name not in page.text
    assert page.data("data-result-0")["record"]["method"]["name"] == name


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(TgbenchError, match="cannot write"):
        write_html([], tmp_path / "page.html", SILENT)


def test_a_page_without_videos_is_small_and_says_so(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    results = [make_folder()]
    summary = write_html(results, tmp_path / "page.html", SILENT, with_videos=False)
    assert (summary.videos, summary.left_out) == (0, 3)
    page = Page(tmp_path / "page.html")
    assert "without videos" in page.data("data-case-0")["entries"][0]["video"]["missing"]
    assert not [name for name in page.scripts if name.startswith("video-")]


def test_no_results_are_still_a_page(tmp_path: Path) -> None:
    summary = write_html([], tmp_path / "page.html", SILENT, problems=["a/result.json: cut short"])
    assert summary.results == 0
    assert "a/result.json: cut short" in Page(tmp_path / "page.html").text


def test_what_is_no_result_is_named(make_folder: MakeFolder, tmp_path: Path) -> None:
    whole = make_folder("ours", videos=False).folder
    half = make_folder("b", videos=False).folder
    (half / "result.json").write_text((half / "result.json").read_text()[:100])
    stopped = tmp_path / "out" / "stopped"
    stopped.mkdir()
    (stopped / "log.txt").write_text("began")
    (whole / "log.txt").write_text("all well")
    cut, never = read_folders([tmp_path / "out"]).left_out()
    assert str(half / "result.json") in cut
    assert str(stopped) in never
    assert "stopped" in never


def test_a_folder_in_the_place_of_the_page_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="is a folder"):
        write_html([], tmp_path, SILENT)


def test_a_name_that_no_encoding_has_is_no_error(make_result: MakeResult, tmp_path: Path) -> None:
    result = make_result("half \ud800 a pair", psnr=3.0)
    write_html([MeasuredCase(result, tmp_path / "x")], tmp_path / "page.html", SILENT)
    assert "half" in Page(tmp_path / "page.html").text


def rendered(template: str, value: object) -> str:
    return environment().from_string(template).render(value=value)


@given(value=st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=5))
def test_json_is_the_value_and_cannot_end_the_script(value: object) -> None:
    block = rendered("{{ value|tojson }}", {"x": value})
    assert json.loads(block) == {"x": value}
    assert not set(block) & set("<>&")
    assert block.isascii()


def test_numbers_that_json_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        rendered("{{ value|tojson }}", float("nan"))


def test_a_name_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nobody }}").render()


@given(value=st.text(st.characters(codec="utf-8", exclude_characters=TURNS)))
def test_text_survives_an_attribute(value: str) -> None:
    class Reader(HTMLParser):
        found: str | None = None

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found = dict(attrs)["title"]

    reader = Reader()
    reader.feed(rendered('<p title="{{ value }}">', value))
    assert reader.found == value


@pytest.mark.parametrize("turn", TURNS)
def test_names_do_not_turn_the_direction_of_the_page(turn: str) -> None:
    assert rendered("{{ value }}", f"a{turn}<b>") == "a\ufffd&lt;b&gt;"
