"""Signed distances of simple solids and their smooth union: the clay that heads are made of.

Points are float32 [..., 3]; distances are negative inside. Ellipsoids and cones are approximate
(exact on the surface, a bound elsewhere), which is all that root finding and shading need.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import Points

Distances = NDArray[np.float32]
Vector = tuple[float, float, float]


def ellipsoid(points: Points, centre: Vector, radii: Vector) -> Distances:
    """Distance to an ellipsoid with axes along the frame's."""
    sizes = np.array(radii, np.float32)
    scaled = (points - np.array(centre, np.float32)) / sizes
    steepness = scaled / sizes
    ratio = np.sqrt(np.einsum("...i,...i->...", scaled, scaled))
    slope = np.sqrt(np.einsum("...i,...i->...", steepness, steepness))
    return ratio * (ratio - 1.0) / np.maximum(slope, 1e-6)


def cone(
    points: Points, start: Vector, end: Vector, start_radius: float, end_radius: float
) -> Distances:
    """Distance to a rod with round ends whose radius changes from one end to the other."""
    axis = np.array(end, np.float32) - np.array(start, np.float32)
    offset = points - np.array(start, np.float32)
    along = np.clip(offset @ axis / float(axis @ axis), 0.0, 1.0)
    apart = offset - along[..., None] * axis
    radius = start_radius + (end_radius - start_radius) * along
    return np.sqrt(np.einsum("...i,...i->...", apart, apart)) - radius


def union(first: Distances, second: Distances, blend: float) -> Distances:
    """Join two solids, filling the crease over a width of `blend` (Quilez's polynomial form)."""
    overlap = np.maximum(blend - np.abs(first - second), 0.0)
    return np.minimum(first, second) - overlap * overlap * np.float32(0.25 / blend)


def carve(solid: Distances, tool: Distances, blend: float) -> Distances:
    """Take `tool` out of `solid`, rounding the rim over a width of `blend`."""
    return -union(-solid, tool, blend)


def mirrored(points: Points) -> Points:
    """Fold space about x = 0, so that one side's solids serve both sides."""
    folded = points.copy()
    np.abs(folded[..., 0], out=folded[..., 0])
    return folded
