"""A tiny identity: a textured sphere that turns its head, blinks, and talks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tgbench.audio import SAMPLE_RATE, Waveform
from tgbench.identities import HAIR, HEAD, INNER_MOUTH, WHITE, Identity, IdentityWriter
from tgbench.identities.split import default_split

RADIUS, DISTANCE = 0.1, 0.8
BACKGROUND = np.array([200, 180, 160])
UNITS = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU25", "AU45")


def write_sphere(
    folder: Path, size: int = 48, frames: int = 33, seed: int = 0, mouth: bool = True
) -> Identity:
    """Write an identity whose mouth opens with the loudness of its sound."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(frames) / 25.0
    opening = 0.5 - 0.5 * np.cos(2 * np.pi * 2.0 * seconds)
    blink = (np.arange(frames) % 10 < 2).astype(np.float64)
    focal = 2.6 * size
    poses = np.stack([_pose(0.25 * np.sin(2.1 * t), 0.1 * np.cos(3.0 * t)) for t in seconds])
    writer = IdentityWriter(folder, (size, size))
    for i in range(frames):
        image, parsing = _draw(poses[i], focal, size, opening[i] if mouth else 0.0, blink[i])
        torso = np.zeros((size, size, 4), np.uint8)
        writer.write_frame(
            i,
            image=image,
            ground_truth=image,
            parsing=parsing,
            teeth_mask=np.zeros((size, size), bool),
            torso=torso,
            landmarks=_landmarks(poses[i], focal, size, opening[i]),
        )
    writer.write_background(np.broadcast_to(BACKGROUND, (size, size, 3)).astype(np.uint8))
    writer.write_transforms(focal, poses, default_split(frames))
    units = {name: np.zeros(frames) for name in UNITS}
    writer.write_action_units(units | {"AU25": 3 * opening, "AU45": 2 * blink}, "sphere")
    time = np.arange(int((frames + 1) / 25.0 * SAMPLE_RATE)) / SAMPLE_RATE
    loudness = 0.5 - 0.5 * np.cos(2 * np.pi * 2.0 * time)
    sound = 0.3 * loudness * rng.standard_normal(len(time))
    writer.write_audio(Waveform(sound.astype(np.float32)))
    writer.finish({"maker": "tests"})
    return Identity(folder)


def _pose(yaw: float, pitch: float) -> np.ndarray:
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    pose = np.eye(4)
    pose[:3, :3] = turn @ nod
    pose[:3, 3] = pose[:3, :3] @ np.array([0.0, 0.0, DISTANCE])
    return pose


def _draw(pose, focal, size, opening, blink):
    """Intersect a ray per pixel with the sphere and paint what it hits."""
    pixels = np.arange(size) + 0.5
    column, row = np.meshgrid(pixels, pixels)
    rays = np.stack([column - size / 2, size / 2 - row, np.full_like(row, -focal)], -1)
    rays = rays / np.linalg.norm(rays, axis=-1, keepdims=True) @ pose[:3, :3].T
    eye = pose[:3, 3]
    along = rays @ eye
    inside = along**2 - eye @ eye + RADIUS**2
    hit = inside > 0
    point = eye + rays * (-along - np.sqrt(np.maximum(inside, 0)))[..., None]
    x, y, z = np.moveaxis(point / RADIUS, -1, 0)
    image = np.broadcast_to(BACKGROUND, (size, size, 3)).astype(np.float64).copy()
    skin = np.stack([190 + 40 * x, 140 + 30 * np.sin(6 * y), 120 + 40 * np.cos(5 * x)], -1)
    image[hit] = skin[hit]
    parsing = np.full((size, size, 3), WHITE, np.uint8)
    parsing[hit] = HEAD
    hair = hit & (y > 0.6)
    image[hair], parsing[hair] = (60, 40, 20), HAIR
    front = hit & (z > 0)
    for side in (-0.35, 0.35):
        lid = (np.abs(x - side) < 0.16) & (np.abs(y - 0.25) < 0.12 * (1 - blink) + 0.02)
        image[front & lid] = (30, 30, 60)
    gap = front & (np.abs(x) < 0.35) & (np.abs(y + 0.45) < 0.2 * opening)
    image[gap], parsing[gap] = (70, 15, 15), INNER_MOUTH
    return np.clip(image, 0, 255).astype(np.uint8), parsing


def _landmarks(pose, focal, size, opening):
    """Sixty-eight points of which only the lips are in their places."""
    points = np.zeros((68, 3))
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    points[48:68] = np.stack([0.4 * np.cos(angles), -0.45 + 0.25 * np.sin(angles), 0 * angles], 1)
    points[62], points[66] = (0, -0.45 + 0.2 * opening, 0), (0, -0.45 - 0.2 * opening, 0)
    points *= RADIUS
    points[:, 2] = np.sqrt(np.maximum(RADIUS**2 - points[:, 0] ** 2 - points[:, 1] ** 2, 0))
    local = (points - pose[:3, 3]) @ pose[:3, :3]
    x = -focal * local[:, 0] / local[:, 2] + size / 2
    y = focal * local[:, 1] / local[:, 2] + size / 2
    return np.stack([x, y], 1)


@pytest.fixture(scope="session")
def sphere(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """A sphere of 33 frames, 48 x 48, of which 30 train. Not to be changed."""
    return write_sphere(tmp_path_factory.mktemp("spheres") / "sphere")


@pytest.fixture(scope="session")
def make_sphere() -> Callable[..., Identity]:
    """What writes such an identity into a folder of one's own."""
    return write_sphere
