"""What the site makes anew at every build, so that it cannot be stale.

A line `<!-- generated: NAME -->` in a page is replaced by what the function of that name returns.
"""

from __future__ import annotations

import argparse
import os
import re
import typing
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pydantic import BaseModel

from tgbench import plugins
from tgbench.baselines.specs import METHODS as DECLARED
from tgbench.specs import MetricSpec
from tgbench.systems.declaration import Declaration, Facts, read_declaration
from tgbench.systems.fields import (
    Environment,
    Folders,
    Input,
    Output,
    PublishedNumbers,
    Resources,
    Speed,
    Stage,
    WeightsFile,
)
from tgbench.systems.known_failures import KnownFailure
from tgbench.systems.placeholders import MEANINGS
from tgbench.weights.table import TABLE

ROOT = Path(__file__).resolve().parents[1]

_MARK = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
_SHIM, _SHIM_ELSEWHERE = "assets/iframe-worker.js", "https://unpkg.com/iframe-worker/shim"
"""What lets the search work in pages opened from disk."""

_FROM_ELSEWHERE = {
    "methods/er_nerf.md": "methods/er_nerf/README.md",
    "methods/talkinggaussian.md": "methods/talkinggaussian/README.md",
    "methods/wav2lip.md": "methods/wav2lip/README.md",
    "benchmarks.md": "benchmarks/results/cpu.md",
}
"""Pages that are files outside of docs/, and those files."""


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are files elsewhere in the repository."""
    from mkdocs.structure.files import File

    for page, source in _FROM_ELSEWHERE.items():
        text = (ROOT / source).read_text(encoding="utf-8").replace("../../docs/", "../")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Fill in what a page asks for, and point links at the pages from elsewhere."""
    folder = Path(page.file.src_uri).parent
    for target, source in _FROM_ELSEWHERE.items():
        in_the_repository = os.path.relpath(source, "docs" / folder)
        on_the_site = os.path.relpath(target, folder)
        markdown = markdown.replace(f"({in_the_repository})", f"({on_the_site})")
    return _MARK.sub(lambda found: "\n".join(GENERATED[found[1]]()), markdown)


def on_post_build(config: Any) -> None:
    """Let no page ask a network for anything."""
    site = Path(config.site_dir)
    for page in site.rglob("*.html"):
        own = os.path.relpath(site / _SHIM, page.parent)
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace(_SHIM_ELSEWHERE, own), encoding="utf-8")


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


def systems() -> Iterator[str]:
    """Yield the table of the systems that tgbench comes with."""
    yield "| name | paper | licence | its frames are | it is given when rendering | it is fitted |"
    yield "|---|---|---|---|---|---|"
    for declared in _systems():
        given = ", ".join(declared.leaked_conditions) or "nothing of the truth"
        fitted = "to the person" if declared.trains else "to nobody"
        cells = (f"[`{declared.name}`](#{declared.name})", declared.paper, declared.licence)
        cells += (declared.composite_mode, given, fitted)
        yield f"| {' | '.join(map(_cell, cells))} |"


def system_facts() -> Iterator[str]:
    """Yield a section for each of these systems."""
    for declared in _systems():
        yield from (f"## {declared.title} {{ #{declared.name} }}", "")
        yield f"{declared.summary[0].upper()}{declared.summary[1:]}. {declared.paper}."
        yield from ("", f"- **Code:** {declared.repository} at `{declared.commit}`")
        yield f"- **Licence:** {declared.licence}: {declared.permits}"
        yield f"- **Runs in:** {_environment(declared)}"
        yield f"- **Weights:** {_weights(declared)}"
        yield f"- **Wants:** {_wants(declared)}"
        yield f"- **Leaves:** {_leaves(declared)}"
        yield f"- **Random:** {declared.randomness}"
        for data, how in declared.contamination.items():
            yield f"- **Trained on {data}:** {how}; results on clips of it say little"
        yield from ("", *(f"- {trap}" for trap in declared.traps), "")


def _systems() -> Iterator[Declaration]:
    return (read_declaration(spec.declaration) for spec in DECLARED)


