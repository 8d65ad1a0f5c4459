"""Videos of the page that play together in a real browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tgbench.progress import SILENT
from tgbench.reports.html import write_html
from tgbench.results import MeasuredCase
from tgbench.running.result import ViewRecord

from .watching import AT_REST, PLACE, assert_all_show, assert_quiet

MakeFolder = Callable[..., MeasuredCase]
Chromium = Any

HALF_A_FRAME = 0.02


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
