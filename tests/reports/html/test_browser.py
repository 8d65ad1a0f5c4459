"""The page in a real browser. Each picture of the test videos is a grey that tells its frame."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tgbench.progress import SILENT
from tgbench.reports.html import write_html
from tgbench.results import MeasuredCase
from tgbench.running.result import ViewRecord

MakeFolder = Callable[..., MeasuredCase]
Chromium = Any

NASTY = '</script><script>hacked()</script><img src=x onerror="hacked()"> & 頭'
HALF_A_FRAME = 0.02

FRAMES_SHOWN = """[...document.querySelectorAll('video')].map((video) => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d');
  context.drawImage(video, 24, 24, 8, 8, 0, 0, 1, 1);
  return Math.floor((context.getImageData(0, 0, 1, 1).data[0] + 2) / 8);
})"""
"""A method's frame k is grey 8k, its ground truth 8k + 4."""

AT_REST = "!document.querySelector('video:not([src])') && [...document.querySelectorAll('video')]"
AT_REST += ".every((video) => video.readyState >= 2 && !video.seeking)"

PLACE = "document.querySelector('.place').textContent"


@pytest.fixture
def page(make_folder: MakeFolder, tmp_path: Path) -> Path:
    results = [
        make_folder("ours", psnr=31.0, lmd=2.0),
        make_folder("theirs", psnr=30.0, lmd=1.0),
        make_folder("third", psnr=32.0),
    ]
    return write_html(results, tmp_path / "page.html", SILENT).path


def centre(chromium: Chromium, selector: str, share: float = 0.5) -> tuple[float, float]:
    """Scroll to an element and return a place inside it, at a share of its width."""
    box = chromium.run(
        f"(() => {{ const e = document.querySelector({selector!r});"
        " e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
        " return [b.left, b.top, b.width, b.height]; })()"
    )
    return box[0] + box[2] * share, box[1] + box[3] / 2


def assert_all_show(chromium: Chromium, frame: int, number: int = 7) -> None:
    videos = chromium.run("document.querySelectorAll('video').length")
    try:
        chromium.until(f"{FRAMES_SHOWN}.every((shown) => shown === {frame})", 5)
    except AssertionError:
        shown = chromium.run(FRAMES_SHOWN)
        raise AssertionError(f"{shown} instead of {frame}") from None
    assert videos == number
    assert f"frame {frame} of" in chromium.run(PLACE)


def assert_quiet(chromium: Chromium) -> None:
    # Reading pixels back is what these tests do, and slow.
    assert [said for said in chromium.complaints if "willReadFrequently" not in said] == []
    away = [url for url in chromium.requests if not url.startswith(("file:", "blob:", "data:"))]
    assert away == []


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


def test_playing_videos_stay_within_half_a_frame(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    chromium.until(f"document.querySelectorAll('video').length === 7 && {AT_REST}")
    chromium.run("document.querySelector('.transport select').value = '0.25'")
    chromium.run("document.querySelector('.transport select').dispatchEvent(new Event('change'))")
    chromium.press(" ")
    chromium.until("[...document.querySelectorAll('video')].every((video) => !video.paused)")
    time.sleep(1.0)
    apart = chromium.run(
        """new Promise((resolve) => {
          const videos = [...document.querySelectorAll('video')], found = [];
          const look = () => {
            const times = videos.map((video) => video.currentTime);
            found.push(Math.max(...times) - Math.min(...times));
            if (found.length < 60) requestAnimationFrame(look); else resolve(found);
          };
          look();
        })"""
    )
    # The clip ends and begins again meanwhile, and the machine may be busy with other things.
    assert sorted(apart)[len(apart) // 2] < HALF_A_FRAME
    chromium.press(" ")
    chromium.until(f"{AT_REST} && document.querySelector('video').paused")
    frame = int(chromium.run(PLACE).split()[1])
    assert_all_show(chromium, frame)
    assert_quiet(chromium)


@pytest.mark.slow
def test_a_circling_camera_and_its_truth_are_in_step(
    chromium: Chromium, make_folder: MakeFolder, tmp_path: Path
) -> None:
    view = ViewRecord(name="spiral", yaw=0.0, pitch=0.0, half_angle=12.5, distance=1.0)
    seen = [
        make_folder(name, protocol="self_driven_3d", driver="spiral", psnr=30.0)
        for name in ("ours", "theirs")
    ]
    cases = [
        MeasuredCase(case.result.model_copy(update={"view": view}), case.folder) for case in seen
    ]
    chromium.open(write_html(cases, tmp_path / "page.html", SILENT).path)
    chromium.until(f"document.querySelectorAll('video').length === 5 && {AT_REST}")
    names = "[...document.querySelectorAll('.tile figcaption')].map((e) => e.childNodes[1].data)"
    assert chromium.run(names) == ["Ground truth", "ours", "theirs"]
    chromium.press("ArrowRight", modifiers=8)
    assert_all_show(chromium, 10, number=5)
    chromium.press(" ")
    chromium.until(f"Number({PLACE}.split(' ')[1]) > 13")
    chromium.press(" ")
    chromium.until(f"{AT_REST} && document.querySelector('video').paused")
    assert_all_show(chromium, int(chromium.run(PLACE).split()[1]), number=5)


def test_playing_goes_on_in_a_loop_or_stops_at_the_end(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    chromium.until(f"document.querySelectorAll('video').length === 7 && {AT_REST}")
    frame = f"Number({PLACE}.split(' ')[1])"
    chromium.press("End")
    assert_all_show(chromium, 29)
    chromium.press(" ")
    chromium.until(f"{frame} > 5 && {frame} < 25")
    chromium.until(f"{frame} < 4")
    chromium.run("document.querySelectorAll('.transport input[type=checkbox]')[0].click()")
    chromium.until("document.querySelector('video').paused")
    assert_all_show(chromium, 29)
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
