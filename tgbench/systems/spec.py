"""A declared system as a method. Reading its spec takes no more than the TOML file itself."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TgbenchError
from ..inputs import MEBIBYTE, read_text, reason
from ..specs import CompositeMode, Fingerprint, MethodSpec, Resources, Timed
from .remembered import remembered

if TYPE_CHECKING:
    from .declaration import Declaration, Facts
    from .videos.declaration import VideosDeclaration

SUFFIX = ".toml"
NAME = r"^[a-z0-9][a-z0-9_-]{0,59}$"
"""Of a system or a stage: it becomes a part of paths, and a word of the command line."""

_IMPLEMENTATION = "tgbench.systems.method:DeclaredMethod"
_CONFIG = "tgbench.systems.config:SystemConfig"
_VIDEOS = "tgbench.systems.videos.method:Videos"
_VIDEOS_CONFIG = "tgbench.systems.videos.config:VideosConfig"


@dataclass(frozen=True)
class SystemSpec(MethodSpec):
    """A system that a TOML file declares.

    Attributes:
        declaration: the file.
    """

    declaration: Path = Path()

    def read(self) -> Declaration:
        """Return all that the file says of a system that is run, checked.

        Raises:
            TgbenchError: something in it is wrong.
        """
        from .declaration import read_declaration

        return read_declaration(self.declaration)

    def facts(self) -> Facts:
        """Return all that the file says, whether the system is run or there are only videos.

        Raises:
            TgbenchError: something in it is wrong.
        """
        return self.read()

    def validate(self) -> None:
        """Check the whole file; see `MethodSpec.validate`."""
        self.facts()

    def load(self) -> Any:
        """Return what makes a method of a configuration, as the class of any other method does."""
        from functools import partial

        return partial(super().load(), self.facts())

    def fingerprint(self, config: Any) -> Fingerprint:
        """Return what makes it what it is; see `tgbench.systems.provenance`."""
        from .provenance import fingerprint

        return fingerprint(self.read(), config)

    @property
    def made_of(self) -> str:
        """Return what `fingerprint` is of, in words."""
        return "declaration, checkout or weights"

    def provenance(self, config: Any) -> dict[str, Any]:
        """Return what results say of it; see `tgbench.systems.provenance`."""
        from .provenance import provenance

        return provenance(self.read(), config)


@dataclass(frozen=True)
class VideosSpec(SystemSpec):
    """A system of which there are only videos, which its declaration describes."""

    def facts(self) -> VideosDeclaration:
        """Return all that the file says, checked; see `SystemSpec.facts`."""
        from .videos.declaration import read_videos

        return read_videos(self.declaration)

    def reads(self, config: Any, identity: str, driver: str) -> Mapping[str, Path]:
        """Return the video that the frames of a case come from; see `MethodSpec.reads`."""
        found = self.load()(config).find(identity, driver)
        return {found.name: found.path}

    def fingerprint(self, config: Any) -> Fingerprint:
        """Return what makes it what it is: the rules. `reads` has the videos themselves."""
        from .provenance import fingerprint_of_videos

        return fingerprint_of_videos(self.facts())

    def provenance(self, config: Any) -> dict[str, Any]:
        """Return what results say of it; see `tgbench.systems.provenance`."""
        from .provenance import stated

        return stated(self.facts())


def read_spec(path: Path) -> SystemSpec:
    """Return the spec of a declaration. The rest of the file is not checked.

    Raises:
        TgbenchError: it cannot be read, or a field that the spec needs is wrong.
    """
    try:
        raw = tomllib.loads(read_text(path, MEBIBYTE))
    except OSError as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)})") from error
    except (ValueError, RecursionError) as error:
        raise TgbenchError(f"{path}: is not TOML ({reason(error)})") from error
    try:
        return _spec(path.resolve(), raw)
    except (KeyError, TypeError, ValueError, TgbenchError) as error:
        # The whole check says more of it: the field, and what it can be.
        read_facts(path, of_videos="videos" in raw)
        raise TgbenchError(f"{path}: {reason(error)}") from error


def read_facts(path: Path, of_videos: bool) -> Facts:
    """Return all that a declaration says, checked.

    Raises:
        TgbenchError: something in it is wrong.
    """
    if of_videos:
        from .videos.declaration import read_videos

        return read_videos(path)
    from .declaration import read_declaration

    return read_declaration(path)


def specs_of(folder: Path) -> tuple[SystemSpec, ...]:
    """Return the specs of all declarations in a folder, by name of the file.

    Raises:
        TgbenchError: one cannot be read.
    """
    return tuple(read_spec(path) for path in sorted(folder.glob(f"*{SUFFIX}")))


def _spec(path: Path, raw: Mapping[str, Any]) -> SystemSpec:
    of_videos = "videos" in raw
    name, encoder = _word(raw, "name", needed=True), _word(raw, "audio_features")
    if not re.fullmatch(NAME, name):
        raise ValueError(f"name: '{name}' is not made of small letters, digits, - and _")
    preset: dict[str, object] = {"audio_features": encoder} if encoder else {}
    if not of_videos:
        preset |= remembered(name)
    return (VideosSpec if of_videos else SystemSpec)(
        name=name,
        summary=_word(raw, "summary", needed=True),
        implementation=_VIDEOS if of_videos else _IMPLEMENTATION,
        config=_VIDEOS_CONFIG if of_videos else _CONFIG,
        presets={"quick": preset, "paper": preset},
        title=_word(raw, "title"),
        licence=_word(raw, "licence", needed=True),
        source=_word(raw, "paper", needed=True),
        trains=bool(raw.get("train")),
        timed=Timed.SELF_REPORTED if raw.get("speed") else Timed.UNTIMED,
        hears_audio=raw.get("hears_audio", True),
        moves_upper_face=raw.get("moves_upper_face", True),
        whole_image_valid=raw.get("whole_image_valid", True),
        frame_aligned=raw.get("frame_aligned", True),
        composite_mode=CompositeMode(raw["composite_mode"]),
        leaked_conditions=tuple(raw.get("leaked_conditions", ())),
        resources=_resources(raw),
        declaration=path,
    )


def _resources(raw: Mapping[str, Any]) -> Resources:
    """Return what a job needs; the times of its commands are limited one by one."""
    said = raw.get("resources", {})
    if not isinstance(said, dict):
        raise TypeError("resources must be a table")
    if "videos" in raw:
        return Resources()
    return Resources(
        cpus=said.get("cpus", 1), gpus=said.get("gpus"), memory_gb=said.get("memory_gb", 16.0)
    )


def _word(raw: Mapping[str, Any], key: str, needed: bool = False) -> str:
    value = raw[key] if needed else raw.get(key, "")
    if not isinstance(value, str):
        raise TypeError(f"{key} must be a text")
    return value
