"""What a method declares about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import TgbenchError
from ..vocabulary import CompositeMode, LeakedCondition, Timed
from .base import ConfiguredSpec

PAPER_SIZE = 512
"""Side in pixels of the clips that papers use, and so of what a preset is made for."""


@dataclass(frozen=True)
class Resources:
    """What one job of a method, a fit or a case, needs of a machine.

    Attributes:
        cpus: cores that it keeps busy; 0: its share of the machine.
        gpus: devices; None: one where the run's device is "cuda", else none.
        memory_gb: main memory at the peak, in 10^9 bytes; 0: not known.
        seconds: after which it is stopped as failed; 0: no limit.
    """

    cpus: int = 0
    gpus: int | None = None
    memory_gb: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Fingerprint:
    """What makes a method what it is, where its Python files do not.

    Attributes:
        fit: hash of all that a fit depends on.
        whole: hash of all that its frames depend on.
    """

    fit: str
    whole: str


@dataclass(frozen=True)
class MethodSpec(ConfiguredSpec):
    """A system under test.

    Attributes:
        presets: name to overrides of the config, nested settings with dotted keys.
        renamed_settings: old name of a setting to its name now. `--set` takes both, and reports
            read results of earlier versions by it.
        title: as papers print it; empty: the name. See `display_title`.
        image_sizes: preset to the side in pixels that it is made for; see `image_size`.
        licence: of the implementation.
        source: the paper.
        trains: whether it is fitted to an identity.
        timed: where its speed comes from.
        hears_audio: whether the sound changes its frames; if not, lip agreement is chance.
        moves_upper_face: if not, upper-face errors are a dash in a table.
        whole_image_valid: if not, metrics of the whole image and of the whole face are a dash in a
            table.
        frame_aligned: whether its frames show the head poses that it is driven with; if not, it
            is not run under protocols that compare with true frames.
        takes_camera: whether it renders the head from any camera, over whatever backdrop the drive
            has; if not, it is not run under protocols that move the camera.
        composite_mode: what its frames are made of.
        leaked_conditions: what of the truth it is given when it renders.
        resources: what one of its jobs needs of a machine.
    """

    presets: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    title: str = ""
    image_sizes: Mapping[str, int] = field(default_factory=dict)
    renamed_settings: Mapping[str, str] = field(default_factory=dict)
    licence: str = "Apache-2.0"
    source: str = ""
    trains: bool = True
    timed: Timed = Timed.IN_PROCESS
    hears_audio: bool = True
    moves_upper_face: bool = True
    whole_image_valid: bool = True
    frame_aligned: bool = True
    takes_camera: bool = False
    composite_mode: CompositeMode = CompositeMode.FULL_FRAME
    leaked_conditions: tuple[LeakedCondition, ...] = ()
    resources: Resources = Resources()

    def __post_init__(self) -> None:
        """Make sure that leaked conditions are of the enumeration, which tables compare."""
        try:
            known = tuple(LeakedCondition(text) for text in self.leaked_conditions)
        except ValueError as error:
            names = ", ".join(f"'{condition}'" for condition in LeakedCondition)
            raise TgbenchError(
                f"method '{self.name}': {error}; its leaked_conditions can be {names}"
            ) from error
        object.__setattr__(self, "leaked_conditions", known)

    @property
    def display_title(self) -> str:
        """Return the title, or the name of a method without one."""
        return self.title or self.name

    def validate(self) -> None:
        """Raise what is wrong with what it declares, if it comes from a file of a user's own.

        Raises:
            TgbenchError: something is.
        """

    def fingerprint(self, config: Any) -> Fingerprint | None:
        """Return what makes it what it is; None: its Python files do.

        Args:
            config: instance of its config dataclass.

        Raises:
            TgbenchError: it is not here, or not as it has to be.
        """
        return None

    @property
    def made_of(self) -> str:
        """Return what `fingerprint` is of, in words."""
        return "code"

    def provenance(self, config: Any) -> dict[str, Any] | None:
        """Return the fields of `tgbench.running.result.SystemRecord`; None for no such system.

        Args:
            config: instance of its config dataclass.

        Raises:
            TgbenchError: it is not here, or not as it has to be.
        """
        return None

    def image_size(self, preset: str) -> int:
        """Return the side in pixels of the built-in identities that a preset is made for."""
        return self.image_sizes.get(preset, PAPER_SIZE)
