"""Settings of the still method."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StillConfig:
    """Settings of the still method.

    Attributes:
        head_radius: of the sphere that stands for the head when poses are compared, as a share
            of its distance from the camera.
    """

    head_radius: float = 0.12

    def __post_init__(self) -> None:
        if not 0.0 < self.head_radius < 0.5:
            raise ValueError(f"head_radius is {self.head_radius}; it must lie between 0 and 0.5")