def _environment(declared: Declaration) -> str:
    environment = declared.environment
    packages = ", ".join(f"`{package}`" for package in environment.packages)
    return f"Python {environment.python} with {packages}; {environment.remedy}"


def _weights(declared: Declaration) -> str:
    def text(name: str, path: str) -> str:
        hand = ", by hand from its page" if name in TABLE and TABLE[name].by_hand else ""
        return f"`{name}` at `{path}`{hand}"

    return "; ".join(text(name, file.path) for name, file in declared.weights.items()) or "none"


def _wants(declared: Declaration) -> str:
    named = {"identity": "the identity's folder", "landmarks": "the landmarks, as OpenFace's table"}
    found: dict[str, None] = {}
    for each in declared.inputs:
        shown = f"the {each.shows if each.shows == 'truth' else ''} video".replace("  ", " ")
        words = named.get(each.what, shown if each.what == "video" else f"the {each.what}")
        if each.what == "audio":
            words = "the sound, 16 kHz mono WAV"
        found[words.replace("the truth video", "the true video")] = None
    return "; ".join(found)


def _leaves(declared: Declaration) -> str:
    output = declared.output
    sound = "with sound" if output.audio else "silent"
    what = "images" if output.kind == "images" else f"a {sound} video of {output.fps:g} frames/s"
    crop = ", of which a part is the result" if output.crop else ""
    return f"{what} at `{output.path}`{crop}"


def placeholders() -> Iterator[str]:
    """Yield the table of what commands may hold between braces."""
    yield "| placeholder | what takes its place |"
    yield "|---|---|"
    for name, meaning in MEANINGS.items():
        yield f"| `{{{name}}}` | {_cell(meaning)} |"


def declaration_fields() -> Iterator[str]:
    """Yield a table of fields for each table of a declaration."""
    yield from _fields_of("At the top", Facts)
    own = [name for name in Declaration.model_fields if name not in Facts.model_fields]
    yield from _fields_of("At the top, of a system that is run", Declaration, own)
    for heading, model in (
        ("[environment]", Environment),
        ("[resources]", Resources),
        ("[weights]", WeightsFile),
        ("[folders]", Folders),
        ("[[inputs]]", Input),
        ("[[prepare]], [[train]], [[render]]", Stage),
        ("[output]", Output),
        ("[[failures]]", KnownFailure),
        ("[speed]", Speed),
        ("[[published]]", PublishedNumbers),
    ):
        yield from _fields_of(heading, model)


def _fields_of(
    heading: str, model: type[BaseModel], names: Iterable[str] | None = None
) -> Iterator[str]:
    yield from (f"### {heading}", "", (model.__doc__ or "").split("\n\n")[0].strip(), "")
    yield from ("| field | default | meaning |", "|---|---|---|")
    for name in names or model.model_fields:
        field = model.model_fields[name]
        # A table of its own has no line here, but a heading.
        if not field.description or (name == "path" and model is Facts):
            continue
        default = field.get_default(call_default_factory=True)
        shown = "required" if field.is_required() else f"`{_as_toml(default)}`" if default else ""
        choices = typing.get_args(field.annotation)
        words = ""
        if choices and all(isinstance(choice, str) for choice in choices):
            words = f" One of {', '.join(f'`{choice}`' for choice in choices)}."
        yield f"| `{name}` | {shown} | {_cell(field.description + words)} |"
    yield ""


def _as_toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_as_toml, value))}]"
    return "–" if value is None else str(value)


def command_line() -> Iterator[str]:
    """Yield the help of every command."""
    for name, spec in plugins.commands().items():
        parser = argparse.ArgumentParser(prog=f"tgbench {name}", description=spec.summary)
        spec.load().add_arguments(parser)
        with patch.dict(os.environ, COLUMNS="90"):
            shown = parser.format_help().rstrip()
        yield from (f"## tgbench {name}", "", "```text", shown, "```", "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


GENERATED: dict[str, Callable[[], Iterable[str]]] = {
    function.__name__: function
    for function in (
        default_metrics,
        metrics_by_name,
        protocols,
        methods,
        systems,
        system_facts,
        placeholders,
        declaration_fields,
        command_line,
    )
}
