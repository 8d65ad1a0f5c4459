from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.reports.site import SiteSummary, gather
from tgbench.running.result import SCHEMA_VERSION, MetricRecord, Result, write_result

from ..markup import NASTY, Page

Submit = Callable[..., Path]
Publish = Callable[..., SiteSummary]


def pages(summary: SiteSummary) -> list[Page]:
    return [Page(path) for path in sorted(summary.index.parent.rglob("*.html"))]


def board(summary: SiteSummary, protocol: str = "self-reconstruction") -> Page:
    (path,) = summary.index.parent.glob(f"{protocol}-*.html")
    return Page(path)


def test_every_protocol_and_result_has_a_page_and_every_link_leads_somewhere(
    submit: Submit, publish: Publish
) -> None:
    submit("alice", "ours", psnr=31.0, lmd="no face found")
    submit("alice", "ours", seed=1, psnr=32.0)
    submit("bob", "theirs", psnr=30.0, lmd=1.5)
    submit("bob", "theirs", protocol="lipsync", driver="other", sync_c=5.0)
    summary = publish("alice", "bob")
    assert (summary.results, summary.pages, summary.left_out) == (4, 7, 0)
    found = pages(summary)
    assert len(found) == 7
    for page in found:
        for link in page.links:
            place, _, fragment = link.partition("#")
            target = (page.path.parent / place).resolve() if place else page.path
            assert target.is_file(), link
            assert target.is_relative_to(summary.index.parent.resolve())
            if fragment:
                assert any(about.get("id") == fragment for _, about in Page(target).elements)
    linked = {link for page in found for link in page.links if link.startswith("results/")}
    assert len(linked) == 4
    sizes = [path.stat().st_size for path in summary.index.parent.rglob("*") if path.is_file()]
    assert summary.size == sum(sizes) - (summary.index.parent / "site.json").stat().st_size


def test_a_result_has_its_whole_provenance(submit: Submit, publish: Publish) -> None:
    folder = submit("alice", "ours", psnr=31.0, lmd="no face found", leaked=("true head pose",))
    summary = publish("alice")
    (path,) = (summary.index.parent / "results").iterdir()
    page = Page(path)
    written = json.loads((folder / "result.json").read_text())
    assert page.data("data-result-0")["record"] == written
    for told in ("ours", "synth-a", "true head pose", "alice/0", "a cpu", "2025-01-01", "Seed"):
        assert told in page.text
    script = next((summary.index.parent / "static").glob("*.js")).read_text()
    assert "SHA-256 of everything that determines the outcome" in script


def test_best_is_marked_within_comparable_groups_only(submit: Submit, publish: Publish) -> None:
    other = MetricRecord(
        value=1.0, status="measured", scored=10, total=10, direction="lower", measured_by="dlib"
    )
    submit("alice", "a", mode="full frame", psnr=30.0, lmd=3.0)
    submit("alice", "b", mode="full frame", psnr=29.0, lmd=2.0)
    submit("bob", "c", mode="face pasted on the true video", psnr=40.0, lmd=other)
    summary = publish("alice", "bob")
    cells = [about for tag, about in board(summary).elements if tag == "td"]
    marked = {about["data-value"]: about["class"] for about in cells if "data-value" in about}
    assert marked == {
        "30.0": "best",
        "29.0": "second",
        "40.0": "",
        "3.0": "second",
        "2.0": "best",
        "1.0": "",
    }
    groups = {a["data-value"]: a.get("data-group", "0") for a in cells if "data-value" in a}
    assert groups["30.0"] == groups["29.0"] == "0"
    assert groups["40.0"] == groups["1.0"] == "1"
    assert "hidden rows still count" in board(summary).text


def test_of_two_results_for_one_cell_the_used_one_is_said(submit: Submit, publish: Publish) -> None:
    submit("alice", "ours", psnr=31.0, created="2025-01-01T00:00:00+00:00")
    submit("bob", "ours", psnr=33.0, created="2025-02-01T00:00:00+00:00")
    summary = publish("alice", "bob")
    page = board(summary)
    assert "33.00" in page.text
    assert "31.00" not in page.text
    told = re.sub(r"\s+", " ", page.text)
    assert "bob/1, 2025-02-01 counts; alice/0, 2025-01-01 does not" in told
    texts = [Page(path).text for path in (summary.index.parent / "results").iterdir()]
    assert sorted("does not show this result" in text for text in texts) == [False, True]
    assert "differ in" not in page.text
    assert sorted("the latest result" in text for text in texts) == [False, True]


