"""What tests of the page in a browser share. Each picture of the test videos tells its frame."""

from __future__ import annotations

from typing import Any

Chromium = Any

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
