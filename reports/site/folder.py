"""The folder of a site: only files that a site wrote are ever replaced or removed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.files import atomic_path, make_folder, write_json
from tgbench.inputs import read_json

MANIFEST = "site.json"
INDEX = "index.html"

_OWN = re.compile(r"(?:(?:results|static)/)?[a-z0-9-]+\.(?:html|csv|css|js)")
"""What a site's files are called; a list that names others is not taken at its word."""


class SiteFolder:
    """Writes a site that is complete wherever a run is stopped.

    Pages of results and styles have a hash in their names; the pages that lead to them are written
    after them, and what no page leads to any more goes last.

    Args:
        folder: made where it is missing.

    Raises:
        TgbenchError: it cannot be written to, or its list of files cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise TgbenchError(f"{folder}: is a file; name a folder for the site")
        self._folder = make_folder(folder)
        self._before = self._listed()
        self.size = 0

    def claim(self, names: Iterable[str]) -> None:
        """Record what will be written, so that the next run knows files of a stopped run as ours.

        Raises:
            TgbenchError: there is a file of that name which no site wrote, or no list can be kept.
        """
        self._names = set(names)
        for name in sorted(self._names - self._before):
            if (self._folder / name).exists():
                raise TgbenchError(
                    f"{self._folder / name}: was not written by tgbench and stays as it is; choose "
                    "another folder, or move the file away"
                )
        self._list(self._names | self._before)

    def write(self, name: str, text: str) -> None:
        """Write a claimed file.

        Raises:
            TgbenchError: it cannot be written.
        """
        content = text.encode("utf-8", "replace")
        self.size += len(content)
        try:
            with atomic_path(self._folder / name) as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            raise self._refused(name, error) from error

    def finish(self) -> None:
        """Remove what an earlier run wrote and this one did not.

        Raises:
            TgbenchError: a file cannot be removed.
        """
        for name in sorted(self._before - self._names):
            try:
                (self._folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise self._refused(name, error) from error
        self._list(self._names)

    def _listed(self) -> set[str]:
        path = self._folder / MANIFEST
        if not path.exists():
            return set()
        try:
            names = read_json(path)["files"]
            if not isinstance(names, list):
                raise TypeError("not a list")
            return {name for name in names if _OWN.fullmatch(name)}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TgbenchError(
                f"{path}: is no list of a site's files, so it is not known what may be replaced; "
                "choose another folder, or remove this file and the site's"
            ) from error

    def _list(self, names: Iterable[str]) -> None:
        try:
            write_json(self._folder / MANIFEST, {"files": sorted(names)})
        except OSError as error:
            raise self._refused(MANIFEST, error) from error

    def _refused(self, name: str, error: OSError) -> TgbenchError:
        return TgbenchError(
            f"{self._folder / name}: cannot be written or removed ({error.strerror or error}); "
            "free the folder or choose another one, and write the site again"
        )
