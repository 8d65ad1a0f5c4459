"""The documentation's site: it builds without warnings, and asks no network for anything."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tgbench import plugins
from tgbench.baselines.specs import METHODS as DECLARED

from .workplace import ROOT

LOADED = re.compile(
    r"<(?:script|img|iframe|source)[^>]*\ssrc=[\"']?(?P<src>[^\"'\s>]+)"
    r"|<link[^>]*\shref=[\"']?(?P<href>[^\"'\s>]+)"
)


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = spec_from_file_location("docs_hooks", ROOT / "docs" / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_installed_metric_is_on_the_page(hooks: ModuleType) -> None:
    lines = [*hooks.default_metrics(), *hooks.metrics_by_name()]
    named = re.findall(r"^\| `(\w+)` \|", "\n".join(lines), re.MULTILINE)
    assert sorted(named) == sorted(plugins.metrics())
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_every_command_is_in_the_reference(hooks: ModuleType) -> None:
    text = "\n".join(hooks.command_line())
    assert re.findall(r"^## tgbench ([\w-]+)$", text, re.MULTILINE) == list(plugins.commands())
    assert "--through-codec" in text


def test_every_shipped_system_has_its_line_its_section_and_its_traps(hooks: ModuleType) -> None:
    names = [spec.name for spec in DECLARED]
    assert len(names) == 11
    assert re.findall(r"^\| \[`([\w-]+)`\]", "\n".join(hooks.systems()), re.MULTILINE) == names
    facts = "\n".join(hooks.system_facts())
    assert re.findall(r"^## .* \{ #([\w-]+) \}$", facts, re.MULTILINE) == names
    for fact in ("9b9dc03f", "right half", "CC BY-NC 4.0", "HDTF", "`wav2lip_gan`", "60 frames/s"):
        assert fact in facts
    assert not re.search(r"\bNone\b", facts)


def test_every_mark_has_something_that_fills_it_in(hooks: ModuleType) -> None:
    pages = "\n".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))
    marks = re.findall(r"<!-- generated: (\w+) -->", pages)
    assert set(marks) == set(hooks.GENERATED)


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="mkdocs is not installed; see `make docs`")
@pytest.mark.slow
def test_the_site_builds_and_needs_no_network(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(
        [*command, "--site-dir", str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        for found in LOADED.finditer(page.read_text(encoding="utf-8")):
            address = found["src"] or found["href"]
            assert not address.startswith(("http:", "https:", "//")), f"{page.name}: {address}"
