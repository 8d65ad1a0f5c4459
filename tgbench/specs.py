"""What plug-ins declare about themselves.

A spec is a light record in a module of its own: reading it imports no numerical library, so that
`tgbench list` is instant. It names its implementation as "module:attribute".
"""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import TgbenchError
from .vocabulary import (
    CompositeMode,
    Direction,
    LeakedCondition,
    Needs,
    Region,
    Timed,
    condition_text,
)

__all__ = [
    "OWN_SOUND",
    "PAPER_SIZE",
    "AudioEncoderSpec",
    "Bounds",
    "CommandSpec",
    "CompositeMode",
    "ConfiguredSpec",
    "Direction",
    "ExecutorSpec",
    "Fingerprint",
    "LeakedCondition",
    "MethodSpec",
    "MetricSpec",
    "Needs",
    "ProtocolSpec",
    "Region",
    "RendererSpec",
    "Requires",
    "Resources",
    "Spec",
    "Timed",
    "condition_text",
]

Bounds = tuple[float, float]
"""The least and the most that a number can be."""

UNBOUNDED: Bounds = (-math.inf, math.inf)
FROM_ZERO: Bounds = (0.0, math.inf)
CORRELATION: Bounds = (-1.0, 1.0)

PAPER_SIZE = 512
"""Side in pixels of the clips that papers use, and so of what a preset is made for."""

OWN_SOUND = "self"
"""Name of the driver of a case that a self-driven protocol makes."""


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
class ConfiguredSpec(Spec):
    """A plug-in with settings that `--set` changes.

    Attributes:
        config: "module:Dataclass" of its settings, every field with a default.
    """

    config: str = ""

    def reads(self, config: Any, identity: str, driver: str) -> Mapping[str, Path]:
        """Return the files and folders of images that the frames of a case come from, by name.

        Those of the identity and the sound are not among them: few methods read others. Results
        hold their hashes, and a case is measured again where they change.

        Args:
            config: of the method.
            identity: its name.
            driver: short name of what drives.

        Raises:
            TgbenchError: one is missing.
        """
        return {}

    def load_config(self) -> Any:
        """Import and return the dataclass of settings."""
        module, _, attribute = self.config.partition(":")
        return getattr(importlib.import_module(module), attribute)


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


@dataclass(frozen=True)
class ProtocolSpec(Spec):
    """An evaluation setting.

    Attributes:
        version: changes whenever results of the same method would.
        self_driven: whether the clip's own sound drives the head.
        excludes: needs of metrics that it cannot give, such as ground truth.
    """

    version: str = "1"
    self_driven: bool = False
    excludes: frozenset[Needs] = frozenset()

    @property
    def compares_with_truth(self) -> bool:
        """Whether it has true frames to compare with."""
        return Needs.TARGET not in self.excludes

    def why_not_measured(self, metric: MetricSpec) -> str:
        """Return what a metric needs and the protocol cannot give; empty if it can measure it."""
        return ", ".join(sorted(metric.needs & self.excludes))


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
        region: what part of an image it looks at.
        gate_tolerance: how much worse it may get before `tgbench gate` fails, in its unit; None:
            a share of the baseline's value.
        table_place: its place in tables, from left to right; equal places go by name.
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
    region: Region = Region.NONE
    gate_tolerance: float | None = None
    table_place: int = 1000

    @property
    def times_rendering(self) -> bool:
        """Whether a method must render against the clock for it, which takes a while."""
        return Needs.TIMING in self.needs and Needs.TRAINING not in self.needs

    @property
    def label(self) -> str:
        """Return the title with the direction and the unit."""
        unit = f"[{self.unit}]" if self.unit else ""
        return " ".join(filter(None, (self.title, self.direction.arrow, unit)))

    def variant(
        self, suffix: str, implementation: str, title: str, summary: str, **others: Any
    ) -> MetricSpec:
        """Return another meaning of this metric, measured only when asked for by name.

        Args:
            suffix: of its name, after an underscore.
            implementation: as of any metric.
            title: as of any metric.
            summary: as of any metric.
            others: further fields that differ.
        """
        return dataclasses.replace(
            self,
            name=f"{self.name}_{suffix}",
            implementation=implementation,
            title=title,
            summary=summary,
            by_name=True,
            **others,
        )


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


@dataclass(frozen=True)
class ExecutorSpec(ConfiguredSpec):
    """Where and when jobs run.

    Its implementation is called with the settings, an instance of `config`, and a
    `tgbench.running.executors.Setting`, and returns a `tgbench.running.executors.Executor`. The
    class of settings is a subclass of `tgbench.running.executor_config.ExecutorConfig`.

    Attributes:
        elsewhere: whether jobs may run on other machines than this one, so that what this one
            lacks, such as a GPU, does not count.
        requires: what must be installed.
    """

    elsewhere: bool = False
    requires: Requires = Requires()


@dataclass(frozen=True)
class RendererSpec(Spec):
    """A form that `tgbench report` writes tables in.

    Its implementation is a function of a `tgbench.reports.renderers.TableReport` that returns the
    text of a file.

    Attributes:
        suffix: of the file, without a point.
    """

    suffix: str = "txt"
