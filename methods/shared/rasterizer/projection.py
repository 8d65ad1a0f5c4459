"""Compiled projection of 3D Gaussians to image-space records, forward and backward.

Perspective EWA splatting (3D Gaussian Splatting, Kerbl et al. 2023, section 4) with the constants
of gsplat 1.5.3. Works in float64 inside. What has no branches runs over blocks of Gaussians, whose
numbers lie in planes, so that LLVM turns it into SIMD: a Gaussian takes 30 ns instead of 100.

A record is what blending reads for one Gaussian; its 16 floats fill one cache line:
mean x, mean y, the whitening factors ``w11, w12, w22``, the opacity term, first and last pixel row,
and up to 8 channels of colour. With ``u = w11 dx + w12 dy`` and ``v = w22 dy`` the Gaussian is
``alpha = exp(-8 (u^2 + v^2 + opacity term))``: a sum of squares cannot go negative in rounding.
"""

from __future__ import annotations

import numpy as np

from ..njit import Doubles, Floats, Ints, kernel, part
from .camera import CameraNumbers

RECORD_SIZE = 16
_MEAN, _WHITEN, _OPACITY_TERM, _ROWS, _COLOR = 0, 2, 5, 6, 8

_LOG_255 = np.log(255.0)
_RADIUS_MAX = 1e9
_EXPONENT_SCALE = 8.0
_SQUARE_SCALE = 1.0 / 16.0

_BLOCK = 128
"""Gaussians whose planes are in the first cache at once."""

# Planes of a block. Backward the gradients take the places of what they belong to.
_POSITION, _QUAT, _SIZE, _OPACITY = 0, 3, 7, 10
_PIXEL, _DEPTH, _HALF_BOX, _FACTOR, _MOMENT = 11, 13, 14, 16, 19
_PLANES = 25


@part
def _rotation(w: float, x: float, y: float, z: float) -> tuple[float, ...]:
    """Rotation matrix of a unit quaternion, row by row."""
    return (
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    )  # fmt: skip


@part
def _footprint_factor(
    qw: float,
    qx: float,
    qy: float,
    qz: float,
    scales: tuple[float, float, float],
    camera: CameraNumbers,
    x: float,
    y: float,
    inverse_z: float,
) -> tuple[tuple[float, ...], ...]:
    """Two rows of ``B = J W R S`` with ``covariance = B B^T``, plus what backward reuses."""
    inverse_norm = 1.0 / np.sqrt(qw * qw + qx * qx + qy * qy + qz * qz + 1e-24)
    qw, qx, qy, qz = (
        qw * inverse_norm, qx * inverse_norm, qy * inverse_norm, qz * inverse_norm
    )  # fmt: skip
    r = _rotation(qw, qx, qy, qz)
    slope_x = min(max(x * inverse_z, camera[16]), camera[17])
    slope_y = min(max(y * inverse_z, camera[18]), camera[19])
    jx, jy = camera[12] * inverse_z, camera[13] * inverse_z
    # Rows of A = J W.
    a0 = jx * (camera[0] - slope_x * camera[6])
    a1 = jx * (camera[1] - slope_x * camera[7])
    a2 = jx * (camera[2] - slope_x * camera[8])
    b0 = jy * (camera[3] - slope_y * camera[6])
    b1 = jy * (camera[4] - slope_y * camera[7])
    b2 = jy * (camera[5] - slope_y * camera[8])
    s0, s1, s2 = scales
    p0 = (a0 * r[0] + a1 * r[3] + a2 * r[6]) * s0
    p1 = (a0 * r[1] + a1 * r[4] + a2 * r[7]) * s1
    p2 = (a0 * r[2] + a1 * r[5] + a2 * r[8]) * s2
    q0 = (b0 * r[0] + b1 * r[3] + b2 * r[6]) * s0
    q1 = (b0 * r[1] + b1 * r[4] + b2 * r[7]) * s1
    q2 = (b0 * r[2] + b1 * r[5] + b2 * r[8]) * s2
    return (
        (qw, qx, qy, qz, inverse_norm), r, (a0, a1, a2, b0, b1, b2), (p0, p1, p2, q0, q1, q2),
        (slope_x, slope_y, jx, jy),
    )  # fmt: skip


