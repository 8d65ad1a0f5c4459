"""What a method with blendshapes can say of them, and render from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .arrays import Image

if TYPE_CHECKING:
    from .drive import Drive


class FaceHalf(StrEnum):
    """A part of the face, as the base of the nose divides it."""

    UPPER = "upper"
    LOWER = "lower"


@dataclass(frozen=True)
class Blendshapes:
    """A set of blendshapes, and how much of each is in every frame.

    Attributes:
        name: of the set, short: letters, digits, `-` and `_`, as it is part of file names.
        half: of the face, which the set is meant to move; None: all of it.
        coefficients: float32 [T, K], of K blendshapes.
    """

    name: str
    half: FaceHalf | None
    coefficients: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check the name.

        Raises:
            ValueError: it cannot be part of a file's name.
        """
        if not re.fullmatch(r"[\w-]+", self.name):
            raise ValueError(f"blendshapes {self.name!r}: use letters, digits, - and _ alone")


@runtime_checkable
class HasBlendshapes(Protocol):
    """Optional: a method whose faces are steered by coefficients of blendshapes."""

    def blendshapes(self, drive: Drive) -> Sequence[Blendshapes]:
        """Return all sets, with the coefficients that sound and expression of a drive give."""

    def render_blendshapes(self, drive: Drive, sets: Sequence[Blendshapes]) -> Iterator[Image]:
        """Yield frames at the poses of a drive, with coefficients of the caller's own.

        Args:
            drive: cameras and backdrop; its sound and expression are not used.
            sets: those of `blendshapes`, in their order, with a row for each frame.
        """
