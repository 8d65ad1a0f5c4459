"""What the site makes anew at every build, so that it cannot be stale.

A line `<!-- generated: NAME -->` in a page is replaced by what the function of that name returns.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tgbench import plugins
from tgbench.specs import MetricSpec

ROOT = Path(__file__).resolve().parents[1]

_MARK = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
_METHOD_README = "methods/talkinggaussian/README.md"


def on_files(files: Any, config: Any) -> Any:
    """Add the README of TalkingGaussian as a page."""
    from mkdocs.structure.files import File

    text = (ROOT / _METHOD_README).read_text(encoding="utf-8").replace("../../docs/", "../")
    files.append(File.generated(config, "methods/talkinggaussian.md", content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in what a page asks for."""
    return _MARK.sub(lambda found: "\n".join(GENERATED[found[1]]()), markdown)


def default_metrics() -> Iterator[str]:
    """Yield the table of the metrics that a run measures unasked."""
    return _metrics(spec for spec in plugins.metrics().values() if not spec.by_name)


def metrics_by_name() -> Iterator[str]:
    """Yield the table of the metrics that are measured when named."""
    return _metrics(spec for spec in plugins.metrics().values() if spec.by_name)


def _metrics(specs: Iterable[MetricSpec]) -> Iterator[str]:
    yield "| name | title | | unit | what it is | needs |"
    yield "|---|---|---|---|---|---|"
    for spec in specs:
        sign = spec.direction.arrow or "·"
        needs = ", ".join(sorted(spec.needs)) or "frames alone"
        cells = (f"`{spec.name}`", spec.title, sign, spec.unit, spec.summary, needs)
        yield f"| {' | '.join(map(_cell, cells))} |"


def protocols() -> Iterator[str]:
    """Yield the table of the installed protocols."""
    yield "| name | version | what it does |"
    yield "|---|---|---|"
    for spec in plugins.protocols().values():
        yield f"| `{spec.name}` | {spec.version} | {_cell(spec.summary)} |"


def methods() -> Iterator[str]:
    """Yield the table of the installed methods."""
    yield "| name | what it does | its frames are | it is given when rendering | presets |"
    yield "|---|---|---|---|---|"
    for spec in plugins.methods().values():
        given = ", ".join(spec.leaked_conditions) or "nothing of the truth"
        presets = ", ".join(f"`{name}`" for name in spec.presets)
        cells = (f"`{spec.name}`", spec.summary, spec.composite_mode, given, presets)
        yield f"| {' | '.join(map(_cell, cells))} |"


def command_line() -> Iterator[str]:
    """Yield the help of every command."""
    os.environ["COLUMNS"] = "90"
    for name, spec in plugins.commands().items():
        parser = argparse.ArgumentParser(prog=f"tgbench {name}", description=spec.summary)
        spec.load().add_arguments(parser)
        yield f"## tgbench {name}"
        yield ""
        yield from ("```text", parser.format_help().rstrip(), "```", "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


GENERATED: dict[str, Callable[[], Iterable[str]]] = {
    function.__name__: function
    for function in (default_metrics, metrics_by_name, protocols, methods, command_line)
}
