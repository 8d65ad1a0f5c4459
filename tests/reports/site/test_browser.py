"""The site in a real browser, opened from disk."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.reports.site import SiteSummary
from tgbench.running.result import MetricRecord

from .conftest import Chromium

Submit = Callable[..., Path]
Publish = Callable[..., SiteSummary]

NASTY = '</script><script>hacked()</script><img src=x onerror="hacked()"> & 頭'
ROWS = """[...document.querySelectorAll('tr.row')].filter((row) => row.checkVisibility())
  .map((row) => row.cells[0].querySelector('bdi').textContent)"""
SHOWN = "document.getElementById('shown').textContent"
SORTED = "[...document.querySelectorAll('.board thead th')].map((head) => head.ariaSort)"


@pytest.fixture
def board(submit: Submit, publish: Publish) -> Path:
    """A page with two ways to make frames, two measurers and two people."""
    dlib = MetricRecord(
        value=0.5, status="measured", scored=10, total=10, direction="lower", measured_by="dlib"
    )
    full, pasted = {"mode": "full frame"}, {"mode": "face pasted on the true video"}
    submit("alice", "b-net", psnr=31.0, lmd=2.0, leaked=("true pose",), **full)
    submit("alice", "A-net", psnr=33.0, lmd=1.0, **full)
    submit("bob", "c-net", psnr=32.0, lmd=dlib, leaked=("true pose", "true torso"), **full)
    submit("bob", "paste", psnr=45.0, lmd="no face found", **pasted)
    submit("bob", "b-net 2", identity="synth-b", psnr=20.0, leaked=("true pose",), **full)
    (path,) = publish("alice", "bob").index.parent.glob("self*.html")
    return path


def choose(chromium: Chromium, what: str, label: str) -> None:
    """Choose an option by its text."""
    chromium.run(
        f"""(() => {{ const select = document.querySelector('[data-filter={what}]');
        select.value = [...select.options].find((o) => o.textContent.includes({label!r})).value;
        select.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"""
    )


def assert_quiet(chromium: Chromium) -> None:
    assert chromium.complaints == []
    assert [url for url in chromium.requests if not url.startswith("file:")] == []


def test_columns_sort_by_mouse_and_key_and_say_so(chromium: Chromium, board: Path) -> None:
    chromium.open(board)
    chromium.run("document.querySelectorAll('.board thead button')[0].focus()")
    chromium.press("Tab")
    chromium.press("Enter", text="\r")  # type: ignore[arg-type]
    assert chromium.run(SORTED)[1] == "descending"
    # The pasted face has the highest value, and is not above those it does not compare with.
    assert chromium.run(ROWS) == ["A-net", "c-net", "b-net", "paste", "b-net 2"]
    apart = "[...document.querySelectorAll('tr.apart')].map((row) => row.cells[0].textContent)"
    assert [name[:5] for name in chromium.run(apart)] == ["paste"]
    chromium.press("Enter", text="\r")  # type: ignore[arg-type]
    assert chromium.run(SORTED)[1] == "ascending"
    assert chromium.run(ROWS) == ["b-net", "c-net", "A-net", "paste", "b-net 2"]
    chromium.run("document.querySelectorAll('.board thead button')[0].click()")
    assert chromium.run(ROWS) == ["A-net", "b-net", "c-net", "paste", "b-net 2"]
    assert chromium.run("document.querySelectorAll('tr.apart').length") == 0
    heads = chromium.run("document.querySelectorAll('.board thead th').length")
    assert chromium.run("document.querySelectorAll('.board thead th button').length") == heads
    for column in range(heads):
        chromium.run(f"document.querySelectorAll('.board thead button')[{column}].click()")
        assert chromium.run(SORTED)[column] in ("ascending", "descending")
    assert_quiet(chromium)


def test_filters_hide_rows_and_leave_the_marks(chromium: Chromium, board: Path) -> None:
    chromium.open(board)
    best = "[...document.querySelectorAll('td.best')].filter((e) => e.checkVisibility())"
    best += ".map((cell) => cell.dataset.value)"
    assert chromium.run(SHOWN) == "5 rows"
    assert chromium.run(best) == ["33", "1"] or chromium.run(best) == ["33.0", "1.0"]
    choose(chromium, "mode", "pasted")
    assert chromium.run(ROWS) == ["paste"]
    choose(chromium, "mode", "all")
    choose(chromium, "identity", "synth-b")
    assert chromium.run(ROWS) == ["b-net 2"]
    assert chromium.run(SHOWN) == "1 of 5 rows; marks are those among all 5"
    choose(chromium, "identity", "all")
    chromium.run("document.querySelectorAll('[data-filter=given]')[0].click()")
    assert chromium.run(ROWS) == ["A-net", "paste"]
    chromium.run("document.querySelectorAll('[data-filter=given]')[0].click()")
    choose(chromium, "by", "dlib")
    assert chromium.run(ROWS) == ["c-net"]
    chromium.run("document.getElementById('reset').click()")
    assert len(chromium.run(ROWS)) == 5
    chromium.run("document.querySelector('[data-filter=words]').focus()")
    chromium.call("Input.insertText", text="B-NET")
    assert chromium.run(ROWS) == ["b-net", "b-net 2"]
    assert chromium.run(best) == []
    assert_quiet(chromium)


def follow(chromium: Chromium, link: str, until: str) -> None:
    """Click a link and wait for what its page holds."""
    chromium.run(f"document.querySelector({link!r}).click()")
    end = time.monotonic() + 30
    while time.monotonic() < end:
        # Between two pages there is nothing that could be asked.
        with contextlib.suppress(RuntimeError):
            if chromium.run(f"document.querySelector({until!r}) !== null"):
                return
        time.sleep(0.05)
    raise AssertionError(f"{link} leads to no {until}")


def test_a_row_leads_to_its_result_and_back(chromium: Chromium, board: Path) -> None:
    chromium.open(board)
    follow(chromium, "tr.row a[href^=results]", ".record-body")
    told = chromium.run("document.body.textContent")
    for words in ("A-net", "alice", "SHA-256 of everything that determines the outcome", "tests"):
        assert words in told
    follow(chromium, ".crumbs a:nth-of-type(2)", "table.board")
    follow(chromium, ".crumbs a", "table.list")
    assert_quiet(chromium)


def test_a_mark_leads_to_its_note(chromium: Chromium, board: Path) -> None:
    chromium.open(board)
    note = "document.querySelector('.notes li')"
    assert not chromium.run(f"{note}.checkVisibility()")
    chromium.run("document.querySelector('tr.row sup a').click()")
    chromium.until(f"{note}.checkVisibility() && {note}.matches(':target')")
    assert "frames: full frame" in chromium.run(f"{note}.textContent")
    assert_quiet(chromium)


def test_hostile_names_are_shown_and_do_nothing(
    chromium: Chromium, submit: Submit, publish: Publish
) -> None:
    about = {"identity": NASTY, "driver": NASTY, "protocol": NASTY, "version": NASTY}
    submit("alice", NASTY, mode=NASTY, leaked=(NASTY,), psnr=3.0, config={NASTY: NASTY}, **about)
    submit("alice", "b", mode="b", leaked=("c",), psnr=NASTY, notes=(NASTY,), **about)
    half = submit("bob", "c") / "result.json"
    half.write_text('{"schema_version": 1, "' + NASTY.replace('"', "") + '": 1}')
    root = publish("alice", "bob").index.parent
    for path in root.rglob("*.html"):
        chromium.open(path)
        assert chromium.run("document.scripts.length") == 1 + (path.parent.name == "results")
        assert chromium.run("document.querySelectorAll('img').length") == 0
        assert NASTY[:20] in chromium.run("document.body.textContent")
        assert_quiet(chromium)


def test_the_policy_stops_what_would_get_in(chromium: Chromium, board: Path) -> None:
    chromium.open(board)
    chromium.run(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.bad = 1\">');"
        "document.head.append(Object.assign(document.createElement('script'), {text: 'bad = 1'}))"
    )
    said = chromium.run(
        "fetch('https://example.invalid/').then(() => 'sent', (error) => error.message)"
    )
    assert "Failed" in said or "Refused" in said or "Security" in said
    assert not chromium.run("window.bad")
    assert not [url for url in chromium.requests if "example" in url]


@pytest.mark.parametrize("width", [1280, 400])
def test_pages_fit_their_window(
    chromium: Chromium, submit: Submit, publish: Publish, width: int
) -> None:
    submit("alice", "b-net", psnr=31.0, lmd=2.0, leaked=("true pose",))
    submit("alice", "x" * 3000, psnr=31.0, lmd=2.0, leaked=("y" * 500, "z"), mode="w" * 500)
    summary = publish("alice")
    for path in summary.index.parent.rglob("*.html"):
        chromium.open(path, width=width, dark=True)
        assert chromium.run("document.documentElement.scrollWidth") <= width, path
    assert_quiet(chromium)
