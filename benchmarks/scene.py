"""A head-like scene in memory: Gaussians, conditions, training frames, a drive."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tgbench.audio import Waveform
from tgbench.configs import replaced
from tgbench.identities import ActionUnits, Identity, IdentityWriter, Intrinsics
from tgbench.identities.split import default_split
from tgbench.interfaces import Drive
from tgbench.methods.shared.conditions import Conditions
from tgbench.methods.shared.pixel_labels import FACE, HAIRS, MOUTH
from tgbench.methods.shared.rasterizer import Camera
from tgbench.methods.shared.window import Window
from tgbench.methods.talkinggaussian.branch import Branch, new_motion
from tgbench.methods.talkinggaussian.config import BranchName, TalkingGaussianConfig
from tgbench.methods.talkinggaussian.frames import Crop, TrainingFrames
from tgbench.methods.talkinggaussian.gaussians import GaussianField, inverse_softplus
from tgbench.methods.talkinggaussian.losses import FaceLoss, MouthLoss
from tgbench.methods.talkinggaussian.motion import expression_units
from tgbench.methods.talkinggaussian.sampling import FrameSampler
from tgbench.methods.talkinggaussian.training import BranchTrainer

CHANNELS, STEPS, FRAMES = 80, 16, 16
UNITS = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU25", "AU45")
RADIUS, DISTANCE = 0.1, 1.0
_DISC = 0.3
"""Radius of the head in the image, in image sides."""


def pose() -> NDArray[np.float64]:
    """Return the camera in front of the head."""
    camera_to_world = np.eye(4)
    camera_to_world[2, 3] = DISTANCE
    return camera_to_world


def intrinsics(size: int) -> Intrinsics:
    """Return a lens that shows the head in 60 % of a square image."""
    return Intrinsics(_DISC * size * DISTANCE / RADIUS, size / 2, size / 2, size, size)


def camera(size: int) -> Camera:
    """Return the view of the head."""
    lens = intrinsics(size)
    return Camera.from_pose(pose(), lens.focal, lens.cx, lens.cy, size, size)


def head_like(count: int, size: int, channels: int = 3) -> list[Tensor]:
    """Return means, quats, scales, opacities and colours of a ball of evenly spread Gaussians.

    Their footprints have a mean radius of about 4.5 px, whatever the size of the image.
    """
    g = torch.Generator().manual_seed(0)
    direction = torch.nn.functional.normalize(torch.randn(count, 3, generator=g), dim=1)
    sigma = np.sqrt(1.5**2 - 0.3) / intrinsics(size).focal * DISTANCE
    return [
        RADIUS * direction * torch.rand(count, 1, generator=g) ** (1 / 3),
        torch.randn(count, 4, generator=g),
        0.8 * sigma * torch.exp(0.4 * torch.randn(count, 3, generator=g)),
        torch.sigmoid(1.5 * torch.randn(count, generator=g)),
        torch.rand(count, channels, generator=g),
    ]


def rays_through_a_ball(count: int) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """Return origins and directions of rays, and the cells of a ball that half of them meet."""
    g = torch.Generator().manual_seed(0)
    across = 0.5 * (torch.rand(count, 2, generator=g) - 0.5)
    directions = torch.nn.functional.normalize(torch.cat([across, -torch.ones(count, 1)], 1), dim=1)
    origins = torch.tensor([0.0, 0.0, 3.35]).expand(count, 3).contiguous()
    sides = (torch.arange(128) + 0.5) / 64 - 1
    centres = torch.stack(torch.meshgrid(sides, sides, sides, indexing="ij"), dim=-1)
    return (origins, directions), centres.norm(dim=-1) < 0.45


def branch(name: BranchName, count: int, size: int, config: TalkingGaussianConfig) -> Branch:
    """Return a branch in the middle of motion learning: all harmonics, a field that moves."""
    torch.manual_seed(0)
    means, quats, scales, opacities, colors = head_like(count, size)
    field = GaussianField(
        {
            "means": means,
            "quats": quats,
            "scales": inverse_softplus(scales),
            "opacities": torch.logit(opacities),
            "color": (colors - 0.5) / 0.28209479177387814,
            "harmonics": 0.1
            * torch.randn(count, (config.gaussians.harmonics_degree + 1) ** 2 - 1, 3),
        },
        config,
    )
    field.degree = config.gaussians.harmonics_degree
    motion = new_motion(name, CHANNELS, config)
    # As drawn, the grid is flat and the decoder's last layer zero.
    motion.grid.table.data *= 1e4
    for parameter in motion.decoder[-1].parameters():
        parameter.data += 1e-3 * torch.randn_like(parameter)
    return Branch(name, field, motion)


def conditions(config: TalkingGaussianConfig) -> Conditions:
    """Return what drives FRAMES frames."""
    features, rows, units = _drivers()
    device = torch.device("cpu")
    return Conditions(features, rows, units, expression_units(config), device=device)


def trainer(
    name: BranchName, count: int, size: int, settings: Mapping[str, object] | None = None
) -> BranchTrainer:
    """Return a trainer of one branch with whole images for crops, in motion learning.

    Nothing is densified, so that every iteration has the same Gaussians.
    """
    chosen = {"densify.start": 10**9, **(settings or {})}
    config = replaced(TalkingGaussianConfig(), chosen)
    frames = cast(TrainingFrames, _Frames(size))
    generator = torch.Generator().manual_seed(0)
    made = BranchTrainer(
        branch(name, count, size, config),
        (FaceLoss if name == "face" else MouthLoss)(frames, config),
        conditions(config),
        FrameSampler(np.arange(FRAMES), (), generator),
        config,
        generator,
        (size, size),
    )
    made.iteration = config.schedule.static_iterations + 1
    return made


def drive(folder: Path, size: int, frames: int) -> Drive:
    """Return what renders a number of frames over torsos that are read from disk."""
    features, _, units = _drivers()
    rows = np.arange(frames) % FRAMES
    values = {name: value[rows] for name, value in units.values.items()}
    poses = np.repeat(pose()[None], frames, 0).astype(np.float32)
    silence = Waveform(np.zeros(frames * 640, np.float32))
    return Drive(
        intrinsics(size),
        poses,
        ActionUnits(values, units.measured_by),
        silence,
        features,
        rows,
        rows,
        _backdrop(folder, size),
    )


class _Frames:
    """Training frames of one head, whole images held in memory."""

    def __init__(self, size: int) -> None:
        image, labels = (torch.from_numpy(array) for array in _portrait(size))
        whole = Window(0, 0, size, size)
        self._crops = [
            Crop(i, camera(size), image.roll(i, 1), labels, whole) for i in range(FRAMES)
        ]
        self._lips = Window(int(0.4 * size), int(0.55 * size), int(0.6 * size), int(0.65 * size))

    def head(self, position: int) -> Crop:
        return self._crops[position]

    skin = mouth = head

    def lips(self, position: int) -> Window:
        return self._lips


def _drivers() -> tuple[NDArray[np.float32], NDArray[np.int64], ActionUnits]:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((FRAMES, STEPS, CHANNELS)).astype(np.float32)
    units = {name: rng.uniform(0, 3, FRAMES).astype(np.float32) for name in UNITS}
    return features, np.arange(FRAMES), ActionUnits(units, "chance")


def _portrait(size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a head with hair and an open mouth, and its labels."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size - 0.5
    labels = np.zeros((size, size), np.uint8)
    labels[x**2 + y**2 < _DISC**2] = FACE
    labels[(labels == FACE) & (y < -0.6 * _DISC)] = HAIRS
    labels[(x / 0.1) ** 2 + ((y - 0.1) / 0.04) ** 2 < 1] = MOUTH
    smooth = np.stack([np.sin(9 * x + 2), np.cos(7 * y), np.sin(5 * (x + y))], -1)
    noise = np.random.default_rng(0).normal(0, 4, smooth.shape)
    return np.clip(128 + 60 * smooth + noise, 0, 255).astype(np.uint8), labels


def _backdrop(folder: Path, size: int) -> Identity:
    """Write an identity of which only plate and torsos are there."""
    writer = IdentityWriter(folder, (size, size))
    image, _ = _portrait(size)
    y, x = (np.mgrid[:size, :size] + 0.5) / size - 0.5
    edge = np.clip((y - 0.25 - 2 * x**2) * size / 2, 0, 1)
    torso = np.dstack([image, (255 * edge).astype(np.uint8)])
    torso[edge == 0] = 0
    for i in range(FRAMES):
        writer.write_frame(i, torso=torso)
    writer.write_background(image)
    poses = np.repeat(pose()[None], FRAMES, 0)
    writer.write_transforms(intrinsics(size).focal, poses, default_split(FRAMES))
    return Identity(folder)