@part
def _to_camera(
    mx: float, my: float, mz: float, camera: CameraNumbers
) -> tuple[float, float, float]:
    x = camera[0] * mx + camera[1] * my + camera[2] * mz + camera[9]
    y = camera[3] * mx + camera[4] * my + camera[5] * mz + camera[10]
    z = camera[6] * mx + camera[7] * my + camera[8] * mz + camera[11]
    return x, y, z


@part
def _load(means: Floats, quats: Floats, scales: Floats, first: int, planes: Doubles) -> int:
    """Fill ten planes with Gaussians from the first on, and return how many they are."""
    count = min(_BLOCK, means.shape[0] - first)
    for k in range(count):
        i = first + k
        for axis in range(3):
            planes[_POSITION + axis, k] = means[i, axis]
            planes[_SIZE + axis, k] = scales[i, axis]
        for element in range(4):
            planes[_QUAT + element, k] = quats[i, element]
    return count


@part
def _project_block(planes: Doubles, camera: CameraNumbers, dilation: float) -> None:
    """Fill the planes of what is seen; that of the opacity holds its logarithm.

    These are the mean's pixel and z, half the sizes of the box in which alpha reaches 1/255, and
    the whitening factors.
    """
    for k in range(np.uint64(0), np.uint64(_BLOCK)):
        x, y, z = _to_camera(
            planes[_POSITION, k], planes[_POSITION + 1, k], planes[_POSITION + 2, k], camera
        )
        inverse_z = 1.0 / z
        scales = planes[_SIZE, k], planes[_SIZE + 1, k], planes[_SIZE + 2, k]
        _, _, _, b, _ = _footprint_factor(
            planes[_QUAT, k], planes[_QUAT + 1, k], planes[_QUAT + 2, k], planes[_QUAT + 3, k],
            scales, camera, x, y, inverse_z,
        )  # fmt: skip
        xx = b[0] * b[0] + b[1] * b[1] + b[2] * b[2] + dilation
        xy = b[0] * b[3] + b[1] * b[4] + b[2] * b[5]
        yy = b[3] * b[3] + b[4] * b[4] + b[5] * b[5] + dilation
        planes[_PIXEL, k] = camera[12] * x * inverse_z + camera[14]
        planes[_PIXEL + 1, k] = camera[13] * y * inverse_z + camera[15]
        planes[_DEPTH, k] = z
        # Beyond this many standard deviations alpha is below 1/255.
        extent = np.sqrt(2.0 * max(_LOG_255 + planes[_OPACITY, k], 0.0))
        planes[_HALF_BOX, k] = extent * np.sqrt(xx) + 1e-3
        planes[_HALF_BOX + 1, k] = extent * np.sqrt(yy) + 1e-3
        # Cholesky factor of the inverse covariance, scaled to 1/16 of the exponent.
        inverse_yy = 1.0 / yy
        w11 = np.sqrt(_SQUARE_SCALE / (xx - xy * xy * inverse_yy))
        planes[_FACTOR, k] = w11
        planes[_FACTOR + 1, k] = -w11 * xy * inverse_yy
        planes[_FACTOR + 2, k] = np.sqrt(_SQUARE_SCALE * inverse_yy)


