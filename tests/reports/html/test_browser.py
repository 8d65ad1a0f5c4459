"""The page in a real browser. Each picture of the test videos is a grey that tells its frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tgbench.progress import SILENT
from tgbench.reports.html import write_html
from tgbench.results import MeasuredCase

from .watching import AT_REST, FRAMES_SHOWN, PLACE, assert_all_show, assert_quiet, centre

MakeFolder = Callable[..., MeasuredCase]
Chromium = Any

NASTY = '</script><script>hacked()</script><img src=x onerror="hacked()"> & 頭'


def test_keys_and_buttons_step_all_videos_to_the_very_frame(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    chromium.until(f"document.querySelectorAll('video').length === 7 && {AT_REST}")
    assert_all_show(chromium, 0)
    chromium.press("ArrowRight")
    assert_all_show(chromium, 1)
    chromium.press("ArrowRight", modifiers=8)
    assert_all_show(chromium, 11)
    chromium.press("ArrowLeft")
    assert_all_show(chromium, 10)
    chromium.press("End")
    assert_all_show(chromium, 29)
    chromium.press("ArrowRight")
    assert_all_show(chromium, 29)
    chromium.press("Home")
    assert_all_show(chromium, 0)
    chromium.click(*centre(chromium, ".transport button:nth-of-type(3)"))
    assert_all_show(chromium, 1)
    chromium.press(" ")
    chromium.until("!document.querySelector('video').paused")
    assert_quiet(chromium)


def test_a_click_on_a_curve_or_a_thumbnail_jumps(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    chromium.until(f"document.querySelectorAll('video').length === 7 && {AT_REST}")
    chromium.click(*centre(chromium, ".plot", 20 / 29))
    assert_all_show(chromium, 20)
    left = chromium.run("document.querySelector('.cursor').style.left")
    assert float(left.rstrip("%")) == pytest.approx(100 * 20 / 29, abs=0.1)
    reading = chromium.run("document.querySelectorAll('.chart')[1].querySelector('b').textContent")
    assert float(reading) == 10.0
    worst = "document.querySelector('.shot span').textContent"
    chromium.until(f"document.querySelector('.shot') && {worst}.startsWith('29')")
    chromium.click(*centre(chromium, ".shot"))
    assert_all_show(chromium, 29)
    assert_quiet(chromium)


def test_thumbnails_show_their_frames(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    chromium.until("document.querySelectorAll('.shot').length === 18")
    told = """[...document.querySelectorAll('.shot')].map((shot) => {
      const canvas = shot.querySelector('canvas');
      const grey = canvas.getContext('2d').getImageData(64, 64, 1, 1).data;
      return [parseInt(shot.textContent), grey[3] ? Math.round(grey[0] / 8) : -1];
    })"""
    chromium.until(f"{told}.every(([frame, shown]) => shown >= 0)")
    assert all(frame == shown for frame, shown in chromium.run(told))
    assert_quiet(chromium)


def test_sound_comes_from_one_video(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    chromium.until(f"document.querySelectorAll('video').length === 7 && {AT_REST}")
    heard = "[...document.querySelectorAll('video')].filter((video) => !video.muted).length"
    assert chromium.run(heard) == 1
    chromium.run("document.querySelectorAll('.transport input[type=checkbox]')[1].click()")
    assert chromium.run(heard) == 0


def test_methods_come_and_go(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    chromium.until(f"document.querySelectorAll('video').length === 7 && {AT_REST}")
    chromium.press("ArrowRight", modifiers=8)
    box = "document.querySelector('.chooser input')"
    chromium.run(f"{box}.click()")
    assert chromium.run("document.querySelectorAll('video').length") == 5
    readings = "[...document.querySelectorAll('.readings')[1].children]"
    seen = f"{readings}.map((reading) => reading.checkVisibility())"
    assert chromium.run(seen) == [False, True, True]
    chromium.run(f"{box}.click()")
    chromium.until(f"document.querySelectorAll('video').length === 7 && {AT_REST}")
    assert_all_show(chromium, 10)
    names = "[...document.querySelectorAll('.tile figcaption')].map((e) => e.childNodes[1].data)"
    assert chromium.run(names) == ["Ground truth", "ours", "theirs", "third"]
    assert_quiet(chromium)


def test_columns_sort_by_value_and_back(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    names = "[...document.querySelectorAll('tr.row th > a')].map((a) => a.textContent)"
    assert chromium.run(names) == ["ours", "theirs", "third"]
    button = "document.querySelectorAll('.summary thead button')"
    heads = chromium.run(f"[...{button}].map((head) => head.textContent)")
    psnr, lmd = (next(i for i, head in enumerate(heads) if head.startswith(n)) for n in ("P", "L"))
    orders = []
    for _ in range(3):
        chromium.run(f"{button}[{psnr}].click()")
        orders.append(chromium.run(names))
    assert orders == [
        ["third", "ours", "theirs"],
        ["theirs", "ours", "third"],
        ["ours", "theirs", "third"],
    ]
    chromium.run(f"{button}[{lmd}].click()")
    assert chromium.run(names) == ["theirs", "ours", "third"]
    assert_quiet(chromium)


def test_sorting_keeps_unlike_kinds_apart(
    chromium: Chromium, make_folder: MakeFolder, tmp_path: Path
) -> None:
    values = {"a": (30.0, "full frame"), "b": (40.0, "pasted"), "c": (50.0, "full frame")}
    results = [
        make_folder(name, videos=False, psnr=value, mode=mode)
        for name, (value, mode) in values.items()
    ]
    page = write_html(results, tmp_path / "page.html", SILENT).path
    chromium.open(page)
    chromium.run("document.querySelectorAll('.summary thead button')[1].click()")
    names = "[...document.querySelectorAll('tr.row th > a')].map((a) => a.textContent)"
    assert chromium.run(names) == ["c", "a", "b"]


def test_a_link_opens_the_whole_provenance(chromium: Chromium, page: Path) -> None:
    chromium.open(page, "#result-1")
    chromium.until("document.querySelector('#result-1 .record-body')")
    told = chromium.run("document.querySelector('#result-1').textContent")
    assert "theirs" in told
    assert "SHA-256 of everything that determines the outcome" in told
    assert chromium.run("document.querySelectorAll('.record-body').length") == 1
    assert_quiet(chromium)


def test_the_filter_hides_what_does_not_match(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    chromium.run("document.getElementById('filter').focus()")
    chromium.call("Input.insertText", text="THEIRS")
    visible = "[...document.querySelectorAll('{}')].filter((e) => e.checkVisibility()).length"
    assert chromium.run(visible.format("tr.row")) == 1
    assert chromium.run(visible.format("details.result")) == 1
    assert_quiet(chromium)


def test_hostile_names_are_shown_and_do_nothing(
    chromium: Chromium, make_folder: MakeFolder, tmp_path: Path
) -> None:
    results = [
        make_folder(NASTY, identity=NASTY, driver=NASTY, config={NASTY: NASTY}, psnr=30.0),
        make_folder("b", identity=NASTY, driver=NASTY, notes=(NASTY,), psnr=NASTY),
    ]
    page = write_html(results, tmp_path / "page.html", SILENT, problems=[NASTY]).path
    chromium.open(page, "#result-0")
    chromium.run("for (const e of document.querySelectorAll('details')) e.open = true")
    chromium.until(f"document.querySelectorAll('.record-body').length === 2 && {AT_REST}")
    assert NASTY in chromium.run("document.querySelector('.tile:nth-child(2)').textContent")
    assert NASTY in chromium.run("document.querySelector('.record-body').textContent")
    assert chromium.run("document.querySelectorAll('img').length") == 0
    assert chromium.run("document.scripts.length") == 1 + 1 + 2 + 1 + 5
    assert_quiet(chromium)


def test_the_policy_stops_what_would_get_in(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    chromium.run(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.bad = 1\">')"
    )
    said = chromium.run(
        "fetch('https://example.invalid/').then(() => 'sent', (error) => error.message)"
    )
    assert "Failed" in said or "Refused" in said or "Security" in said
    assert not chromium.run("window.bad")
    assert not [url for url in chromium.requests if "example" in url]


def test_damaged_and_missing_videos_are_said_and_the_rest_plays(
    chromium: Chromium, make_folder: MakeFolder, tmp_path: Path
) -> None:
    results = [make_folder("whole", psnr=1.0), make_folder("broken", psnr=2.0)]
    folder = results[1].folder
    (folder / "video.mp4").write_bytes(b"no video" * 100)
    (folder / "error.mp4").unlink()
    page = write_html(results, tmp_path / "page.html", SILENT).path
    chromium.open(page)
    chromium.until("document.querySelectorAll('.absent').length === 2")
    told = chromium.run("[...document.querySelectorAll('.absent')].map((e) => e.textContent)")
    assert sorted(told) == [
        "error.mp4 is missing",
        "the video cannot be played: its file is damaged",
    ]
    chromium.until(f"document.querySelectorAll('video').length === 3 && {AT_REST}")
    chromium.press("End")
    chromium.until(f"{FRAMES_SHOWN}.every((shown) => shown === 29)")
    assert chromium.run(FRAMES_SHOWN) == [29, 29, 29]


def test_a_video_that_breaks_off_does_not_hold_up_the_others(
    chromium: Chromium, make_folder: MakeFolder, tmp_path: Path
) -> None:
    results = [make_folder("whole", psnr=1.0), make_folder("broken", psnr=2.0)]
    video = results[1].folder / "video.mp4"
    video.write_bytes(video.read_bytes()[: video.stat().st_size * 2 // 3])
    page = write_html(results, tmp_path / "page.html", SILENT).path
    chromium.open(page)
    chromium.until(f"document.querySelectorAll('video').length >= 4 && {AT_REST}")
    chromium.press(" ")
    frame = f"Number({PLACE}.split(' ')[1])"
    chromium.until(f"{frame} > 20")
    chromium.until(f"{frame} < 10")
    chromium.press(" ")
    chromium.press("End")
    chromium.until(f"{frame} === 29")


@pytest.mark.parametrize("width", [400, 1280])
def test_no_name_makes_the_page_wider_than_the_window(
    chromium: Chromium, make_folder: MakeFolder, tmp_path: Path, width: int
) -> None:
    results = [
        make_folder(letter * 500, identity="i" * 500, psnr=1.0, lmd="r" * 500) for letter in "MW"
    ]
    problems = ["p" * 500]
    page = write_html(results, tmp_path / "page.html", SILENT, problems=problems).path
    chromium.open(page, "#result-0", width=width)
    chromium.run("document.getElementById('case-0').open = true")
    chromium.until(f"document.querySelectorAll('video').length === 5 && {AT_REST}")
    chromium.run("for (const e of document.querySelectorAll('details.result *')) e.open = true")
    assert chromium.run("document.documentElement.scrollWidth") <= width


def test_names_of_metrics_may_be_those_of_javascript(
    chromium: Chromium, make_folder: MakeFolder, tmp_path: Path
) -> None:
    results = [make_folder("a", psnr=1.0, constructor=2.0), make_folder("b", psnr=2.0)]
    table = pd.read_parquet(results[0].folder / "frames.parquet")
    for name in ("constructor", "__proto__", "toString"):
        table[name] = table["psnr"]
    table.to_parquet(results[0].folder / "frames.parquet")
    page = write_html(results, tmp_path / "page.html", SILENT).path
    chromium.open(page, "#result-0")
    chromium.run("document.getElementById('case-0').open = true")
    chromium.until(f"document.querySelectorAll('video').length === 5 && {AT_REST}")
    count = chromium.run("document.querySelector('.worst select').options.length")
    for chosen in range(count):
        chromium.run(
            "(() => { const chooser = document.querySelector('.worst select');"
            f" chooser.selectedIndex = {chosen};"
            " chooser.dispatchEvent(new Event('change')); })()"
        )
        chromium.until("document.querySelector('.shot')")
    assert_quiet(chromium)


def test_a_strange_address_is_no_error(chromium: Chromium, page: Path) -> None:
    chromium.open(page, "#%E0%A4%A")
    chromium.until("document.readyState === 'complete'")
    assert_quiet(chromium)


def test_previews_play_and_are_said_to_be_such(
    chromium: Chromium, make_folder: MakeFolder, tmp_path: Path
) -> None:
    results = [make_folder("a", psnr=1.0), make_folder("b", psnr=2.0)]
    whole = write_html(results, tmp_path / "page.html", SILENT)
    size = 4 / 3 * sum(path.stat().st_size for path in tmp_path.rglob("*.mp4"))
    summary = write_html(results, tmp_path / "page.html", SILENT, budget_mb=0.7 * size / 1e6)
    assert not whole.previews
    assert summary.previews
    chromium.open(summary.path)
    chromium.until(f"document.querySelectorAll('video').length === {summary.videos} && {AT_REST}")
    chromium.press("End")
    chromium.until(f"{FRAMES_SHOWN}.every((shown) => shown === 29)")
    assert "smaller copies" in chromium.run("document.querySelector('.about-videos').textContent")
    assert_quiet(chromium)


def test_closing_a_case_lets_go_of_its_videos(
    chromium: Chromium, make_folder: MakeFolder, tmp_path: Path
) -> None:
    results = [make_folder("a", psnr=1.0), make_folder("a", identity="other", psnr=2.0)]
    page = write_html(results, tmp_path / "page.html", SILENT).path
    chromium.open(page)
    chromium.until(f"document.querySelectorAll('video').length === 3 && {AT_REST}")
    chromium.run("document.getElementById('case-1').open = true")
    chromium.until(f"document.getElementById('case-1').querySelector('video') && {AT_REST}")
    assert chromium.run("document.querySelectorAll('video').length") == 3
    assert not chromium.run("document.getElementById('case-0').open")
    assert_quiet(chromium)
