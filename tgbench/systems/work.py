"""The folder that a system works in, and what the placeholders of its commands stand for there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import TgbenchError
from ..files import write_json
from ..inputs import read_json
from .clips import DrivenClip, TrainingClip
from .declaration import Declaration
from .identity_view import copy_file
from .installation import Installation
from .mirror import link, mirror
from .placeholders import expand
from .staging import phase_of, places, stage

RECORDS = ".stages"
"""Folder in the work folder of what is known of finished steps."""

_CHECKOUT = "checkout"
_INPUTS = "inputs.json"
_WILDCARDS = re.compile(r"[*?\[]")


class WorkFolder:
    """A folder of one fit, or of one rendering.

    Attributes:
        root: `{workdir}`.
        values: of the placeholders.
    """

    def __init__(self, installation: Installation, root: Path, name: str, seed: int) -> None:
        """Name the folder; nothing is written yet.

        Args:
            installation: of the system.
            root: the folder.
            name: of the identity.
            seed: of every random choice.
        """
        self._installation = installation
        self._declaration = installation.declaration
        self.root = root.resolve()
        word = re.sub(r"\W", "_", name, flags=re.ASCII)
        folder = self._inside(self._declaration.folders.identity, word)
        self.values = {
            "checkout": str(self.root / _CHECKOUT),
            "workdir": str(self.root),
            "identity": str(folder),
            "name": word,
            "seed": str(seed),
            "gpu": os.environ.get("CUDA_VISIBLE_DEVICES", "").partition(",")[0] or "0",
        }

    def furnish(self) -> None:
        """Copy the checkout, and make what the declaration wants to be there."""
        checkout = self.root / _CHECKOUT
        checkout.mkdir(parents=True, exist_ok=True)
        if self._installation.checkout is not None:
            mirror(self._installation.checkout, checkout)
        for path, file in self._installation.weights.items():
            place = checkout / self._expanded(path)
            if not place.exists() or not place.samefile(file):
                link(file, place)
        folders = self._declaration.folders
        for path in map(self._expanded, folders.links):
            if not os.path.lexists(self.root / path):
                link(checkout / path, self.root / path)
        for path in map(self._expanded, folders.made):
            (self.root / path).mkdir(parents=True, exist_ok=True)

    def linked_folders(self) -> list[Path]:
        """Return the folders elsewhere that links in the copied checkout lead to, each once.

        A container has to see them: large files, weights of the store, and what the checkout itself
        links to.
        """
        found = set()
        for place, folders, names in os.walk(self.root / _CHECKOUT):
            links = (Path(place, name) for name in (*folders, *names))
            for target in (path.resolve() for path in links if path.is_symlink()):
                folder = target if target.is_dir() else target.parent
                if folder.is_dir() and not folder.is_relative_to(self.root):
                    found.add(folder)
        return sorted(found)

    def stage(self, clip: TrainingClip | DrivenClip, key: str) -> None:
        """Write the inputs, once: stages may change them.

        Frames and output are known where there is something to render.

        Args:
            clip: what is learned from, or rendered.
            key: hash of it.
        """
        folder, name = Path(self.values["identity"]), self.values["name"]
        if self._staged() != key:
            stage(self._declaration, clip, folder, name)
            write_json(self.root / RECORDS / _INPUTS, key)
        files = places(self._declaration, phase_of(clip), folder, name)
        self.values |= {what: str(path) for what, path in files.items()}
        if isinstance(clip, DrivenClip):
            self.values["frames"] = str(len(clip))
            output = self.output_pattern()
            if not _WILDCARDS.search(output):
                place = self.root / output
                place.parent.mkdir(parents=True, exist_ok=True)
                self.values["output"] = str(place)

    def _staged(self) -> Any:
        """Return the hash of what was staged here; None: not all of anything."""
        with suppress(OSError, ValueError):
            return read_json(self.root / RECORDS / _INPUTS)
        return None

    def output_pattern(self) -> str:
        """Return the pattern of what rendering leaves, in the folder."""
        return self._expanded(self._declaration.output.path)

    def expanded(self, text: str) -> str:
        """Return a text with the values of placeholders."""
        return expand(text, self.values)

    def path(self, text: str) -> Path:
        """Return a path of the declaration; a relative one is in the folder."""
        return self.root / self.expanded(text)

    def matches(self, pattern: str) -> list[Path]:
        """Return the files and folders that a pattern of the declaration matches, sorted."""
        text = self._expanded(pattern)
        if not _WILDCARDS.search(text):
            return [self.root / text] if (self.root / text).exists() else []
        return sorted(self.root.glob(text))

    def copies(self, pattern: str, target: str) -> None:
        """Copy the newest match of a pattern to a path.

        Raises:
            TgbenchError: nothing matches.
        """
        found = [path for path in self.matches(pattern) if path.is_file()]
        if not found:
            raise TgbenchError(f"{self.root}: nothing matches {self._expanded(pattern)} to copy")
        copy_file(max(found, key=lambda path: path.stat().st_mtime), self.path(target))

    def _expanded(self, text: str) -> str:
        return expand(text, {"name": self.values["name"]})

    def _inside(self, text: str, name: str) -> Path:
        return self.root / expand(text, {"name": name})


def made_by_fitting(declaration: Declaration) -> Iterable[str]:
    """Return the patterns of what a fit leaves for rendering."""
    return dict.fromkeys(
        pattern for each in (*declaration.prepare, *declaration.train) for pattern in each.makes
    )
