"""Which backends make the parts of an identity, with which settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import plugins
from ...configs import flat, places_of, setting_text
from ...errors import TgbenchError, Unavailable, suggest
from ...files import sha256
from ...requirements import why_backend_missing
from ...running.settings import configure_plain
from ...specs import BackendKind, BackendSpec
from ...specs.base import imported
from ...weights import describe_weights


@dataclass(frozen=True)
class ChosenBackend:
    """A backend and its settings.

    Attributes:
        spec: which one.
        config: instance of its dataclass of settings; None where it has none.
    """

    spec: BackendSpec
    config: Any = None

    @property
    def settings(self) -> dict[str, Any]:
        """Return its settings by name."""
        return {} if self.config is None else flat(self.config)

    @property
    def settings_given(self) -> dict[str, str]:
        """Return its settings as `choose_backends` takes them."""
        given = {name: value for name, value in self.settings.items() if value is not None}
        return {f"{self.spec.kind}.{name}": setting_text(value) for name, value in given.items()}

    def make(self) -> Any:
        """Return an instance, as `tgbench.preparation.backends.interfaces` describes it.

        Raises:
            Unavailable: a package or a weight file is missing or another one.
        """
        made = self.spec.load()
        return made() if self.config is None else made(self.config)

    def check(self, frames: int) -> None:
        """Refuse settings that cannot work with a clip of about `frames`.

        Raises:
            TgbenchError: they cannot.
        """
        if self.spec.check:
            imported(self.spec.check)(self.config, frames)

    def missing(self) -> list[str]:
        """Return what is not here, each with the remedy."""
        if self.spec.unless and self.settings.get(self.spec.unless) is not None:
            return []
        return why_backend_missing(self.spec)

    def identity(self) -> dict[str, Any]:
        """Return what tells its outcome from that of another choice, as JSON values.

        Raises:
            TgbenchError: a file that a setting names cannot be read.
            Unavailable: a weight file is missing, damaged, or a different one.
        """
        places = places_of(type(self.config)) if self.config is not None else frozenset()
        settings = self.settings
        return {
            "name": self.spec.name,
            "version": self.spec.version,
            "settings": {key: value for key, value in settings.items() if key not in places},
            "files": {key: _hash(settings[key]) for key in sorted(places) if settings[key]},
            "weights": [describe_weights(name) for name in self.spec.requires.weights],
        }


Choice = Mapping[BackendKind, ChosenBackend]
"""A backend for every kind."""


def choose_backends(names: Mapping[str, str], settings: Mapping[str, str]) -> Choice:
    """Return the backends that a user names, and the embedded ones for the other kinds.

    Args:
        names: kind such as "landmarks" to the name of a backend.
        settings: "KIND.NAME" of a setting, such as "action_units.table", to its value.

    Raises:
        TgbenchError: there is no such kind, backend or setting, or a value is not allowed.
        Unavailable: something that a backend needs is not here; all of it is named.
    """
    for kind in names:
        _require_kind(kind)
    by_kind = _by_kind(settings)
    chosen = {
        kind: _chosen(kind, names.get(kind, default), by_kind.get(kind, {}))
        for kind, default in plugins.DEFAULT_BACKENDS.items()
    }
    _require_present(chosen.values())
    return chosen


def parse_choices(pairs: Sequence[str]) -> dict[str, str]:
    """Turn ["landmarks=fan", ...] into a dictionary.

    Raises:
        TgbenchError: one is not of this form, or a kind is given twice.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        kind, equals, name = pair.partition("=")
        if not equals or not kind or not name:
            raise TgbenchError(
                f"--backends {pair}: expected KIND=NAME, such as landmarks=fan; "
                "`tgbench list backends` has them"
            )
        if kind in found:
            raise TgbenchError(f"--backends {kind}: given twice")
        found[kind] = name
    return found


def _require_kind(kind: str) -> None:
    if kind not in list(BackendKind):
        raise suggest(kind, list(BackendKind), "kind of backend")


def _by_kind(settings: Mapping[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for key, value in settings.items():
        kind, dot, name = key.partition(".")
        if not dot:
            raise TgbenchError(
                f"--set {key}: expected KIND.NAME of a backend's setting, such as "
                "action_units.table"
            )
        _require_kind(kind)
        found.setdefault(kind, {})[name] = value
    return found


def _chosen(kind: BackendKind, name: str, settings: Mapping[str, str]) -> ChosenBackend:
    spec = plugins.find(plugins.backends_of(kind), name, f"{kind} backend")
    if not spec.config:
        if settings:
            raise TgbenchError(f"--set {kind}.{min(settings)}: {name} has no settings")
        return ChosenBackend(spec)
    return ChosenBackend(spec, configure_plain(spec, settings))


def _require_present(chosen: Iterable[ChosenBackend]) -> None:
    missing = [
        f"{each.spec.kind}={each.spec.name}: {reason}"
        for each in chosen
        for reason in each.missing()
    ]
    if missing:
        raise Unavailable("; ".join(missing))


def _hash(path: str) -> str:
    try:
        return sha256(Path(path))
    except OSError as error:
        raise TgbenchError(f"{path}: cannot be read ({error.strerror})") from error