def test_what_cannot_be_read_is_listed_with_the_reason(
    submit: Submit, publish: Publish, tmp_path: Path
) -> None:
    submit("alice", "ours", psnr=31.0)
    half = submit("bob", "b", psnr=1.0) / "result.json"
    half.write_text(half.read_text()[:100])
    newer = submit("carol", "c", psnr=2.0) / "result.json"
    newer.write_text(
        newer.read_text().replace('"schema_version": 1', f'"schema_version": {SCHEMA_VERSION + 1}')
    )
    deep = submit("erin", "e", config={"deep": 0}, psnr=2.0) / "result.json"
    deep.write_text(deep.read_text().replace('"deep": 0', '"deep": ' + "[" * 400 + "]" * 400))
    (tmp_path / "dave").mkdir()
    summary = publish("alice", "bob", "carol", "dave", "erin")
    assert (summary.results, summary.left_out) == (1, 4)
    text = Page(summary.index).text
    assert "bob: 1/result.json: cannot be read" in text
    assert "carol: 2/result.json: was written by a newer tgbench" in text
    assert "dave: holds no results" in text
    assert "erin: 3/result.json: cannot be read (is nested too deeply)" in text
    assert str(tmp_path) not in text


def test_nothing_readable_is_one_clear_line(submit: Submit, tmp_path: Path) -> None:
    path = submit("alice", "ours", psnr=31.0) / "result.json"
    path.write_text("{")
    with pytest.raises(TgbenchError, match=r"no result can be read \(alice: 0/result.json"):
        gather([tmp_path / "alice"])
    with pytest.raises(TgbenchError, match="no such folder"):
        gather([tmp_path / "nobody"])


def test_nothing_of_a_result_becomes_markup(submit: Submit, publish: Publish) -> None:
    about = {"identity": NASTY, "driver": NASTY, "protocol": NASTY, "version": NASTY}
    submit(
        "alice", NASTY, config={NASTY: NASTY}, notes=(NASTY,), mode=NASTY, leaked=(NASTY,),
        psnr=3.0, created=NASTY, preset=NASTY, lmd=NASTY, cpu=NASTY, **about,
    )  # fmt: skip
    submit("alice", NASTY, psnr=2.0, created=NASTY, mode="b", leaked=("c",), seed=1, **about)
    record = MetricRecord(
        value=1.0, status="measured", scored=1, total=9, direction="none", measured_by=NASTY,
        unit=NASTY, details={NASTY: [NASTY, float("nan")]},
    )  # fmt: skip
    submit("bob", "b", **about, **{NASTY: record})
    half = submit("bob", "c") / "result.json"
    half.write_text('{"schema_version": 1, "' + NASTY.replace('"', "") + '": 1}')
    summary = publish("alice", "bob")
    for page in pages(summary):
        scripts = [a for tag, a in page.elements if tag == "script"]
        assert [a.get("type") for a in scripts if "src" not in a] == (
            ["application/json"] if page.path.parent.name == "results" else []
        )
        assert not [tag for tag, _ in page.elements if tag in ("img", "iframe", "object", "style")]
        for _, attributes in page.elements:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for link in page.links:
            assert re.fullmatch(r"(\.\./)?(results/|static/)?[a-z0-9-]*(\.\w+)?(#[\w-]+)?", link)


def test_where_results_lie_on_a_disk_is_not_told(
    submit: Submit, publish: Publish, tmp_path: Path
) -> None:
    submit("alice", "ours", psnr=31.0, lmd=f"no weights in {tmp_path}/weights/x.pth")
    half = submit("alice", "b", psnr=1.0) / "result.json"
    half.write_text("{")
    summary = publish("alice")
    for path in summary.index.parent.rglob("*"):
        if path.is_file():
            assert str(tmp_path) not in path.read_text(encoding="utf-8"), path


