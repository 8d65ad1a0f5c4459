"""A small method that keeps its contract: a disc for a head whose mouth and brows move.

It is what `broken.py` breaks, one thing at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tgbench.arrays import map_array
from tgbench.errors import TgbenchError
from tgbench.files import write_json
from tgbench.identities import Identity, Split
from tgbench.inputs import read_json
from tgbench.interfaces import Drive, FitContext, FitReport, Image, Layers
from tgbench.specs import CompositeMode, LeakedCondition, MethodSpec

PART = "mean.npy"
RADIUS = 0.1
"""Of a head that is a globe, in the unit of poses."""


@dataclass(frozen=True)
class Config:
    """No settings."""


class Puppet:
    """Learns the mean colour of the head; draws head, mouth and brows over the true torso."""

    def __init__(self, config: Config) -> None:
        self.state = np.zeros((0, 3))
        self.origin: dict[str, object] = {}

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Take the middle pixel's mean; a checkpoint after every eighth frame."""
        checkpoint = context.workdir / "sum.npy"
        total, done = self.resumed(checkpoint)
        generator = np.random.default_rng(context.seed)
        weights = generator.uniform(0.5, 1.5, len(split.train))
        with context.progress.task("looking", len(split.train), done) as task:
            for place in range(done, len(split.train)):
                total += np.append(self.look(identity, split, place) * weights[place], 1.0)
                task.advance()
                if place % 8 == 7:
                    np.save(checkpoint, total)
        self.state = total[:3] / weights.sum()
        self.origin = {"identity": identity.name, "train": [split.train.start, split.train.stop]}
        return FitReport(0.0)

    def resumed(self, checkpoint: Path) -> tuple[np.ndarray, int]:
        """Return what an earlier run saved."""
        total = np.load(checkpoint) if checkpoint.is_file() else np.zeros(4)
        return total, int(total[3])

    def look(self, identity: Identity, split: Split, place: int) -> np.ndarray:
        """Return the colour in the middle of the head in a training frame."""
        size = identity.intrinsics.width
        return identity.frame(split.train[place])[int(size * 0.42), size // 2].astype(float)

    def render(self, drive: Drive) -> Iterator[Image]:
        """Draw frame by frame."""
        for frame in range(len(drive)):
            image = drive.background(frame)
            self.draw(
                image, self.shift(drive, frame), self.gap(drive, frame), self.brow(drive, frame)
            )
            yield image

    def shift(self, drive: Drive, frame: int) -> float:
        """Return where the head is, in pixels from the middle."""
        return float(drive.poses[frame][0, 3]) * 1000

    def gap(self, drive: Drive, frame: int) -> float:
        """Return how far the mouth is open, 0 to 1: another share for every sound."""
        heard = np.abs(drive.features[drive.feature_index[frame]]).sum()
        return float(heard * 0.37 % 1)

    def brow(self, drive: Drive, frame: int) -> float:
        """Return how high the brows are, 0 to 1."""
        return float(drive.action_units.values["AU01"][frame] / 5)

    def draw(self, image: Image, shift: float, gap: float, brow: float) -> None:
        """Draw a head into an image."""
        size = image.shape[0]
        y, x = (axis + 0.5 for axis in np.ogrid[:size, :size])
        across = x - size / 2 - shift
        image[across**2 + (y - size * 0.42) ** 2 < (size * 0.3) ** 2] = self.state
        mouth = (abs(across) < size * 0.1) & (abs(y - size * 0.55) < size * 0.05)
        image[mouth] = (250 * gap, 10, 10)
        brows = (abs(across) < size * 0.15) & (abs(y - size * 0.4) < size * 0.02)
        image[brows] = (10, 250 * brow, 10)

    def save(self, folder: Path) -> None:
        """Write the state and what it is of."""
        folder.mkdir(parents=True)
        np.save(folder / PART, self.state)
        write_json(folder / "origin.json", self.origin)

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Read both."""
        try:
            self.state = np.array(map_array(folder / PART))
            self.origin = read_json(folder / "origin.json")
        except (OSError, ValueError) as error:
            raise TgbenchError(f"{folder}: {error}") from error
        here = {"identity": identity.name, "train": [split.train.start, split.train.stop]}
        if self.origin != here:
            raise TgbenchError(f"{folder}: is of {self.origin}, not of {here}")


class Paster(Puppet):
    """Draws the mouth alone, on the true frame."""

    identity: Identity

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Remember whom it is fitted to."""
        self.identity = identity
        return super().fit(identity, split, context)

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Remember whom it is loaded for."""
        self.identity = identity
        super().load(folder, identity, split, device)

    def render(self, drive: Drive) -> Iterator[Image]:
        """Paste frame by frame."""
        for frame in range(len(drive)):
            image = self.identity.frame(int(drive.source_frames[frame])).copy()
            self.paste(image, self.gap(drive, frame))
            yield image

    def paste(self, image: Image, gap: float) -> None:
        """Draw a mouth into an image."""
        size = image.shape[0]
        image[int(size * 0.5) : int(size * 0.6), int(size * 0.4) : int(size * 0.6)] = 250 * gap


class Globe(Puppet):
    """Draws a coloured globe for a head, as any camera sees it."""

    def render(self, drive: Drive) -> Iterator[Image]:
        """Draw frame by frame."""
        for frame in range(len(drive)):
            camera = self.camera(drive, frame)
            depth, place = self.hit(drive, camera)
            skin = 127.5 + 120 * place / RADIUS
            skin[..., 0] = 250 * self.gap(drive, frame)
            seen = np.isfinite(depth)
            image = self.behind(drive, frame).copy()
            image[seen] = skin[seen]
            yield image

    def layers(self, drive: Drive) -> Iterator[Layers]:
        """Say where the globe is."""
        for frame in range(len(drive)):
            depth, _ = self.hit(drive, self.camera(drive, frame))
            yield self.layer(np.isfinite(depth).astype(np.float32), depth.astype(np.float32))

    def layer(self, alpha: np.ndarray, depth: np.ndarray) -> Layers:
        """Return one."""
        return Layers(alpha, depth)

    def camera(self, drive: Drive, frame: int) -> np.ndarray:
        """Return from where a frame is seen."""
        return drive.poses[frame].astype(float)

    def behind(self, drive: Drive, frame: int) -> Image:
        """Return what is behind the globe."""
        return drive.background(frame)

    def hit(self, drive: Drive, camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the depth of each pixel's point on the globe [H, W], and the point [H, W, 3]."""
        lens = drive.intrinsics
        y, x = np.mgrid[: lens.height, : lens.width] + 0.5
        local = [(x - lens.cx) / lens.focal, (lens.cy - y) / lens.focal, -np.ones_like(x)]
        rays, start = np.stack(local, -1) @ camera[:3, :3].T, camera[:3, 3]
        a, b, c = (rays**2).sum(-1), rays @ start, start @ start - RADIUS**2
        with np.errstate(invalid="ignore"):
            depth = (-b - np.sqrt(b**2 - a * c)) / a
        return depth, start + depth[..., None] * rays


PUPPET = MethodSpec(
    "puppet",
    "a head drawn over the true torso",
    "puppet:Puppet",
    config="puppet:Config",
    presets={"quick": {}},
    composite_mode=CompositeMode.HEAD_OVER_TORSO,
    leaked_conditions=(
        LeakedCondition.HEAD_POSE,
        LeakedCondition.UPPER_FACE_ACTION_UNITS,
        LeakedCondition.TORSO_AND_BACKGROUND,
    ),
)
PASTER = MethodSpec(
    "paster",
    "a mouth drawn on the true frame",
    "puppet:Paster",
    config="puppet:Config",
    presets={"quick": {}},
    moves_upper_face=False,
    composite_mode=CompositeMode.FACE_PASTED,
    leaked_conditions=(LeakedCondition.UPPER_FACE, LeakedCondition.TORSO_AND_BACKGROUND),
)
GLOBE = replace(PUPPET, name="globe", implementation="puppet:Globe", takes_camera=True)
SPECS = (PUPPET, PASTER, GLOBE)
