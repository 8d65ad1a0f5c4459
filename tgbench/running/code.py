"""Which code a method or an audio encoder is: a fit or a result of other code is another one."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from ..errors import TgbenchError
from ..files import hash_of, sha256
from ..plugins import entry_points_of
from ..specs import AudioEncoderSpec, MethodSpec

_OWN = __name__.partition(".")[0]


@dataclass(frozen=True)
class Code:
    """The code of a method or an audio encoder.

    Attributes:
        distribution: the installed package it comes from, with its version; empty if unknown.
        sha256: of that, and of the Python files of the package that holds the implementation; of a
            declared system, of what it runs.
        fit_sha256: of the part of it that a fit depends on.
    """

    distribution: str
    sha256: str
    fit_sha256: str

    @classmethod
    def of(cls, spec: MethodSpec | AudioEncoderSpec, config: object = None) -> Code:
        """Look at the code as it is now; nothing of it is run but its parent packages.

        Args:
            spec: of the plug-in.
            config: of a method, which may say where its code is.

        Raises:
            TgbenchError: its implementation is not installed.
        """
        distribution = _distribution(spec)
        found = spec.fingerprint(config) if isinstance(spec, MethodSpec) else None
        if found is not None:
            return cls(distribution, found.whole, found.fit)
        files: dict[str, str] = {}
        config = spec.config if isinstance(spec, MethodSpec) else ""
        targets = filter(None, (spec.implementation, config))
        for place in sorted({_place(target) for target in targets}):
            files |= _hashes(place, spec)
        sha256 = hash_of([distribution, files])
        return cls(distribution, sha256, sha256)


def is_own(spec: MethodSpec | AudioEncoderSpec) -> bool:
    """Whether the code comes with tgbench."""
    return spec.implementation.partition(".")[0] in ("", _OWN)


def _place(target: str) -> str:
    """Return the package of "module:attribute", the outermost that is all the method's own."""
    module = target.partition(":")[0]
    outermost, _, _ = module.partition(".")
    return module.rpartition(".")[0] if outermost == _OWN else outermost


def _hashes(name: str, spec: MethodSpec | AudioEncoderSpec) -> dict[str, str]:
    """Return the SHA-256 of a module's file, or of a package's Python files, by relative name."""
    found = importlib.util.find_spec(name)
    if found is None:
        raise TgbenchError(
            f"plug-in '{spec.name}': no module '{name}'; install it, or report it to its author"
        )
    if found.submodule_search_locations is None:
        return {name: sha256(Path(found.origin))} if found.origin else {}
    return {
        f"{name}/{path.relative_to(folder)}": sha256(path)
        for folder in found.submodule_search_locations
        for path in sorted(Path(folder).rglob("*.py"))
    }


def _distribution(spec: MethodSpec | AudioEncoderSpec) -> str:
    """Return name and version of the package that declares a plug-in."""
    group = "methods" if isinstance(spec, MethodSpec) else "audio_encoders"
    for point in entry_points_of(group):
        if point.dist is not None and point.load() == spec:
            return f"{point.dist.name} {point.dist.version}"
    return ""
