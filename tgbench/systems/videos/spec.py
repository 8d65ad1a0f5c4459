"""The method `videos`: finds the declaration that lies beside finished videos."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TgbenchError
from ...inputs import MEBIBYTE, read_text
from ...specs import MethodSpec, Timed
from ..spec import SUFFIX, read_spec

NAME = "videos"
_FOLDER = "folder"


class _AnyVideos(MethodSpec):
    """Stands for the declaration in a folder; see `with_declared`."""

    def load(self) -> Any:
        """Refuse: without their folder there are no videos.

        Raises:
            TgbenchError: always.
        """
        raise TgbenchError(
            f"'{self.name}' renders what lies in a folder, as in `tgbench run --method {self.name} "
            f"--set {_FOLDER}=DIR`"
        )


SPEC = _AnyVideos(
    NAME,
    "finished videos of any system, as the declaration beside them describes it",
    "tgbench.systems.videos.method:Videos",
    config="tgbench.systems.videos.config:VideosConfig",
    presets={"quick": {}, "paper": {}},
    title="Finished videos",
    licence="",
    trains=False,
    timed=Timed.UNTIMED,
)


def with_declared(
    methods: tuple[str, ...], overrides: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return methods and settings with the declaration of videos in the place of `videos`.

    Results are filed under the name that it declares: a folder is only where its videos lie.

    Args:
        methods: names and paths of declarations, as given.
        overrides: settings, as given; `folder` says where the videos are.

    Raises:
        TgbenchError: no folder is given, or not one declaration lies in it.
    """
    if NAME not in methods:
        return methods, dict(overrides)
    own = f"{NAME}.{_FOLDER}"
    folder = overrides.get(own, overrides.get(_FOLDER))
    if folder is None:
        raise TgbenchError(
            f"--method {NAME}: give the folder of the videos with --set {_FOLDER}=DIR"
        )
    path = _declaration_in(Path(folder))
    name = read_spec(path).name
    others = {
        f"{name}.{key.removeprefix(f'{NAME}.')}" if key.startswith(f"{NAME}.") else key: text
        for key, text in overrides.items()
        if key not in (_FOLDER, own)
    }
    return tuple(str(path) if method == NAME else method for method in methods), others


def _declaration_in(folder: Path) -> Path:
    if not folder.is_dir():
        raise TgbenchError(f"--set {_FOLDER}={folder}: no such folder; give that of the videos")
    found = [path for path in sorted(folder.glob(f"*{SUFFIX}")) if _is_of_videos(path)]
    if not found:
        raise TgbenchError(
            f"{folder}: holds no declaration that says whose videos these are; `tgbench systems "
            f"new NAME --videos {folder}` writes one to fill in"
        )
    if len(found) > 1:
        raise TgbenchError(
            f"{folder}: holds two declarations, {found[0].name} and {found[1].name}; name one with "
            f"--method {found[0]} instead of --method {NAME}"
        )
    return found[0].absolute()


def _is_of_videos(path: Path) -> bool:
    """Whether a file declares videos, or should be looked at because it cannot be read."""
    try:
        return "videos" in tomllib.loads(read_text(path, MEBIBYTE))
    except (OSError, ValueError, RecursionError):
        return True