def test_all_numbers_can_be_had_as_csv(submit: Submit, publish: Publish) -> None:
    submit("alice", "ours", psnr=-31.25, created="2024")
    submit("bob", "ours", psnr=32.5)
    submit("bob", "=HYPERLINK(1)", psnr=None, mode="@x")
    summary = publish("alice", "bob")
    (path,) = summary.index.parent.glob("*.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    told = [(line["source"], line["value"], line["superseded"]) for line in lines]
    assert told == [
        ("alice/0", "-31.25", "yes"),
        ("bob/1", "32.5", "no"),
        ("bob/2", "", "no"),
    ]
    assert lines[2]["method"] == "'=HYPERLINK(1)"
    assert lines[2]["composite_mode"] == "'@x"


def test_versions_of_a_protocol_are_pages_of_their_own(submit: Submit, publish: Publish) -> None:
    submit("alice", "ours", psnr=31.0)
    submit("alice", "ours", psnr=32.0, version="2")
    summary = publish("alice")
    text = Page(summary.index).text
    assert "Self reconstruction (version 1)" in text
    assert "Self reconstruction (version 2)" in text
    assert summary.pages == 5


def test_writing_again_gives_the_same_files_and_removes_what_is_gone(
    submit: Submit, publish: Publish, tmp_path: Path
) -> None:
    submit("alice", "ours", psnr=31.0)
    gone = submit("alice", "b", psnr=30.0) / "result.json"
    first = publish("alice").index.parent
    names = {path.relative_to(first): path.read_bytes() for path in first.rglob("*.html")}
    again = publish("alice").index.parent
    assert names == {path.relative_to(again): path.read_bytes() for path in again.rglob("*.html")}
    gone.unlink()
    publish("alice")
    assert len(list((first / "results").iterdir())) == 1


def test_the_command_says_what_it_wrote(
    submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = submit("alice", "ours", psnr=31.0)
    site = tmp_path / "site"
    assert main(["report", str(tmp_path / "alice"), "--site", str(site), "--published"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "(1 result, 3 pages" in told
    assert "published" in (next(site.glob("self*.html"))).read_text()
    assert {path.name for path in folder.parent.iterdir()} == {"0"}
    assert main(["report", str(tmp_path / "alice"), "--site", str(site), "--rows", "method"]) == 2
    assert "--rows" in capsys.readouterr().err


def test_equal_results_of_two_people_are_both_there(
    submit: Submit, publish: Publish, tmp_path: Path, make_result: Callable[..., Result]
) -> None:
    result = make_result("ours", psnr=31.0)
    for source in ("alice", "bob"):
        write_result(tmp_path / source / "0", result)
    summary = publish("alice", "bob")
    assert summary.results == 2
    assert len(list((summary.index.parent / "results").iterdir())) == 2
    assert "Measured more than once" in board(summary).text


def test_a_method_that_counts_with_other_code_is_told(
    tmp_path: Path, publish: Publish, make_result: Callable[..., Result]
) -> None:
    for source, code in (("alice", "a"), ("bob", "b")):
        result = make_result("ours", psnr=31.0)
        method = result.method.model_copy(update={"code_sha256": code * 64})
        write_result(tmp_path / source, result.model_copy(update={"method": method}))
    page = board(publish("alice", "bob"))
    assert "differ in the method's code" in page.text


def test_means_stand_first_and_say_who_has_none(submit: Submit, publish: Publish) -> None:
    for identity in ("x", "y"):
        submit("alice", "ours", identity=identity, psnr=31.0)
    submit("alice", "theirs", identity="x", psnr=30.0)
    text = re.sub(r"\s+", " ", board(publish("alice")).text)
    assert "mean of 2 cases (none for 1 of 2 methods, which lack a case)" in text
    assert text.index("mean of 2 cases") < text.index("nothing")


def test_results_without_a_number_are_there_all_the_same(submit: Submit, publish: Publish) -> None:
    submit("alice", "ours", psnr="no weights")
    submit("alice", "theirs")
    page = board(publish("alice"))
    assert len([link for link in page.links if link.startswith("results/")]) == 2
    assert "no weights" in page.text


def test_metrics_that_only_an_earlier_result_has_stay_on_the_board_and_count_in_the_csv(
    submit: Submit, publish: Publish
) -> None:
    submit("alice", "ours", psnr=31.0, lmd=2.5, created="2025-01-01T00:00:00+00:00")
    submit("bob", "ours", psnr=33.0, created="2025-02-01T00:00:00+00:00")
    summary = publish("alice", "bob")
    cells = [about for tag, about in board(summary).elements if tag == "td"]
    assert [about["data-value"] for about in cells if "data-value" in about] == ["33.0", "2.5"]
    (path,) = summary.index.parent.glob("*.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [(line["source"], line["value"], line["superseded"]) for line in lines] == [
        ("alice/0", "31.0", "yes"),
        ("alice/0", "2.5", "no"),
        ("bob/1", "33.0", "no"),
    ]


def test_one_condition_that_versions_call_differently_has_one_check_box(
    submit: Submit, publish: Publish
) -> None:
    submit("alice", "new", psnr=31.0, leaked=("true head pose",))
    old = submit("bob", "old", psnr=30.0, leaked=("true head pose",)) / "result.json"
    old.write_text(old.read_text().replace("true head pose", "true pose"))
    boxes = [a for _, a in board(publish("alice", "bob")).elements if a.get("type") == "checkbox"]
    assert [box["data-filter"] for box in boxes] == ["given"]
