"""Finding plug-ins by entry points, the suite's own ones included."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import TgbenchError, suggest
from .specs import (
    AudioEncoderSpec,
    BackendKind,
    BackendSpec,
    Bounds,
    CommandSpec,
    ExecutorSpec,
    ExperimentSpec,
    MethodSpec,
    MetricSpec,
    ProtocolSpec,
    Region,
    RendererSpec,
    Spec,
)

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints, SelectableGroups

S = TypeVar("S", bound=Spec)

_log = logging.getLogger("tgbench")

DEFAULT_ENCODER = "mel"
"""The audio encoder of methods that name none."""

DEFAULT_BACKENDS = {
    BackendKind.LANDMARKS: "mediapipe",
    BackendKind.POSE: "bundle",
    BackendKind.PARSING: "mesh",
    BackendKind.ACTION_UNITS: "geometry",
}
"""The preparation backends that need nothing beside MediaPipe."""


def methods() -> dict[str, MethodSpec]:
    """Return every method by name: those of plug-ins, and the systems that the user added.

    Declared systems follow the methods that run in this process.
    """
    from .systems.added import added_systems

    installed = _specs("methods", MethodSpec)
    added = {spec.name: spec for spec in added_systems()}
    for name in added.keys() & installed.keys():
        if getattr(installed[name], "declaration", None) != added[name].declaration:
            _say_hidden(name, added[name].declaration)
    in_process_first = sorted(
        {**added, **installed}.items(), key=lambda item: _is_declared(item[1])
    )
    return dict(in_process_first)


def method(name: str) -> MethodSpec:
    """Return a method by its name, or by the path of a system's declaration.

    Args:
        name: of a method, or a path that ends in `.toml`.

    Raises:
        TgbenchError: there is no such method or file, the file is no declaration, or declares a
            system with the name of another one.
    """
    from .systems.spec import SUFFIX, read_spec

    if not name.endswith(SUFFIX):
        return find(methods(), name, "method")
    spec = read_spec(Path(name))
    known = methods().get(spec.name)
    if known is not None and getattr(known, "declaration", None) != spec.declaration:
        raise TgbenchError(
            f"{name}: there is a method '{spec.name}' already{_of_file(known)}, and results are "
            "filed by name; give the system in this file another name, or `tgbench systems remove "
            f"{spec.name}` if you added that one"
        )
    return known or spec


@cache
def _say_hidden(name: str, declaration: Path) -> None:
    _log.warning(
        "%s: a plug-in has a method '%s' too, which is the one that is used; give the system in "
        "this file another name and add it again, or `tgbench systems remove %s`",
        declaration,
        name,
        name,
    )


def source_of(spec: MethodSpec) -> str:
    """Return the path of a method's declaration, if no plug-in brings it; else an empty text."""
    declaration: Path | None = getattr(spec, "declaration", None)
    installed = _specs("methods", MethodSpec).get(spec.name) == spec
    return "" if declaration is None or installed else str(declaration)


def protocols() -> dict[str, ProtocolSpec]:
    """Return every installed protocol by name."""
    return _specs("protocols", ProtocolSpec)


class Metrics(dict[str, MetricSpec]):
    """Every installed metric by name, in the order of entry points.

    Metrics of other libraries (`torchmetrics:ClassName`) are found by name, but not listed: a
    library has many, and it is loaded only when one of them is named.
    """

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self.get(name) is not None

    def __missing__(self, name: str) -> MetricSpec:
        spec = self.get(name)
        if spec is None:
            raise KeyError(name)
        return spec

    def get(self, name: object, default: Any = None) -> Any:
        """Return a metric; the default where there is none, or its library cannot be loaded."""
        if super().__contains__(name):
            return super().__getitem__(str(name))
        if not isinstance(name, str) or ":" not in name:
            return default
        try:
            return library_metric(name)
        except TgbenchError:
            return default


def metrics() -> Metrics:
    """Return every installed metric by name."""
    return _metrics(tuple(sys.path))


@cache
def _metrics(search_path: tuple[str, ...]) -> Metrics:
    return Metrics(_specs("metrics", MetricSpec))


@cache
def library_metric(name: str) -> MetricSpec:
    """Return a metric of another library, such as `torchmetrics:TotalVariation`.

    Raises:
        TgbenchError: no such library or metric, or the library is not installed.
    """
    libraries = {point.name: point for point in entry_points_of("metric_libraries")}
    library = name.partition(":")[0]
    if library not in libraries:
        raise suggest(library, libraries, "library of metrics")
    spec: MetricSpec = libraries[library].load()(name)
    return spec


def metric_spec(name: str) -> MetricSpec:
    """Return what a metric declares; for one that is not installed here, safe assumptions.

    A record in a result may be of a metric whose plug-in is not installed. Its values are shown
    after all others, and rank only among methods whose frames are made of the same parts.
    """
    return metrics().get(name) or MetricSpec(
        name, "", "", title=name, averages_frames=False, region=Region.FACE
    )


