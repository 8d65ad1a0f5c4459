"""Numba kernels of marching and blending; a ray after the other, in float32."""

from __future__ import annotations

import numpy as np

from ...shared.njit import Floats, Longs, kernel


@kernel
def sample_rays(
    origins: Floats,
    directions: Floats,
    noise: Floats,
    occupied: np.ndarray,
    low: Floats,
    high: Floats,
    nearest: np.float32,
    step: np.float32,
    depths: Floats,
    counts: Longs,
) -> None:
    """Find the samples of rays [R, 3]: their depths, float32 [R, most], and how many."""
    cells = occupied.shape[0]
    half = np.float32(0.5 * cells)
    last = cells - 1
    for ray in range(len(origins)):
        ox, oy, oz = origins[ray, 0], origins[ray, 1], origins[ray, 2]
        dx, dy, dz = directions[ray, 0], directions[ray, 1], directions[ray, 2]
        near, far = nearest, np.float32(np.inf)
        for axis in range(3):
            slope = directions[ray, axis]
            first = (low[axis] - origins[ray, axis]) / slope
            second = (high[axis] - origins[ray, axis]) / slope
            near = max(near, min(first, second))
            far = min(far, max(first, second))
        count, point = 0, 0
        # Of a ray that is NaN no axis sets an end.
        while far < np.inf and count < depths.shape[1]:
            depth = near + step * (np.float32(point) + noise[ray])
            if not depth < far:
                break
            x = min(max(int((ox + depth * dx + np.float32(1)) * half), 0), last)
            y = min(max(int((oy + depth * dy + np.float32(1)) * half), 0), last)
            z = min(max(int((oz + depth * dz + np.float32(1)) * half), 0), last)
            if occupied[x, y, z]:
                depths[ray, count] = depth
                count += 1
            point += 1
        counts[ray] = count


@kernel
def place_samples(
    origins: Floats,
    directions: Floats,
    found: Floats,
    offsets: Longs,
    positions: Floats,
    rays: Longs,
    depths: Floats,
) -> None:
    """Write the samples that :func:`sample_rays` found, one ray after another."""
    for ray in range(len(origins)):
        for number in range(offsets[ray + 1] - offsets[ray]):
            sample = offsets[ray] + number
            depth = found[ray, number]
            depths[sample], rays[sample] = depth, ray
            for axis in range(3):
                positions[sample, axis] = origins[ray, axis] + depth * directions[ray, axis]


@kernel
def blend_forward(
    densities: Floats,
    values: Floats,
    offsets: Longs,
    step: np.float32,
    end: np.float32,
    blended: Floats,
    opacity: Floats,
    weights: Floats,
) -> None:
    """Blend the samples of rays; every output is written."""
    for ray in range(len(opacity)):
        through = np.float32(1)
        opacity[ray] = 0.0
        for channel in range(values.shape[1]):
            blended[ray, channel] = 0.0
        for sample in range(offsets[ray], offsets[ray + 1]):
            left = np.exp(-densities[sample] * step)
            weight = through * (np.float32(1) - left) if through >= end else np.float32(0)
            weights[sample] = weight
            opacity[ray] += weight
            for channel in range(values.shape[1]):
                blended[ray, channel] += weight * values[sample, channel]
            through *= left


@kernel
def blend_backward(
    densities: Floats,
    values: Floats,
    offsets: Longs,
    step: np.float32,
    weights: Floats,
    d_blended: Floats,
    d_opacity: Floats,
    d_weights: Floats,
    d_densities: Floats,
    d_values: Floats,
) -> None:
    """Gradients of :func:`blend_forward`; every output is written.

    More density at a sample lets more of it be seen and less of all behind it.
    """
    for ray in range(len(d_opacity)):
        behind = np.float32(0)
        for sample in range(offsets[ray + 1] - 1, offsets[ray] - 1, -1):
            weight = weights[sample]
            gain = d_opacity[ray] + d_weights[sample]
            for channel in range(values.shape[1]):
                gain += d_blended[ray, channel] * values[sample, channel]
                d_values[sample, channel] = weight * d_blended[ray, channel]
            left = np.exp(-densities[sample] * step)
            # What comes through behind the sample is weight / (1 - left) * left.
            d_densities[sample] = -step * behind
            if weight > 0:
                d_densities[sample] += step * gain * weight * left / (np.float32(1) - left)
            behind += gain * weight
