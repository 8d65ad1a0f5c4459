"""What is known of heads seen from cameras of one's own choice, and what methods can say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .arrays import Image, Points

if TYPE_CHECKING:
    from .drive import Drive
    from .identities import Intrinsics


@dataclass(frozen=True)
class Layers:
    """Where the head is in a frame.

    Attributes:
        alpha: float32 [H, W], the share of each pixel that the head covers, 0 to 1.
        depth: float32 [H, W], how far it is along the camera's axis there, in the unit of poses;
            NaN where there is none of it.
    """

    alpha: NDArray[np.float32]
    depth: NDArray[np.float32]


@runtime_checkable
class RendersLayers(Protocol):
    """Optional: a method that can say where in its frames the head is, and how far away."""

    def layers(self, drive: Drive) -> Iterator[Layers]:
        """Yield one for every frame of a drive, in order."""


class TrueViews(Protocol):
    """The ground truth of a case that no camera of the clip has seen, frame by frame."""

    def image(self, index: int) -> Image:
        """Return the head alone over the backdrop of the drive, uint8 RGB [H, W, 3]."""

    def layers(self, index: int) -> Layers:
        """Return where it is."""

    def landmarks(self, index: int) -> Points:
        """Return its 68 iBUG landmarks [68, 2] in pixels, hidden ones included."""


@dataclass(frozen=True)
class FilmedClip:
    """The frames of the identity's own clip.

    Attributes:
        poses: float32 [N, 4, 4], the cameras that filmed, to the head.
        times: float64 [N], seconds at which they were filmed.
        image: returns one, uint8 RGB [H, W, 3].
    """

    poses: NDArray[np.float32]
    times: NDArray[np.float64]
    image: Callable[[int], Image]


@dataclass(frozen=True)
class MovedCameras:
    """What metrics of views are given beside the frames.

    Attributes:
        turns: float64 [T, 3, 3], how the head of the filmed frame turns in the picture, in the
            axes of a camera (x right, y up, z towards it).
        poses: float32 [T, 4, 4], the cameras, to the head.
        lens: of all of them.
        filmed: returns the frame of the clip whose pose, expression and sound a frame has.
        clip: all frames of the clip; None: they are not known.
        sources: int [T], which of them that is.
        rendered: yields the layers of the method's frames; None: it renders none.
        truth: of the case; None: there is none.
        frozen: whether the head does not move.
    """

    turns: NDArray[np.float64]
    poses: NDArray[np.float32]
    lens: Intrinsics
    filmed: Callable[[int], Image]
    clip: FilmedClip | None = None
    sources: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    rendered: Callable[[], Iterator[Layers]] | None = None
    truth: TrueViews | None = None
    frozen: bool = False
