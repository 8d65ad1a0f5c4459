"""Where the prior's heads stand in the frame of a clip: a similarity, found from landmarks."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation
from torch import Tensor, nn

from tgbench.errors import TgbenchError

from ..shared.rasterizer import Camera
from .prior.interface import Heads

INNER = slice(17, 68)
"""Landmarks that are points of the skin; those of the jaw slide along the outline."""

_FRAMES = 24
_FAR = 0.25
"""Deviation of landmarks after the fit, as a share of the face's width, from which on the clip's
poses are not those of its face."""


class Placement(nn.Module):
    """Scale, rotation (as a vector) and translation from the head frame of a prior to a clip's."""

    def __init__(self, values: NDArray[np.floating] | None = None) -> None:
        super().__init__()
        start = torch.zeros(7) if values is None else torch.tensor(values, dtype=torch.float32)
        self.values = nn.Parameter(start)

    def forward(self, heads: Heads) -> Heads:
        """Return heads in the frame of the clip, in its unit."""
        scale, turn, place = self.values[0].exp(), self.values[1:4], self.values[4:]
        quaternion = _quaternion(turn)
        return Heads(
            scale * (heads.means @ _matrix(quaternion).T) + place,
            _multiplied(quaternion, heads.quats),
            scale * heads.scales,
            heads.opacities,
            heads.colors,
        )


def fit_placement(
    points: NDArray[np.floating], landmarks: NDArray[np.floating], cameras: list[Camera]
) -> Placement:
    """Return the similarity that brings a head's landmarks to those of some frames.

    Args:
        points: [68, 3] of the prior's head.
        landmarks: [T, 68, 2] pixels.
        cameras: T, of the whole frames.

    Raises:
        TgbenchError: none does: the poses are not those of the face.
    """
    chosen = np.unique(np.linspace(0, len(cameras) - 1, _FRAMES).astype(int))
    views = np.stack([cameras[i].world_to_camera for i in chosen])
    lens = np.array([[c.fx, c.fy, c.cx, c.cy] for c in (cameras[i] for i in chosen)])[:, None]
    seen, known = landmarks[chosen][:, INNER], np.asarray(points, np.float64)[INNER]
    width = float(np.median(np.ptp(seen[..., 0], axis=1)))
    distance = float(np.median(np.linalg.norm(views[:, :3, 3], axis=1)))
    size = width * distance / float(lens[0, 0, 0]) / float(np.ptp(known[:, 0]))

    def apart(values: NDArray[np.float64]) -> NDArray[np.float64]:
        turn = Rotation.from_rotvec(values[1:4]).as_matrix()
        placed = np.exp(values[0]) * known @ turn.T + size * values[4:]
        inside = np.einsum("tij,nj->tni", views[:, :3, :3], placed) + views[:, None, :3, 3]
        depth = np.maximum(inside[..., 2:], 1e-3 * distance)
        flat = lens[..., :2] * inside[..., :2] / depth + lens[..., 2:]
        difference: NDArray[np.float64] = (flat - seen).reshape(-1) / width
        return difference

    found = least_squares(
        apart, np.r_[np.log(size), np.zeros(6)], loss="soft_l1", f_scale=0.05, max_nfev=60
    )
    error = float(np.sqrt(2.0 * np.mean(apart(found.x) ** 2)))
    if not error < _FAR:
        raise TgbenchError(
            f"the head poses do not fit the landmarks: {error:.0%} of the face's width apart; "
            "prepare the clip again, or measure its poses with another backend"
        )
    values = found.x.copy()
    values[4:] *= size
    return Placement(values)


def _quaternion(turn: Tensor) -> Tensor:
    """Return the quaternion wxyz of a rotation vector; its gradient exists at zero, too."""
    square = turn.square().sum()
    angle = (square + 1e-12).sqrt()
    return torch.cat([torch.cos(angle / 2).view(1), turn * (torch.sin(angle / 2) / angle)])


def _matrix(quaternion: Tensor) -> Tensor:
    w, x, y, z = quaternion / quaternion.norm()
    return torch.stack(
        [
            torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)]),
            torch.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)]),
            torch.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]),
        ]
    )


def _multiplied(one: Tensor, others: Tensor) -> Tensor:
    """Return the products of quaternions, `one` [4] from the left, `others` [..., 4]."""
    a, b, c, d = one
    w, x, y, z = others.unbind(-1)
    return torch.stack(
        [
            a * w - b * x - c * y - d * z,
            a * x + b * w + c * z - d * y,
            a * y - b * z + c * w + d * x,
            a * z + b * y - c * x + d * w,
        ],
        dim=-1,
    )
