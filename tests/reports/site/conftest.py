"""Result folders of several people, and the browser of the HTML report's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tgbench.reports.site import SiteSummary, gather, write_site
from tgbench.running.result import Result, write_result

from ..html.conftest import Chromium, browser, chromium

__all__ = ["Chromium", "browser", "chromium"]

Submit = Callable[..., Path]


@pytest.fixture
def submit(tmp_path: Path, make_result: Callable[..., Result]) -> Submit:
    """Puts a result into a folder; keywords are those of `make_result`."""
    numbers = iter(range(1000))

    def put(source: str = "alice", method: str = "ours", **about: Any) -> Path:
        folder = tmp_path / source / str(next(numbers))
        write_result(folder, make_result(method, **about))
        return folder

    return put


@pytest.fixture
def publish(tmp_path: Path) -> Callable[..., SiteSummary]:
    """Writes the site of the named folders."""

    def write(*sources: str, to: str = "site") -> SiteSummary:
        return write_site(gather([tmp_path / source for source in sources]), tmp_path / to)

    return write