def protocol_spec(name: str) -> ProtocolSpec:
    """Return what a protocol declares; of one that is not installed here, nothing special."""
    return protocols().get(name) or ProtocolSpec(name, "", "")


def in_table_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return metric names, each once, in the order of a table's columns."""
    return tuple(sorted(set(names), key=lambda name: (metric_spec(name).table_place, name)))


def metrics_of(protocol: ProtocolSpec) -> tuple[str, ...]:
    """Return the installed metrics that a protocol measures by default, in table order."""
    return in_table_order(
        spec.name
        for spec in metrics().values()
        if not (spec.by_name or spec.needs & protocol.excludes)
    )


def averages_frames(metric: str) -> bool:
    """Whether a metric is known, and its value the mean of its values at single frames."""
    return metric_spec(metric).averages_frames


def bounds_of(metric: str) -> Bounds:
    """Return the least and the greatest possible value of a metric, as far as it declares them."""
    return metric_spec(metric).bounds


def audio_encoders() -> dict[str, AudioEncoderSpec]:
    """Return every installed audio encoder by name."""
    return _specs("audio_encoders", AudioEncoderSpec)


def audio_encoder_of(config: object) -> AudioEncoderSpec:
    """Return the audio encoder that a method's configuration names in its `audio_features`.

    It is mel for a configuration without such a field.

    Raises:
        TgbenchError: there is no such encoder; the nearest known name is suggested.
    """
    name = getattr(config, "audio_features", DEFAULT_ENCODER)
    return find(audio_encoders(), name, "audio encoder")


def backends() -> dict[str, BackendSpec]:
    """Return every installed preparation backend by name."""
    return _specs("backends", BackendSpec)


def backends_of(kind: BackendKind) -> dict[str, BackendSpec]:
    """Return the installed preparation backends of a kind by name."""
    return {name: spec for name, spec in backends().items() if spec.kind == kind}


def commands() -> dict[str, CommandSpec]:
    """Return every installed subcommand by name."""
    return _specs("commands", CommandSpec)


def executors() -> dict[str, ExecutorSpec]:
    """Return every installed executor by name."""
    return _specs("executors", ExecutorSpec)


def experiments() -> dict[str, ExperimentSpec]:
    """Return every installed experiment by name."""
    return _specs("experiments", ExperimentSpec)


def renderers() -> dict[str, RendererSpec]:
    """Return every installed form of tables by name."""
    return _specs("renderers", RendererSpec)


def foreign_packages() -> set[str]:
    """Return the top-level packages of third parties' plug-ins."""
    own = __name__.partition(".")[0]
    groups = (
        "methods",
        "protocols",
        "metrics",
        "metric_libraries",
        "audio_encoders",
        "backends",
        "executors",
        "commands",
        "experiments",
        "renderers",
    )
    points = (point for group in groups for point in entry_points_of(group))
    return {point.module.partition(".")[0] for point in points} - {own}


def entry_points_of(group: str) -> EntryPoints:
    """Return the entry points of a group, such as "methods", of all installed packages."""
    return _entry_points(tuple(sys.path)).select(group=f"tgbench.{group}")


def find(specs: dict[str, S], name: str, what: str) -> S:
    """Return the spec called `name`.

    Raises:
        TgbenchError: there is none; the nearest known name is suggested.
    """
    if name not in specs:
        raise suggest(name, specs, what)
    return specs[name]


@cache
def _entry_points(search_path: tuple[str, ...]) -> SelectableGroups:
    """Return all entry points of a search path: each reading goes through every package.

    From Python 3.12 on they are `EntryPoints`, from which a group is selected alike.
    """
    return entry_points()


@cache
def _specs(group: str, kind: type[S]) -> dict[str, S]:
    """Return the specs of a group; an entry point names one of them or a tuple of several."""
    found: dict[str, S] = {}
    for point in entry_points_of(group):
        loaded = point.load()
        for spec in loaded if isinstance(loaded, tuple) else (loaded,):
            if not isinstance(spec, kind):
                raise TgbenchError(
                    f"plug-in '{point.name}' ({point.value}) is a {type(spec).__name__}, "
                    f"expected a {kind.__name__}; report this to its author"
                )
            if spec.name in found:
                raise TgbenchError(
                    f"two plug-ins of tgbench.{group} have the name '{spec.name}'; uninstall one"
                )
            found[spec.name] = spec
    return dict(sorted(found.items(), key=_place))


def _is_declared(spec: MethodSpec) -> bool:
    return hasattr(spec, "declaration")


def _place(item: tuple[str, Spec]) -> tuple[int, str]:
    """Return where a spec is listed: metrics by their place in tables, others as installed."""
    name, spec = item
    return (spec.table_place, name) if isinstance(spec, MetricSpec) else (0, "")


def _of_file(spec: MethodSpec) -> str:
    """Return the file of a declared system in brackets; empty for another method."""
    declaration: Path | None = getattr(spec, "declaration", None)
    return "" if declaration is None else f" ({declaration})"
