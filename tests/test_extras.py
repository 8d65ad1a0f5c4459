from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

from tgbench import extras


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
    def version(_: str) -> str:
        if torch is None:
            raise PackageNotFoundError("torch")
        return torch

    monkeypatch.setattr(extras, "version", version)
    assert extras.install_extra("lpips") == command
