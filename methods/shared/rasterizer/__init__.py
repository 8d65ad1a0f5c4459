"""Differentiable rasterization of 3D Gaussians on the CPU and on CUDA."""

from .camera import Camera
from .interface import (
    BackendName,
    Gaussians,
    Limits,
    Rasterization,
    rasterize,
    rasterize_batch,
)
from .workers import map_frames

__all__ = [
    "BackendName",
    "Camera",
    "Gaussians",
    "Limits",
    "Rasterization",
    "map_frames",
    "rasterize",
    "rasterize_batch",
]
