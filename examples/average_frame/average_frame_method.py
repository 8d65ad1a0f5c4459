"""The method: fit, render, save, load."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from average_frame import Config

from tgbench.identities import Identity, Split
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
        return FitReport(time.perf_counter() - started)

    def render(self, drive: Drive) -> Iterator[Image]:
        """Yield a frame for every frame of the drive."""
        for _ in range(len(drive)):
            yield self.mean

    def save(self, folder: Path) -> None:
        """Write the fitted state."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "mean.npy", self.mean)

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Restore what `save` wrote."""
        self.mean = np.load(folder / "mean.npy")
