"""A browser for the tests: Chromium without a window, spoken to over a pipe."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tgbench.audio import Waveform
from tgbench.progress import SILENT
from tgbench.reports.html import write_html
from tgbench.results import MeasuredCase
from tgbench.running.result import Result, write_result
from tgbench.video.writer import VideoWriter

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 30.0
"""Seconds that anything may take on a busy machine."""

_AT_THREE_AND_FOUR = """
import fcntl, os, sys
moved = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
os.dup2(moved[0], 3), os.dup2(moved[1], 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""Where the protocol wants its pipes."""


class Chromium:
    """The Chrome DevTools protocol over a pipe: JSON messages that end with a zero byte.

    Attributes:
        complaints: errors of scripts, on the console, and of the security policy.
        requests: addresses that pages asked for.
    """

    def __init__(self, program: str, profile: Path) -> None:
        to_child, self._write = os.pipe()
        self._read, from_child = os.pipe()
        command = [
            program,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-component-update",
            "--disable-background-networking",
            "--autoplay-policy=no-user-gesture-required",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
            "about:blank",
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _AT_THREE_AND_FOUR, str(to_child), str(from_child), *command],
            pass_fds=(to_child, from_child),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_child)
        os.close(from_child)
        self._pending = b""
        self._number = 0
        self._session = ""
        self._events: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.requests: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def open(self, path: Path, fragment: str = "", width: int = 1280, dark: bool = False) -> None:
        """Open a file, with nothing kept of what the last one said."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.call("Page.navigate", url="about:blank")
        self.complaints.clear()
        self.requests.clear()
        self._events.clear()
        self.call("Page.navigate", url=path.resolve().as_uri() + fragment)
        self.until("document.readyState === 'complete'")

    def run(self, expression: str) -> Any:
        """Return what JavaScript makes of an expression, promises waited for."""
        answer = self.call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def until(self, expression: str, patience: float = PATIENCE) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.run(f"Boolean({expression})"):
                return
            time.sleep(0.05)
        raise AssertionError(f"never true: {expression}; {self.complaints}")

    def press(self, key: str, **modifiers: int) -> None:
        """Press and release a key."""
        text = {"text": key} if len(key) == 1 else {}
        code = {" ": "Space"}.get(key, key)
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=code, **text, **modifiers)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=code, **modifiers)

    def click(self, x: float, y: float) -> None:
        """Click at a place of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, path: Path, whole: bool = True) -> None:
        """Write what the page looks like."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        """End the browser."""
        self._session = ""
        try:
            self.call("Browser.close")
        except (OSError, EOFError, TimeoutError):
            self._process.kill()
        self._process.wait(PATIENCE)
        os.close(self._read)
        os.close(self._write)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._pending:
            if not select.select([self._read], [], [], PATIENCE)[0]:
                raise TimeoutError("the browser says nothing")
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise EOFError("the browser is gone")
            self._pending += piece
        message, _, self._pending = self._pending.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _note(self, event: dict[str, Any]) -> None:
        method, about = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning"):
            self.complaints.append(str([item.get("value") for item in about["args"]]))
        elif method == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.complaints.append(about["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser for all tests."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    found = Chromium(program, tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


@pytest.fixture
def chromium(browser: Chromium) -> Iterator[Chromium]:
    """The browser; what a test leaves playing does not go on."""
    yield browser
    browser.call("Page.navigate", url="about:blank")


FRAMES = 30
LEVEL = 8
"""Grey levels between one frame and the next, so that a picture tells its number."""

MakeFolder = Callable[..., MeasuredCase]


def write_coded_video(path: Path, offset: int = 0, sound: bool = True) -> None:
    """Write a video of 30 frames, each a grey that says which one it is."""
    audio = Waveform(np.zeros(FRAMES * 640, np.float32), 16000) if sound else None
    with VideoWriter(path, 64, 64, audio=audio) as video:
        for frame in range(FRAMES):
            video.write(np.full((64, 64, 3), LEVEL * frame + offset, np.uint8))


@pytest.fixture
def make_folder(tmp_path: Path, make_result: Callable[..., Result]) -> MakeFolder:
    """Makes a result folder as a run leaves it; keywords are those of `make_result`."""

    def make(name: str = "ours", *, videos: bool = True, **about: Any) -> MeasuredCase:
        result = make_result(name, **about)
        result = result.model_copy(update={"frames": FRAMES})
        folder = tmp_path / "out" / hashlib.sha256(repr((name, about)).encode()).hexdigest()[:8]
        write_result(folder, result)
        ramp = np.arange(FRAMES, dtype=np.float64)
        values = {"frame": np.arange(FRAMES), "psnr": 30 - ramp, "mouth_opening": ramp / 100}
        pd.DataFrame({**values, "speech_level": ramp / 50}).to_parquet(folder / "frames.parquet")
        boxes = {
            f"{region}_{side}": np.full(FRAMES, value)
            for region in ("face", "mouth", "eyes")
            for side, value in {"left": 20.0, "top": 30.0, "right": 40.0, "bottom": 40.0}.items()
        }
        pd.DataFrame({**boxes, "target_mouth_opening": ramp / 90}).to_parquet(
            folder / "faces.parquet"
        )
        if videos:
            write_coded_video(folder / "video.mp4")
            write_coded_video(folder / "target.mp4", offset=4)
            write_coded_video(folder / "error.mp4", sound=False)
        return MeasuredCase(result, folder)

    return make


@pytest.fixture
def page(make_folder: MakeFolder, tmp_path: Path) -> Path:
    results = [
        make_folder("ours", psnr=31.0, lmd=2.0),
        make_folder("theirs", psnr=30.0, lmd=1.0),
        make_folder("third", psnr=32.0),
    ]
    return write_html(results, tmp_path / "page.html", SILENT).path
