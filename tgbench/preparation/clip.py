"""What the stages after the first hand to each other: frames on disk and what was seen in them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, Points
from ..identities import layout
from .frames import SEEN_AT, Measured, PersonMasks
from .images import read_grey, read_rgb

_KEPT = 16
"""Frames that are in memory at once: the jaw is looked at some frames ahead."""


@dataclass(frozen=True)
class Clip:
    """The frames of an identity while it is prepared.

    Attributes:
        folder: of the identity.
        size: side of its images, pixels.
        seen: what MediaPipe saw, in pixels of a `SEEN_AT` square.
        masks: of the person, as MediaPipe sees it.
        person_from_parsing: whether the parsing decides what the person is, not the masks.
        stop: is set where other work on the clip failed; long work ends then.
    """

    folder: Path
    size: int
    seen: Measured
    masks: PersonMasks
    person_from_parsing: bool = False
    stop: threading.Event = field(default_factory=threading.Event)

    def __len__(self) -> int:
        return len(self.seen.landmarks)

    @property
    def scale(self) -> float:
        """Pixels of the identity's images per pixel of a `SEEN_AT` square."""
        return self.size / SEEN_AT

    @property
    def mesh(self) -> NDArray[np.float32]:
        """The face mesh [N, 478, 3] in pixels of the identity's images."""
        return self.seen.landmarks * np.float32(self.scale)

    def image(self, frame: int) -> Image:
        """Return a frame, uint8 RGB [H, W, 3]; not to be changed."""
        return self._image(frame)

    def grey(self, frame: int) -> Image:
        """Return a frame in grey, uint8 [H, W]."""
        return read_grey(self.folder / layout.ORIGINAL.format(frame), self.size)

    def parsing(self, frame: int) -> Image:
        """Return the segmentation, uint8 RGB [H, W, 3]; once it is made."""
        return read_rgb(self.folder / layout.PARSING.format(frame), self.size)

    def person(self, frame: int) -> Image:
        """Return how much of each pixel is the person, uint8 [H, W]; not to be changed."""
        if self.person_from_parsing:
            return ((self.parsing(frame) != layout.WHITE).any(axis=-1) * 255).astype(np.uint8)
        return self._mask(frame)

    @cached_property
    def _image(self) -> Callable[[int], Image]:
        def read(frame: int) -> Image:
            return read_rgb(self.folder / layout.ORIGINAL.format(frame), self.size)

        return lru_cache(_KEPT)(read)

    @cached_property
    def _mask(self) -> Callable[[int], Image]:
        return lru_cache(_KEPT)(lambda frame: self.masks.read(frame, self.size))

    def landmarks(self, frame: int) -> Points:
        """Return the 68 landmarks [68, 2] in pixels of the identity's images; once made."""
        return np.loadtxt(self.folder / layout.LANDMARKS.format(frame), dtype=np.float32)
