"""A method with three blendshapes whose effect on the picture is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tgbench.identities import Identity, Split
from tgbench.interfaces import (
    Blendshapes,
    Drive,
    FaceHalf,
    FitContext,
    FitReport,
    Image,
)
from tgbench.specs import CompositeMode, MethodSpec

LIPS, BROWS = (48, 16), (16, 16)
"""Row and column of the squares of 8 x 8 pixels that show the first coefficient of each set."""

MEANS, DEVIATIONS = (100.0, 60.0), (10.0, 6.0)
"""Of those coefficients over the training frames, which are levels of the squares."""


@dataclass(frozen=True)
class Config:
    """No settings."""


class Toy:
    """Shows the first coefficient of each set as the level of a square; others show nowhere."""

    def __init__(self, config: Config) -> None: ...

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Learn nothing."""
        return FitReport(0.0)

    def render(self, drive: Drive) -> Iterator[Image]:
        """Show what a drive gives."""
        return self.render_blendshapes(drive, self.blendshapes(drive))

    def blendshapes(self, drive: Drive) -> Sequence[Blendshapes]:
        """Coefficients go to and fro between a deviation above the mean and one below."""
        sway = np.where(np.arange(len(drive)) % 2, 1.0, -1.0)
        columns = [
            mean + deviation * sway for mean, deviation in zip(MEANS, DEVIATIONS, strict=True)
        ]
        unused = np.zeros(len(drive))
        return (
            Blendshapes("brows", FaceHalf.UPPER, np.stack([columns[1], unused], 1).astype("f4")),
            Blendshapes("lips", FaceHalf.LOWER, columns[0][:, None].astype("f4")),
        )

    def render_blendshapes(self, drive: Drive, sets: Sequence[Blendshapes]) -> Iterator[Image]:
        """Draw the squares on white."""
        brows, lips = sets
        for brow, lip in zip(brows.coefficients[:, 0], lips.coefficients[:, 0], strict=True):
            image = np.full((drive.intrinsics.height, drive.intrinsics.width, 3), 255, np.uint8)
            for (row, column), level in ((BROWS, brow), (LIPS, lip)):
                image[row : row + 8, column : column + 8] = np.clip(np.round(level), 0, 255)
            yield image

    def save(self, folder: Path) -> None:
        """Write an empty file."""
        folder.mkdir(parents=True)
        (folder / "nothing").touch()

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Read nothing."""


SPEC = MethodSpec(
    "toy",
    "squares",
    f"{__name__}:Toy",
    config=f"{__name__}:Config",
    presets={"quick": {}},
    image_sizes={"quick": 64},
    takes_camera=True,
    composite_mode=CompositeMode.HEAD_ALONE,
)
