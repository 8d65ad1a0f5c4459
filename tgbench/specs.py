"""What plug-ins declare about themselves.

A spec is a light record in a module of its own: reading it imports no numerical library, so that
`tgbench list` is instant. It names its implementation as "module:attribute".
"""

from __future__ import annotations

import enum
import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Bounds = tuple[float, float]
"""The least and the most that a number can be."""

UNBOUNDED: Bounds = (-math.inf, math.inf)


class CompositeMode(enum.StrEnum):
    """What a rendered frame is made of. Image metrics never rank across modes."""

    HEAD_OVER_TORSO = "head over true torso and plate"
    FULL_FRAME = "full frame"
    FACE_PASTED = "face pasted on the true video"


class Direction(enum.StrEnum):
    """Which way a metric gets better."""

    HIGHER = "higher"
    LOWER = "lower"
    NONE = "none"

    @property
    def arrow(self) -> str:
        """Return it as a sign; empty where neither way is better."""
        return {"higher": "↑", "lower": "↓"}.get(self.value, "")


class Needs(enum.StrEnum):
    """What a metric must be given."""

    TARGET = "ground-truth frames"
    LANDMARKS = "face landmarks"
    MESH = "face mesh"
    AUDIO = "driving audio"
    ACTION_UNITS = "action units"
    TIMING = "timed rendering and training"


@dataclass(frozen=True)
class Requires:
    """What a metric needs beside the packages that tgbench always comes with.

    Attributes:
        packages: import names of optional packages.
        extra: of tgbench, which installs them.
        weights: names of `tgbench weights list`.
        programs: that must be on the path.
        option: without which there is nothing to measure.
    """

    packages: tuple[str, ...] = ()
    extra: str = ""
    weights: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    option: str = ""


@dataclass(frozen=True)
class Spec:
    """What every plug-in says.

    Attributes:
        name: how the command line names it.
        summary: one line for `tgbench list`.
        implementation: "module:attribute", imported only when the plug-in is used.
    """

    name: str
    summary: str
    implementation: str

    def load(self) -> Any:
        """Import and return the implementation."""
        module, _, attribute = self.implementation.partition(":")
        return getattr(importlib.import_module(module), attribute)


@dataclass(frozen=True)
class MethodSpec(Spec):
    """A system under test.

    Attributes:
        config: "module:Dataclass" of its settings, every field with a default.
        presets: name to overrides of the config, nested settings with dotted keys.
        renamed_settings: old name of a setting to its name now. `--set` takes both, and reports
            read results of earlier versions by it.
        licence: of the implementation.
        source: the paper.
        trains: whether it is fitted to an identity.
        moves_upper_face: if not, upper-face errors are a dash in a table.
        whole_image_valid: if not, whole-image metrics are a dash in a table.
        composite_mode: what its frames are made of.
        leaked_conditions: what of the truth it is given when it renders.
    """

    config: str = ""
    presets: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    renamed_settings: Mapping[str, str] = field(default_factory=dict)
    licence: str = "Apache-2.0"
    source: str = ""
    trains: bool = True
    moves_upper_face: bool = True
    whole_image_valid: bool = True
    composite_mode: CompositeMode = CompositeMode.FULL_FRAME
    leaked_conditions: tuple[str, ...] = ()

    def load_config(self) -> Any:
        """Import and return the dataclass of settings."""
        module, _, attribute = self.config.partition(":")
        return getattr(importlib.import_module(module), attribute)


@dataclass(frozen=True)
class ProtocolSpec(Spec):
    """An evaluation setting.

    Attributes:
        version: changes whenever results of the same method would.
    """

    version: str = "1"


@dataclass(frozen=True)
class MetricSpec(Spec):
    """A measure.

    Attributes:
        title: as a table's head shows it.
        unit: of the value, empty for none.
        direction: which way is better.
        needs: what it must be given.
        decimals: digits shown in tables.
        by_name: whether it is measured only when asked for by name, being a variant of a metric
            that protocols measure anyway.
        averages_frames: whether the value is the mean of its values at single frames.
        takes_face_box: whether a face box that the user gives stands in for landmarks.
        bounds: the least and the most that a value can be; intervals of means stay between.
        shortest_seconds: of frames that it takes; with fewer it has no value.
        requires: what must be installed, so that `tgbench list` can say whether it can be had.
    """

    title: str = ""
    unit: str = ""
    direction: Direction = Direction.HIGHER
    needs: frozenset[Needs] = frozenset()
    decimals: int = 3
    by_name: bool = False
    averages_frames: bool = True
    takes_face_box: bool = False
    bounds: Bounds = UNBOUNDED
    shortest_seconds: float = 0.0
    requires: Requires = Requires()

    @property
    def label(self) -> str:
        """Return the title with the direction and the unit."""
        unit = f"[{self.unit}]" if self.unit else ""
        return " ".join(filter(None, (self.title, self.direction.arrow, unit)))


@dataclass(frozen=True)
class AudioEncoderSpec(Spec):
    """What turns sound into windows of features, one a video frame.

    `implementation` is a class with the methods of `tgbench.interfaces.AudioEncoder`; where it is
    empty, tgbench does not run the encoder and only reads its files.

    Attributes:
        file: name of its features in an identity folder, a `.npy` [frames, steps, channels].
        window: steps and channels of a frame's window.
        requires: what must be installed to run it.
        recipe: how to make the file, where tgbench does not run the encoder.
    """

    file: str = ""
    window: tuple[int, int] = (0, 0)
    requires: Requires = Requires()
    recipe: str = ""


@dataclass(frozen=True)
class CommandSpec(Spec):
    """A subcommand. Its implementation is a module with `add_arguments` and `execute`.

    Attributes:
        computes: whether it takes numerical libraries.
    """

    computes: bool = True

    def load(self) -> Any:
        """Import and return the module."""
        return importlib.import_module(self.implementation)
