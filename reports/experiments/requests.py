"""From an experiment to requests of runs, and what of it cannot be done here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench import plugins
from tgbench.configs import setting_text
from tgbench.driving.driving import Driving
from tgbench.driving.tags import TrackTags
from tgbench.errors import TgbenchError
from tgbench.identities.resolve import require_identity
from tgbench.metrics.availability import why_not_here
from tgbench.metrics.naming import metrics_named
from tgbench.running.request import RunRequest, default_size
from tgbench.running.settings import configure, keys_of
from tgbench.specs import MethodSpec
from tgbench.synthetic.names import TRACKS
from tgbench.systems.videos.spec import NAME as VIDEOS

from .declaration import EVERY, Experiment, MethodEntry, Track, beside


@dataclass(frozen=True)
class Blocked:
    """A part of an experiment that cannot be done here.

    Attributes:
        what: in a few words.
        why: with what to fetch or to do.
    """

    what: str
    why: str

    def __str__(self) -> str:
        """Return both on one line."""
        return f"{self.what}: {self.why}"


@dataclass(frozen=True)
class Changes:
    """What the command line changes of an experiment; empty: as its file says.

    Attributes:
        identities, audio, seeds, preset: instead of the file's.
        settings: of all its methods, before those of the file.
        size: side in pixels of built-in identities; 0: what the methods are made for.
        run: further fields of `RunRequest`, by name.
    """

    identities: tuple[str, ...] = ()
    audio: tuple[Path, ...] = ()
    seeds: tuple[int, ...] = ()
    preset: str = ""
    settings: Mapping[str, str] = dataclasses.field(default_factory=dict)
    size: int = 0
    run: Mapping[str, object] = dataclasses.field(default_factory=dict)


def requests_of(experiment: Experiment, changes: Changes) -> tuple[list[RunRequest], list[Blocked]]:
    """Return a request for each method and configuration, and what is blocked.

    Raises:
        TgbenchError: a protocol, preset or setting does not exist.
    """
    for name in experiment.protocols:
        plugins.find(plugins.protocols(), name, "protocol")
    blocked: list[Blocked] = []
    rows = list(_rows(experiment, changes, blocked))
    identities = _identities(experiment, changes, blocked)
    audio, driving = _tracks(experiment, changes, blocked)
    starved = not audio and (experiment.tracks or changes.audio) and _takes_sound(experiment)
    names = list(dict.fromkeys(spec.name for spec, _, _ in rows))
    if not identities or starved:
        return [], blocked
    preset = changes.preset or experiment.preset
    requests = [
        RunRequest(
            methods=(plugins.source_of(spec) or spec.name,),
            protocols=experiment.protocols,
            identities=identities,
            audio=audio,
            preset=own_preset,
            overrides=settings,
            size=changes.size or default_size(names, preset),
            seeds=changes.seeds or experiment.seeds,
            driving=driving,
            more_metrics=metrics_named(experiment.table.metrics),
            **changes.run,  # type: ignore[arg-type]
        )
        for spec, own_preset, settings in rows
    ]
    return requests, blocked


def metrics_blocked(metrics: Sequence[str]) -> list[Blocked]:
    """Return which metrics of a table cannot be measured here; their cells become dashes."""
    known = plugins.metrics()
    found = ((known[name].title, why_not_here(known[name])) for name in metrics if name in known)
    return [Blocked(f"metric {title}", why) for title, why in found if why]


def _rows(
    experiment: Experiment, changes: Changes, blocked: list[Blocked]
) -> Iterator[tuple[MethodSpec, str, dict[str, str]]]:
    """Yield method, preset and settings of each row that can be planned."""
    for entry in experiment.methods:
        if entry.not_available:
            blocked.append(Blocked(entry.name, entry.not_available))
            continue
        preset = entry.preset or changes.preset or experiment.preset
        for spec in _methods(entry, experiment, blocked):
            known = keys_of(spec)
            common = {key: text for key, text in changes.settings.items() if key in known}
            settings = common | {key: setting_text(value) for key, value in entry.set.items()}
            try:
                config = configure(spec, preset, settings)
            except TgbenchError as error:
                if entry.name != EVERY:
                    raise TgbenchError(f"{experiment.path}: {entry.title}: {error}") from error
                blocked.append(Blocked(spec.name, str(error)))
                continue
            try:
                plugins.audio_encoder_of(config)
            except TgbenchError as error:
                blocked.append(Blocked(entry.title, str(error)))
                continue
            yield spec, preset, settings


def _methods(
    entry: MethodEntry, experiment: Experiment, blocked: list[Blocked]
) -> Sequence[MethodSpec]:
    if entry.name == EVERY:
        # Finished videos are methods by the declarations in their folders, which a file names.
        return [spec for spec in plugins.methods().values() if spec.name != VIDEOS]
    try:
        return [plugins.method(beside(experiment, entry.name))]
    except TgbenchError as error:
        blocked.append(Blocked(entry.title, str(error)))
        return []


def _identities(
    experiment: Experiment, changes: Changes, blocked: list[Blocked]
) -> tuple[str, ...]:
    names = changes.identities or tuple(beside(experiment, n) for n in experiment.identities)
    found = []
    for name in dict.fromkeys(names):
        try:
            require_identity(name)
            found.append(name)
        except TgbenchError as error:
            blocked.append(Blocked(f"identity {name}", str(error)))
    return tuple(found)


def _tracks(
    experiment: Experiment, changes: Changes, blocked: list[Blocked]
) -> tuple[tuple[Path, ...], Driving]:
    """Return the sounds that are there and that a protocol takes, and the rules and tags of all."""
    rules = {name: setting_text(value) for name, value in experiment.rules.items()}
    given: list[tuple[str, Track | None]] = [(str(path), None) for path in changes.audio]
    if not given:
        given = [(beside(experiment, track.file), track) for track in experiment.tracks]
    if given and not _takes_sound(experiment):
        names = ", ".join(name for name, _ in given)
        protocols = ", ".join(experiment.protocols)
        blocked.append(Blocked(f"tracks {names}", f"left out: {protocols} takes no other sound"))
        given = []
    found: list[Path] = []
    tags: dict[str, TrackTags] = {}
    for name, track in given:
        if name not in TRACKS and not Path(name).is_file():
            blocked.append(Blocked(f"track {name}", "no such file, and no built-in track"))
            continue
        found.append(Path(name))
        if track is not None:
            tags[name] = TrackTags(language=track.language, gender=track.gender, kind=track.kind)
    return tuple(dict.fromkeys(found)), Driving(rules, tags)


def _takes_sound(experiment: Experiment) -> bool:
    """Whether a protocol of an experiment is driven by sounds that are given."""
    return any(not plugins.protocols()[name].self_driven for name in experiment.protocols)
