"""What every plug-in declares about itself."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
        return imported(self.implementation)


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
        return imported(self.config)


def imported(target: str) -> Any:
    """Return what "module:name" names."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


@dataclass(frozen=True)
class Requires:
    """What a plug-in needs beside the packages that tgbench always comes with.

    Attributes:
        packages: import names of optional packages.
        extra: of tgbench, which installs them.
        weights: names of `tgbench weights list`.
        programs: that must be on the path.
        option: without which there is nothing to measure.
        place: environment variable that may name a file or folder to use in place of the weights.
        python: environment variable that may name the Python of another environment, which has the
            packages.
    """

    packages: tuple[str, ...] = ()
    extra: str = ""
    weights: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    option: str = ""
    place: str = ""
    python: str = ""


NOTHING = Requires()
"""What needs nothing more requires."""
