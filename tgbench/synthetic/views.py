"""The ground truth of a synthetic person from cameras that the clip never had."""

from __future__ import annotations

import dataclasses
import threading
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, Points
from ..errors import TgbenchError
from ..identities import Identity
from ..views import Layers
from .dataset import GENERATOR_VERSION, film, person_of
from .names import MADE_BY, built_in
from .studio import HeadShot, Studio


class FilmedViews:
    """The head alone, filmed anew with the cameras of a case; see `tgbench.views.TrueViews`.

    Filmed when asked for. The last frame is kept, because picture, layers and landmarks are asked
    for one after another.
    """

    def __init__(
        self, studio: Studio, frames: NDArray[np.int64], cameras: NDArray[np.floating]
    ) -> None:
        """Take what is filmed.

        Args:
            studio: where the person performs.
            frames: int [T], of the performance.
            cameras: [T, 4, 4] to the head.
        """
        self._studio, self._frames, self._cameras = studio, frames, cameras
        self._last: tuple[int, HeadShot] | None = None
        self._filming = threading.Lock()

    def image(self, index: int) -> Image:
        """Return the head over white, uint8 RGB [H, W, 3]."""
        return self._shot(index).image

    def layers(self, index: int) -> Layers:
        """Return where it is, in metres."""
        shot = self._shot(index)
        return Layers(shot.alpha, shot.depth)

    def landmarks(self, index: int) -> Points:
        """Return its 68 iBUG landmarks [68, 2] in pixels, hidden ones included."""
        return self._shot(index).landmarks

    def _shot(self, index: int) -> HeadShot:
        with self._filming:
            if self._last is None or self._last[0] != index:
                camera = self._cameras[index].astype(np.float64)
                self._last = index, self._studio.head(int(self._frames[index]), camera)
            return self._last[1]


def studio_of(identity: Identity) -> Studio | None:
    """Return the studio in which a built-in identity was filmed; None for any other clip.

    Raises:
        TgbenchError: it was made by another version, so that its person is not known exactly.
    """
    said = identity.provenance
    if said.get("made_by") != MADE_BY or built_in(identity.name) is None:
        return None
    person = dataclasses.asdict(person_of(identity.name))
    # Through JSON tuples become lists.
    same = _plain(person) == _plain(said.get("person"))
    if said.get("generator_version") != GENERATOR_VERSION or not same:
        raise TgbenchError(
            f"{identity.folder}: was filmed by another version of tgbench, so how it looks from "
            "elsewhere is not known; delete the folder and let this version film it"
        )
    return _studio(identity.name, int(said["size"]), float(said["seconds"]))


@lru_cache(maxsize=2)
def _studio(name: str, size: int, seconds: float) -> Studio:
    """Sculpting takes seconds, and the cases of a person come one after another."""
    return film(name, size, seconds)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
