"""The examples in docstrings."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def modules() -> list[str]:
    """Return the modules of the suite that have examples."""
    found = []
    for room in ("tgbench", "methods", "protocols", "reports"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                name = name.removesuffix(".__init__")
                found.append(name if name.startswith("tgbench") else f"tgbench.{name}")
    return found


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_say_what_comes_out(name: str, grey_clips: Path) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0