@kernel
def project(
    means: Floats,
    quats: Floats,
    scales: Floats,
    opacities: Floats,
    colors: Floats,
    offsets: Floats,
    channels: tuple[int, ...],
    camera: CameraNumbers,
    width: int,
    height: int,
    near: float,
    dilation: float,
    records: Floats,
    depths: Floats,
    radii: Ints,
    boxes: Ints,
) -> None:
    """Fill the records of the visible Gaussians.

    Args:
        means: ``[N, 3]`` float32, world coordinates.
        quats: ``[N, 4]`` float32, wxyz, any norm.
        scales: ``[N, 3]`` float32, standard deviations.
        opacities: ``[N]`` float32 in [0, 1].
        colors: ``[N, C]`` float32.
        offsets: ``[N, 2]`` float32 pixels added to the projected means, or ``[0, 2]``.
        channels: Any C numbers: a tuple's length is part of its type, so a compile-time constant.
        camera: :meth:`.camera.Camera.numbers`.
        width: Image width in pixels.
        height: Image height in pixels.
        near: Gaussians with a smaller camera z are dropped.
        dilation: Variance in pixels^2 added to both axes.
        records: ``[N, 16]`` float32, output; undefined where the radius is 0.
        depths: ``[N]`` float32, output; camera z.
        radii: ``[N]`` int32, output; pixels to where alpha falls to 1/255, 0 if invisible.
        boxes: ``[N, 4]`` int32, output; touched pixels (x0, x1, y0, y1), half open.
    """
    has_offsets = offsets.shape[0] > 0
    planes = np.zeros((_PLANES, _BLOCK))
    for first in range(0, means.shape[0], _BLOCK):
        count = _load(means, quats, scales, first, planes)
        for k in range(count):
            planes[_OPACITY, k] = np.log(np.float64(opacities[first + k]))
        _project_block(planes, camera, dilation)
        for k in range(count):
            i = first + k
            u, v, z = planes[_PIXEL, k], planes[_PIXEL + 1, k], planes[_DEPTH, k]
            rx, ry = planes[_HALF_BOX, k], planes[_HALF_BOX + 1, k]
            radii[i] = 0
            if not (np.float64(opacities[i]) * 255.0 >= 1.0 and z >= near):
                continue
            if has_offsets:
                u += np.float64(offsets[i, 0])
                v += np.float64(offsets[i, 1])
            if not (u + rx > 0.0 and u - rx < width and v + ry > 0.0 and v - ry < height):
                continue
            # Clamped as floats: a footprint can be wider than an integer.
            radii[i] = np.int64(np.ceil(min(max(rx, ry), _RADIUS_MAX) - 1e-3))
            depths[i] = z
            boxes[i, 0] = np.int64(max(np.ceil(u - rx - 0.5), 0.0))
            boxes[i, 1] = np.int64(min(np.floor(u + rx + 0.5), np.float64(width)))
            boxes[i, 2] = np.int64(max(np.ceil(v - ry - 0.5), 0.0))
            boxes[i, 3] = np.int64(min(np.floor(v + ry + 0.5), np.float64(height)))
            records[i, _MEAN] = u
            records[i, _MEAN + 1] = v
            for factor in range(3):
                records[i, _WHITEN + factor] = planes[_FACTOR + factor, k]
            records[i, _OPACITY_TERM] = planes[_OPACITY, k] * (-1.0 / _EXPONENT_SCALE)
            records[i, _ROWS] = boxes[i, 2]
            records[i, _ROWS + 1] = boxes[i, 3]
            for c in range(len(channels)):
                records[i, _COLOR + c] = colors[i, c]


