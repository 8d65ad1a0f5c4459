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
from .workers import available_cores, map_frames

__all__ = [
    "BackendName",
    "Camera",
    "Gaussians",
    "Limits",
    "Rasterization",
    "available_cores",
    "map_frames",
    "rasterize",
    "rasterize_batch",
]
