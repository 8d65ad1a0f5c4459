"""`tgbench list`: what is installed, and which names options take."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from .. import plugins
from ..configs import setting_text
from ..errors import TgbenchError, suggest
from ..requirements import lacking, why_backend_missing, why_not_run
from ..specs import BackendKind, BackendSpec, ConfiguredSpec, MethodSpec, MetricSpec, Spec
from ..synthetic.names import DRAWN, IDENTITIES, TRACKS
from ..terminal import Terminal
from ..terminal.wrapping import in_columns, line_width, wrapped
from .catalogue import catalogue, introduction
from .lists import names

if TYPE_CHECKING:
    from ..running.documented import Setting

_BY_METHOD = ("presets", "settings")
_KINDS = (
    *("methods", "protocols", "metrics", "audio-encoders", "backends", "identities", "audio"),
    "executors",
    "experiments",
    *_BY_METHOD,
)

_EPILOG = """\
examples:
  tgbench list
  tgbench list metrics                    unit, direction, what is missing
  tgbench list presets talkinggaussian
  tgbench list settings talkinggaussian   type, default, presets, meaning
  tgbench list --json                     everything, for a program
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "kind", nargs="?", metavar="KIND", help=f"only this kind: {', '.join(_KINDS)}"
    )
    parser.add_argument(
        "methods",
        nargs="*",
        metavar="NAME",
        help="only presets of these methods, or settings of these methods, executors and "
        "backends (default: of all methods)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print names and summaries. Plain text: nothing heavy is imported.

    Raises:
        TgbenchError: there is no such kind, method or executor.
    """
    kind = args.kind
    if kind is not None and kind not in _KINDS:
        raise suggest(kind, _KINDS, "kind of thing to list")
    if args.methods and kind not in _BY_METHOD:
        raise TgbenchError(f"list {kind} {args.methods[0]}: only presets and settings take a NAME")
    chosen = _chosen(names(args.methods), with_others=kind == "settings")
    if args.json:
        found = catalogue(chosen)
        shown = found if kind is None else found[kind.replace("-", "_")]
        print(json.dumps(shown, indent=2, ensure_ascii=False))
        return 0
    width = line_width(sys.stdout)
    for name, lines in _sections(chosen, width).items():
        if kind == name or (kind is None and name != "settings"):
            for line in lines():
                print(line)
    return 0


def _chosen(names: Sequence[str], with_others: bool) -> list[ConfiguredSpec]:
    """Return the plug-ins whose presets or settings are meant: those named, else all methods."""
    methods: dict[str, ConfiguredSpec] = {**plugins.methods()}
    if not names:
        return list(methods.values())
    others = {**plugins.executors(), **_configured_backends()} if with_others else {}
    known = {**others, **methods}
    what = "method, executor or backend" if with_others else "method"
    return [plugins.find(known, name, what) for name in names]


def _sections(
    chosen: Sequence[ConfiguredSpec], width: int | None
) -> dict[str, Callable[[], Iterable[str]]]:
    """Return what prints each kind of thing."""

    def plain(title: str, rows: Iterable[tuple[str, str]]) -> list[str]:
        return [f"{title}:", *in_columns(rows, width)]

    identities = [*IDENTITIES.items(), DRAWN, ("FOLDER", "any folder made by `tgbench prepare`")]
    tracks = [*TRACKS.items(), ("FILE", "any media file with sound")]
    return {
        "methods": lambda: plain("methods", _rows(plugins.methods().values())),
        "protocols": lambda: plain("protocols", _rows(plugins.protocols().values())),
        "metrics": lambda: _metrics(width),
        "audio-encoders": lambda: _encoders(width),
        "backends": lambda: _backends(width),
        "identities": lambda: plain("identities", identities),
        "audio": lambda: plain("audio", tracks),
        "executors": lambda: _executors(width),
        "experiments": lambda: plain("experiments", _rows(plugins.experiments().values())),
        "presets": lambda: _presets(chosen, width),
        "settings": lambda: _settings(chosen, width),
    }


def _rows(specs: Iterable[Spec]) -> list[tuple[str, str]]:
    return [(spec.name, spec.summary) for spec in specs]


def _metrics(width: int | None) -> Iterable[str]:
    from ..metrics.availability import why_not_here

    specs = plugins.metrics().values()
    yield "metrics (↑ higher is better, ↓ lower, · neither):"
    yield from in_columns(map(_metric, (spec for spec in specs if not spec.by_name)), width)
    yield "more metrics, measured only when --metrics names them:"
    yield from in_columns(map(_metric, (spec for spec in specs if spec.by_name)), width)
    reasons: dict[str, list[str]] = {}
    for spec in specs:
        if reason := why_not_here(spec):
            reasons.setdefault(reason, []).append(spec.name)
    if reasons:
        yield "metrics that are not available here:"
    for reason, without in reasons.items():
        yield from wrapped(f"  {', '.join(without)}: {reason}", width, "    ")


def _encoders(width: int | None) -> Iterable[str]:
    specs = plugins.audio_encoders().values()
    yield "audio encoders (file, steps x channels of a window):"
    rows = [(spec.name, spec.file, "x".join(map(str, spec.window)), spec.summary) for spec in specs]
    yield from in_columns(rows, width)
    reasons = {spec.name: why_not_run(spec) for spec in specs}
    if any(reasons.values()):
        yield "audio encoders that cannot run here:"
    for name, reason in reasons.items():
        if reason:
            yield from wrapped(f"  {name}: {reason}", width, "    ")


def _backends(width: int | None) -> Iterable[str]:
    specs = sorted(plugins.backends().values(), key=lambda spec: list(BackendKind).index(spec.kind))
    yield "preparation backends (tgbench prepare --backends KIND=NAME):"
    yield from in_columns([(spec.kind, spec.name, spec.summary) for spec in specs], width)
    reasons = {spec: "; ".join(why_backend_missing(spec)) for spec in specs}
    if any(reasons.values()):
        yield "backends that are not available here:"
    for spec, reason in reasons.items():
        if reason:
            yield from wrapped(f"  {spec.name}: {reason}", width, "    ")


def _configured_backends() -> dict[str, ConfiguredSpec]:
    return {name: spec for name, spec in plugins.backends().items() if spec.config}


def _executors(width: int | None) -> Iterable[str]:
    specs = plugins.executors().values()
    yield "executors (where jobs run; they have settings, too):"
    yield from in_columns(_rows(specs), width)
    for spec in specs:
        for reason in lacking(spec.requires):
            yield from wrapped(f"  {spec.name} is not available here: {reason}", width, "    ")


def _metric(spec: MetricSpec) -> tuple[str, str, str, str]:
    unit = f" [{spec.unit}]" if spec.unit else ""
    return spec.name, f"{spec.title}{unit}", spec.direction.arrow or "·", spec.summary


def _presets(chosen: Sequence[ConfiguredSpec], width: int | None) -> Iterable[str]:
    unchanged: dict[str, list[str]] = {}
    for spec in chosen:
        if not isinstance(spec, MethodSpec):
            continue
        if not any(spec.presets.values()):
            unchanged.setdefault(", ".join(spec.presets), []).append(spec.name)
            continue
        yield f"presets of {spec.name}:"
        rows = []
        for name, changed in spec.presets.items():
            changes = ", ".join(f"{key}={setting_text(value)}" for key, value in changed.items())
            rows.append((name, changes or "every setting at its default"))
        yield from in_columns(rows, width)
    for shared, methods in unchanged.items():
        yield from wrapped(f"presets of {', '.join(methods)}:", width, "  ")
        yield from in_columns([(shared or "none", "every setting at its default")], width)


def _settings(chosen: Sequence[ConfiguredSpec], width: int | None) -> Iterable[str]:
    from ..running.documented import settings_of

    for spec in chosen:
        key = f"{spec.kind}.NAME" if isinstance(spec, BackendSpec) else "NAME"
        yield from wrapped(
            f"settings of {spec.name} (change them with --set {key}=VALUE):", width, "  "
        )
        yield from wrapped(f"  {introduction(spec)}", width, "  ")
        for settings in _alike(settings_of(spec)):
            yield ""
            for setting in settings:
                yield from wrapped(_setting_head(setting), width, "      ")
            meaning = settings[0].meaning or "not documented"
            yield from wrapped(f"      {meaning}", width, "      ")


def _alike(settings: Iterable[Setting]) -> list[list[Setting]]:
    """Group settings that share a description, in the order of the first of each group."""
    groups: dict[str, list[Setting]] = {}
    for setting in settings:
        groups.setdefault(setting.meaning or setting.name, []).append(setting)
    return list(groups.values())


def _setting_head(setting: Setting) -> str:
    """Return the name, default and type of a setting, and its values in presets."""
    others = [
        f"{preset}: {setting_text(value)}"
        for preset, value in setting.presets.items()
        if value != setting.default
    ]
    details = "; ".join([setting.kind, *others])
    default = setting_text(setting.default) or "empty"
    return f"  {setting.name} = {default} ({details})"