@part
def _pull_block(planes: Doubles, camera: CameraNumbers) -> None:
    """Replace position, quaternion, sizes, opacity and pixel by their gradients."""
    for k in range(np.uint64(0), np.uint64(_BLOCK)):
        x, y, z = _to_camera(
            planes[_POSITION, k], planes[_POSITION + 1, k], planes[_POSITION + 2, k], camera
        )
        inverse_z = 1.0 / z
        s0, s1, s2 = planes[_SIZE, k], planes[_SIZE + 1, k], planes[_SIZE + 2, k]
        q, r, a, b, geometry = _footprint_factor(
            planes[_QUAT, k], planes[_QUAT + 1, k], planes[_QUAT + 2, k], planes[_QUAT + 3, k],
            (s0, s1, s2), camera, x, y, inverse_z,
        )  # fmt: skip
        slope_x, slope_y, jx, jy = geometry
        w11, w12, w22 = planes[_FACTOR, k], planes[_FACTOR + 1, k], planes[_FACTOR + 2, k]
        e1, eu, ev = planes[_MOMENT, k], planes[_MOMENT + 1, k], planes[_MOMENT + 2, k]
        euu, euv, evv = planes[_MOMENT + 3, k], planes[_MOMENT + 4, k], planes[_MOMENT + 5, k]
        planes[_OPACITY, k] = -e1 / planes[_OPACITY, k]
        # sigma = |W d|^2 / 2 with W = 4 (w11 w12; 0 w22) and u, v a quarter of W d.
        du = -16.0 * w11 * eu
        dv = -16.0 * (w12 * eu + w22 * ev)
        # Covariance gradient -W^T M W / 2, M the second moments of W d.
        gxx = -128.0 * w11 * w11 * euu
        gxy = -128.0 * w11 * (w12 * euu + w22 * euv)
        gyy = -128.0 * (w12 * w12 * euu + 2.0 * w12 * w22 * euv + w22 * w22 * evv)
        planes[_PIXEL, k], planes[_PIXEL + 1, k] = du, dv
        # dB = 2 G B.
        p0 = 2.0 * (gxx * b[0] + gxy * b[3])
        p1 = 2.0 * (gxx * b[1] + gxy * b[4])
        p2 = 2.0 * (gxx * b[2] + gxy * b[5])
        q0 = 2.0 * (gxy * b[0] + gyy * b[3])
        q1 = 2.0 * (gxy * b[1] + gyy * b[4])
        q2 = 2.0 * (gxy * b[2] + gyy * b[5])
        # d(R S) = A^T dB.
        m00, m01, m02 = a[0] * p0 + a[3] * q0, a[0] * p1 + a[3] * q1, a[0] * p2 + a[3] * q2
        m10, m11, m12 = a[1] * p0 + a[4] * q0, a[1] * p1 + a[4] * q1, a[1] * p2 + a[4] * q2
        m20, m21, m22 = a[2] * p0 + a[5] * q0, a[2] * p1 + a[5] * q1, a[2] * p2 + a[5] * q2
        planes[_SIZE, k] = m00 * r[0] + m10 * r[3] + m20 * r[6]
        planes[_SIZE + 1, k] = m01 * r[1] + m11 * r[4] + m21 * r[7]
        planes[_SIZE + 2, k] = m02 * r[2] + m12 * r[5] + m22 * r[8]
        # dA = dB (R S)^T, before that the rotation.
        p0, p1, p2, q0, q1, q2 = p0 * s0, p1 * s1, p2 * s2, q0 * s0, q1 * s1, q2 * s2
        a0 = p0 * r[0] + p1 * r[1] + p2 * r[2]
        a1 = p0 * r[3] + p1 * r[4] + p2 * r[5]
        a2 = p0 * r[6] + p1 * r[7] + p2 * r[8]
        b0 = q0 * r[0] + q1 * r[1] + q2 * r[2]
        b1 = q0 * r[3] + q1 * r[4] + q2 * r[5]
        b2 = q0 * r[6] + q1 * r[7] + q2 * r[8]
        m00, m01, m02 = m00 * s0, m01 * s1, m02 * s2
        m10, m11, m12 = m10 * s0, m11 * s1, m12 * s2
        m20, m21, m22 = m20 * s0, m21 * s1, m22 * s2
        qw, qx, qy, qz, inverse_norm = q
        gw = 2.0 * (qx * (m21 - m12) + qy * (m02 - m20) + qz * (m10 - m01))
        gx = 2.0 * (qw * (m21 - m12) + qy * (m01 + m10) + qz * (m02 + m20) - 2.0 * qx * (m11 + m22))
        gy = 2.0 * (qw * (m02 - m20) + qx * (m01 + m10) + qz * (m12 + m21) - 2.0 * qy * (m00 + m22))
        gz = 2.0 * (qw * (m10 - m01) + qx * (m02 + m20) + qy * (m12 + m21) - 2.0 * qz * (m00 + m11))
        radial = gw * qw + gx * qx + gy * qy + gz * qz
        planes[_QUAT, k] = (gw - radial * qw) * inverse_norm
        planes[_QUAT + 1, k] = (gx - radial * qx) * inverse_norm
        planes[_QUAT + 2, k] = (gy - radial * qy) * inverse_norm
        planes[_QUAT + 3, k] = (gz - radial * qz) * inverse_norm
        # A's rows are jx (W_0 - slope_x W_2) and jy (W_1 - slope_y W_2); jx, jy go as 1/z.
        d_log_jacobian = (
            a0 * a[0] + a1 * a[1] + a2 * a[2] + b0 * a[3] + b1 * a[4] + b2 * a[5]
        )  # fmt: skip
        d_slope_x = -jx * (a0 * camera[6] + a1 * camera[7] + a2 * camera[8])
        d_slope_y = -jy * (b0 * camera[6] + b1 * camera[7] + b2 * camera[8])
        if slope_x == camera[16] or slope_x == camera[17]:
            d_slope_x = 0.0
        if slope_y == camera[18] or slope_y == camera[19]:
            d_slope_y = 0.0
        d_slope_x += camera[12] * du
        d_slope_y += camera[13] * dv
        dx = d_slope_x * inverse_z
        dy = d_slope_y * inverse_z
        dz = -(dx * x + dy * y + d_log_jacobian) * inverse_z
        planes[_POSITION, k] = camera[0] * dx + camera[3] * dy + camera[6] * dz
        planes[_POSITION + 1, k] = camera[1] * dx + camera[4] * dy + camera[7] * dz
        planes[_POSITION + 2, k] = camera[2] * dx + camera[5] * dy + camera[8] * dz


