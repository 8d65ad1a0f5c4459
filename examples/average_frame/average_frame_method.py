"""The method: fit, render, save, load."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from average_frame import Config

from tgbench.arrays import map_array
from tgbench.errors import TgbenchError
from tgbench.files import write_json
from tgbench.identities import Identity, Split
from tgbench.inputs import read_json
from tgbench.interfaces import Drive, FitContext, FitReport, Image


class AverageFrame:
    """Shows the mean of some training frames whatever is said."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Learn from the training frames."""
        started = time.perf_counter()
        chosen = split.train[:: max(1, len(split.train) // self.config.frames)]
        total = np.zeros(identity.frame(0).shape)
        with context.progress.task("averaging frames", len(chosen)) as task:
            for frame in chosen:
                total += identity.frame(frame)
                task.advance()
        self.mean = (total / len(chosen)).round().astype(np.uint8)
        self.origin = origin(identity, split)
        return FitReport(time.perf_counter() - started)

    def render(self, drive: Drive) -> Iterator[Image]:
        """Yield a frame for every frame of the drive."""
        for _ in range(len(drive)):
            yield self.mean

    def save(self, folder: Path) -> None:
        """Write the fitted state."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "mean.npy", self.mean)
        write_json(folder / "origin.json", self.origin)

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Restore what `save` wrote for this identity; refuse what is damaged or of another."""
        try:
            fitted_to = read_json(folder / "origin.json")
            self.mean = np.array(map_array(folder / "mean.npy"))
        except (OSError, ValueError) as error:
            raise TgbenchError(f"{folder}: cannot be read ({error}); fit again") from error
        self.origin = origin(identity, split)
        if fitted_to != self.origin:
            raise TgbenchError(f"{folder}: is of {fitted_to}, not of {self.origin}; fit again")


def origin(identity: Identity, split: Split) -> dict[str, object]:
    """Say what a fit belongs to."""
    return {"identity": identity.name, "train": [split.train.start, split.train.stop]}
