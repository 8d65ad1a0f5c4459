"""Methods that take a camera, and break one thing each in what they show of it; see `broken`."""

from __future__ import annotations

import numpy as np
from puppet import Globe

from tgbench.interfaces import Drive, Image, Layers


class Flat(Globe):
    def camera(self, drive: Drive, frame: int) -> np.ndarray:
        ahead = np.eye(4)
        ahead[2, 3] = np.linalg.norm(drive.poses[frame][:3, 3])
        return ahead


class Mirrored(Globe):
    def camera(self, drive: Drive, frame: int) -> np.ndarray:
        flipped = np.diag([-1.0, 1.0, 1.0, 1.0])
        return flipped @ drive.poses[frame] @ flipped


class Indoors(Globe):
    def behind(self, drive: Drive, frame: int) -> Image:
        return np.full_like(drive.background(frame), 90)


class Tinted(Globe):
    def behind(self, drive: Drive, frame: int) -> Image:
        image = drive.background(frame)
        return image if (image == image[0, 0]).all() else image // 2


class Everywhere(Globe):
    def layer(self, alpha: np.ndarray, depth: np.ndarray) -> Layers:
        return Layers(np.ones_like(alpha), depth)


class Percent(Globe):
    def layer(self, alpha: np.ndarray, depth: np.ndarray) -> Layers:
        return Layers(100 * alpha, depth)


class Double(Globe):
    def layer(self, alpha: np.ndarray, depth: np.ndarray) -> Layers:
        return Layers(alpha, depth.astype(np.float64))


class Millimetres(Globe):
    def layer(self, alpha: np.ndarray, depth: np.ndarray) -> Layers:
        return Layers(alpha, 1000 * depth)