@kernel
def project_backward(
    means: Floats,
    quats: Floats,
    scales: Floats,
    opacities: Floats,
    channels: tuple[int, ...],
    camera: CameraNumbers,
    records: Floats,
    radii: Ints,
    gradients: Floats,
    d_means: Floats,
    d_quats: Floats,
    d_scales: Floats,
    d_opacities: Floats,
    d_colors: Floats,
    d_offsets: Floats,
) -> None:
    """Pull the gradients of the records back to the Gaussians.

    Args:
        means: As given to :func:`project`.
        quats: As given to :func:`project`.
        scales: As given to :func:`project`.
        opacities: As given to :func:`project`.
        channels: As given to :func:`project`.
        camera: As given to :func:`project`.
        records: As written by :func:`project`.
        radii: As written by :func:`project`.
        gradients: ``[N, 16]`` float32, the sums of ``blend_backward``: moments of the exponent's
            gradient ``e``: e, e u, e v, e u^2, e u v, e v^2, two unused, then the colours.
        d_means: ``[N, 3]`` float32, output.
        d_quats: ``[N, 4]`` float32, output.
        d_scales: ``[N, 3]`` float32, output.
        d_opacities: ``[N]`` float32, output.
        d_colors: ``[N, C]`` float32, output.
        d_offsets: ``[N, 2]`` float32, output; or ``[0, 2]``.
    """
    has_offsets = d_offsets.shape[0] > 0
    planes = np.zeros((_PLANES, _BLOCK))
    for first in range(0, means.shape[0], _BLOCK):
        count = _load(means, quats, scales, first, planes)
        for k in range(count):
            planes[_OPACITY, k] = opacities[first + k]
            for factor in range(3):
                planes[_FACTOR + factor, k] = records[first + k, _WHITEN + factor]
            for moment in range(6):
                planes[_MOMENT + moment, k] = gradients[first + k, moment]
        _pull_block(planes, camera)
        for k in range(count):
            i = first + k
            seen = radii[i] > 0
            for axis in range(3):
                d_means[i, axis] = planes[_POSITION + axis, k] if seen else 0.0
                d_scales[i, axis] = planes[_SIZE + axis, k] if seen else 0.0
            for element in range(4):
                d_quats[i, element] = planes[_QUAT + element, k] if seen else 0.0
            d_opacities[i] = planes[_OPACITY, k] if seen else 0.0
            for c in range(len(channels)):
                d_colors[i, c] = gradients[i, 8 + c] if seen else np.float32(0)
            if has_offsets:
                d_offsets[i, 0] = planes[_PIXEL, k] if seen else 0.0
                d_offsets[i, 1] = planes[_PIXEL + 1, k] if seen else 0.0
