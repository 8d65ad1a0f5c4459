from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError

import pytest

from tgbench import extras


@pytest.fixture(autouse=True)
def _not_known_before() -> Iterator[None]:
    """The release of torch is read once a process."""
    extras._torch_release.cache_clear()
    yield
    extras._torch_release.cache_clear()


class Installed:
    """A distribution with what pip notes about its origin (PEP 610)."""

    def __init__(self, origin: str | None) -> None:
        self._origin = origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self._origin


def install(
    monkeypatch: pytest.MonkeyPatch, torch: str | None = "2.13.0", origin: str | None = None
) -> None:
    def version(_: str) -> str:
        if torch is None:
            raise PackageNotFoundError("torch")
        return torch

    monkeypatch.setattr(extras, "version", version)
    monkeypatch.setattr(extras, "distribution", lambda _: Installed(origin))


@pytest.mark.parametrize(
    ("torch", "command"),
    [
        ("2.13.0", "pip install 'tgbench[lpips]' torch==2.13.0"),
        ("2.13.0+cu130", "pip install 'tgbench[lpips]' torch==2.13.0"),
        ("2.14.0a0+gitabc", "pip install 'tgbench[lpips]'"),
        (None, "pip install 'tgbench[lpips]'"),
    ],
)
def test_the_torch_that_is_here_is_kept(
    monkeypatch: pytest.MonkeyPatch, torch: str | None, command: str
) -> None:
    install(monkeypatch, torch)
    assert extras.install_extra("lpips") == command


def test_an_extra_without_torch_does_not_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    assert extras.install_extra("face") == "pip install 'tgbench[face]'"


@pytest.mark.parametrize(
    ("origin", "package"),
    [
        ({"url": "file:///home/me/tgbench", "dir_info": {"editable": True}}, "-e '.[face]'"),
        ({"url": "file:///home/me/tgbench", "dir_info": {}}, "'tgbench[face]'"),
        ({"url": "https://host/tgbench.whl", "archive_info": {}}, "'tgbench[face]'"),
    ],
)
def test_a_checkout_is_installed_from_again(
    monkeypatch: pytest.MonkeyPatch, origin: object, package: str
) -> None:
    install(monkeypatch, origin=json.dumps(origin))
    assert extras.install_extra("face") == f"pip install {package}"
