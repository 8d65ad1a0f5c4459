"""What a run was asked for, by the names under which results are filed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import Field

from .. import plugins
from ..synthetic.names import IDENTITIES
from .schema import Record


class Names(Record):
    """What was given for one option."""

    known: list[str] = Field(description="Names in paths of results, sorted.")
    unknown: list[str] = Field(description="As typed, sorted. Each may have been meant as any.")

    def may_mean(self, name: str) -> bool:
        """Whether a name may have been meant."""
        return bool(self.unknown) or name in self.known


class Asked(Record):
    """Which cases a run was asked for."""

    methods: Names
    protocol: Names
    identities: Names

    @classmethod
    def of(cls, methods: Iterable[str], protocol: str, identities: Iterable[str]) -> Asked:
        """Return what a run is asked for.

        Args:
            methods: their names, as typed.
            protocol: its name, as typed.
            identities: built-in names or folders, as typed.
        """
        return cls(
            methods=_names(methods, _installed(plugins.methods)),
            protocol=_names([protocol], _installed(plugins.protocols)),
            identities=_names(identities, _filed_as),
        )

    @property
    def correctable(self) -> bool:
        """Whether a later run can be known as the one that was meant."""
        return sum(bool(names.unknown) for names in self._fields()) <= 1

    def concerns(self, protocol: str, identity: str, method: str) -> bool:
        """Whether a case may have been among those asked for."""
        return (
            self.protocol.may_mean(protocol)
            and self.identities.may_mean(identity)
            and self.methods.may_mean(method)
        )

    def settles(self, earlier: Asked) -> bool:
        """Whether this run covers all that an earlier one asked for, or corrects a name of it."""
        if earlier == self:
            return True
        fields = list(zip(self._fields(), earlier._fields(), strict=True))
        covered = all({*old.known} <= {*new.known} for new, old in fields)
        if not any(old.unknown for _, old in fields):
            return covered
        same = all(old.unknown or old.known == new.known for new, old in fields)
        return covered and same and earlier.correctable

    def _fields(self) -> tuple[Names, Names, Names]:
        return self.methods, self.protocol, self.identities


def _names(given: Iterable[str], filed_as: Callable[[str], str | None]) -> Names:
    known, unknown = set(), set()
    for typed in given:
        name = filed_as(typed)
        if name is None or not _is_text(name):
            unknown.add(typed.encode(errors="backslashreplace").decode())
        else:
            known.add(name)
    return Names(known=sorted(known), unknown=sorted(unknown))


def _installed(specs: Callable[[], Iterable[str]]) -> Callable[[str], str | None]:
    try:
        found = {*specs()}
    except Exception:  # The run meets a broken plug-in, too, and says what is wrong with it.
        found = set()
    return lambda name: name if name in found else None


def _filed_as(identity: str) -> str | None:
    if identity in IDENTITIES:
        return identity
    return Path(identity).resolve().name if os.path.isdir(identity) else None


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
