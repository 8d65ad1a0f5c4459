"""The page of a study in a real browser, with simulated raters of known quality."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from tgbench.cli import main
from tgbench.reports.study.answers import gather, read_answers
from tgbench.reports.study.records import Key, read_key
from tgbench.reports.study.serving import StudyServer
from tgbench.reports.study.stimuli import TRUTH

from .conftest import Chromium, StudyFolder

QUALITY = {"hidden1": 1, "hidden2": 4, TRUTH: 5}
READY = "document.querySelector('#session:not([hidden]) video')?.readyState >= 2"


def begin(browser: Chromium, page: Path, number: int, code: str) -> None:
    browser.open(page, f"#{number}")
    browser.run("localStorage.clear()")
    browser.open(page, f"#{number}")
    browser.until("!document.getElementById('welcome').hidden")
    fill(browser, code)


def fill(browser: Chromium, code: str) -> None:
    browser.run(f"document.getElementById('code').value = {json.dumps(code)}")
    browser.run("document.getElementById('agree').click()")
    browser.run("document.getElementById('start').click()")
    browser.until(READY)


def watch(browser: Chromium) -> None:
    """Play each video to its end, from near it."""
    count = browser.run("document.querySelectorAll('video').length")
    for side in range(count):
        video = f"document.querySelectorAll('video')[{side}]"
        browser.until(f"{video}.readyState >= 2")
        browser.run(f"{video}.playbackRate = 8")
        browser.press(" ")
        browser.until(f"{video}.ended")


def answer(browser: Chromium, key: Key, sequence: int, number: int) -> None:
    """Answer one trial with keys, as its videos deserve."""
    videos = key.design.sequences[sequence - 1][number].videos
    if videos[0] in key.checks:
        value = key.checks[videos[0]]
    elif len(videos) == 2:
        ranks = [QUALITY[key.stimuli[video].condition] for video in videos]
        value = int(ranks[1] > ranks[0])
    else:
        value = QUALITY[key.stimuli[videos[0]].condition]
    pressed = str(value) if len(videos) == 1 else ("ArrowLeft", "ArrowRight")[value]
    browser.until("!document.getElementById('questions').firstChild.disabled")
    for _ in key.design.questions:
        browser.press(pressed)
    browser.until("!document.getElementById('next').disabled")
    browser.press("Enter")


def take_part(browser: Chromium, key: Key, sequence: int, first: int = 0) -> None:
    total = len(key.design.sequences[sequence - 1])
    for number in range(first, total):
        title = "document.getElementById('session-title').textContent"
        browser.until(f"{title}.endsWith(' {number + 1} of {total}') && {READY}")
        watch(browser)
        answer(browser, key, sequence, number)


SAVED = """(() => {
  let made = null;
  const original = URL.createObjectURL;
  URL.createObjectURL = (blob) => { made = blob; return original(blob); };
  document.addEventListener("click", (event) => {
    if (event.target.closest("a")) event.preventDefault();
  });
  document.getElementById("save").click();
  URL.createObjectURL = original;
  return made.text();
})()"""


def test_answers_by_keyboard_come_back_as_they_were_given(
    study_folder: StudyFolder, chromium: Chromium, tmp_path: Path
) -> None:
    out = study_folder("--questions", "lip_sync,quality")
    key = read_key(out)
    begin(chromium, out / "page.html", 2, "  <img src=x onerror=window.bad=1> ü ")
    take_part(chromium, key, 2)
    chromium.until("!document.getElementById('end').hidden")
    path = tmp_path / "answers.json"
    path.write_text(chromium.run(SAVED), encoding="utf-8")
    answers = read_answers(path, key.design)
    assert answers.finished
    assert answers.participant == "<img src=x onerror=window.bad=1> ü"
    for given in answers.answers:
        video = given.videos[0]
        expected = key.checks.get(video) or QUALITY[key.stimuli[video].condition]
        assert given.values == {"lip_sync": expected, "quality": expected}
        assert given.plays == 1
    assert not chromium.run("window.bad")
    assert not chromium.complaints
    assert all(url.startswith(("file:", "blob:", "data:")) for url in chromium.requests)


@pytest.mark.slow
def test_nothing_can_be_answered_before_all_was_watched(
    study_folder: StudyFolder, chromium: Chromium
) -> None:
    out = study_folder("--pairs", "--questions", "lip_sync")
    begin(chromium, out / "page.html", 1, "p")
    fields = "[...document.querySelectorAll('fieldset')].every((field) => field.disabled)"
    chromium.press("ArrowLeft")
    chromium.press("Enter")
    assert chromium.run(fields)
    assert "1 of" in chromium.run("document.getElementById('session-title').textContent")
    watch(chromium)
    chromium.until(f"!{fields}")
    assert chromium.run("document.getElementById('next').disabled")


@pytest.mark.slow
def test_progress_survives_closing_the_page_and_withdrawing_deletes_it(
    study_folder: StudyFolder, chromium: Chromium
) -> None:
    out = study_folder("--questions", "lip_sync")
    key = read_key(out)
    begin(chromium, out / "page.html", 1, "p")
    watch(chromium)
    answer(chromium, key, 1, 0)
    chromium.open(out / "page.html")
    chromium.until(READY)
    assert "2 of" in chromium.run("document.getElementById('session-title').textContent")
    chromium.run("document.getElementById('withdraw').click()")
    assert chromium.run("localStorage.length") == 0
    chromium.open(out / "page.html")
    assert not chromium.run("document.getElementById('welcome').hidden")


def test_without_consent_nothing_begins(study_folder: StudyFolder, chromium: Chromium) -> None:
    out = study_folder()
    chromium.open(out / "page.html", "#1")
    chromium.run("localStorage.clear()")
    chromium.open(out / "page.html", "#1")
    chromium.run("document.getElementById('start').click()")
    assert not chromium.run("document.getElementById('welcome').hidden")
    said = chromium.run("document.getElementById('welcome').textContent")
    for word in ("stored", "voluntary", "deleted", "consent", "computer"):
        assert word in said


@pytest.mark.slow
def test_raters_in_a_browser_hand_in_to_the_server_and_the_analysis_recovers_quality(
    study_folder: StudyFolder, chromium: Chromium, capsys: pytest.CaptureFixture[str]
) -> None:
    out = study_folder("--pairs", "--questions", "lip_sync")
    key = read_key(out)
    with StudyServer(out, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            for number in (1, 2):
                chromium.call("Page.navigate", url=server.address)
                chromium.until("document.getElementById('welcome')?.hidden === false")
                fill(chromium, f"rater {number}")
                take_part(chromium, key, number)
                text = "document.getElementById('end-text').textContent"
                chromium.until(f"{text}.includes('arrived')")
                assert "have arrived" in chromium.run(text)
                chromium.run("document.getElementById('forget').click()")
        finally:
            server.shutdown()
            thread.join()
    files = sorted((out / "answers").iterdir())
    found = gather(files, key, partial=False, keep_failed=False)
    assert len(found.participants) == 2
    assert main(["study", "analyse", *map(str, files)]) == 0
    assert "always preferred" in capsys.readouterr().out
