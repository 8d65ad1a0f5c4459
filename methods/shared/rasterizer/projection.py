"""Compiled projection of 3D Gaussians to image-space records, forward and backward.

Perspective EWA splatting (3D Gaussian Splatting, Kerbl et al. 2023, section 4) with the constants
of gsplat 1.5.3. Works in float64 inside: one Gaussian costs tens of nanoseconds either way.

A record is what blending reads for one Gaussian; its 16 floats fill one cache line:
mean x, mean y, the whitening factors ``w11, w12, w22``, the opacity term, first and last pixel row,
and up to 8 channels of colour. With ``u = w11 dx + w12 dy`` and ``v = w22 dy`` the Gaussian is
``alpha = exp(-8 (u^2 + v^2 + opacity term))``: a sum of squares cannot go negative in rounding.
"""

from __future__ import annotations

import numpy as np

from ..njit import Doubles, Floats, Ints, kernel

RECORD_SIZE = 16
_MEAN, _WHITEN, _OPACITY_TERM, _ROWS, _COLOR = 0, 2, 5, 6, 8

_LOG_255 = np.log(255.0)
_RADIUS_MAX = 1e9
_EXPONENT_SCALE = 8.0
_SQUARE_SCALE = 1.0 / 16.0


@kernel
def _rotation(w: float, x: float, y: float, z: float) -> tuple[float, ...]:
    """Rotation matrix of a unit quaternion, row by row."""
    return (
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    )  # fmt: skip


@kernel
def _footprint_factor(
    i: int, quats: Floats, scales: Floats, camera: Doubles, x: float, y: float, inverse_z: float
) -> tuple[tuple[float, ...], ...]:
    """Two rows of ``B = J W R S`` with ``covariance = B B^T``, plus what backward reuses."""
    qw, qx, qy, qz = (
        np.float64(quats[i, 0]), np.float64(quats[i, 1]),
        np.float64(quats[i, 2]), np.float64(quats[i, 3]),
    )  # fmt: skip
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
    s0, s1, s2 = np.float64(scales[i, 0]), np.float64(scales[i, 1]), np.float64(scales[i, 2])
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


@kernel
def _to_camera(i: int, means: Floats, camera: Doubles) -> tuple[float, float, float]:
    mx, my, mz = np.float64(means[i, 0]), np.float64(means[i, 1]), np.float64(means[i, 2])
    x = camera[0] * mx + camera[1] * my + camera[2] * mz + camera[9]
    y = camera[3] * mx + camera[4] * my + camera[5] * mz + camera[10]
    z = camera[6] * mx + camera[7] * my + camera[8] * mz + camera[11]
    return x, y, z


@kernel
def project(
    means: Floats,
    quats: Floats,
    scales: Floats,
    opacities: Floats,
    colors: Floats,
    offsets: Floats,
    channels: tuple[int, ...],
    camera: Doubles,
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
        camera: :meth:`Camera.as_vector`.
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
    for i in range(means.shape[0]):
        radii[i] = 0
        opacity = np.float64(opacities[i])
        if not opacity * 255.0 >= 1.0:
            continue
        x, y, z = _to_camera(i, means, camera)
        if not z >= near:
            continue
        inverse_z = 1.0 / z
        _, _, _, b, _ = _footprint_factor(i, quats, scales, camera, x, y, inverse_z)
        xx = b[0] * b[0] + b[1] * b[1] + b[2] * b[2] + dilation
        xy = b[0] * b[3] + b[1] * b[4] + b[2] * b[5]
        yy = b[3] * b[3] + b[4] * b[4] + b[5] * b[5] + dilation
        u = camera[12] * x * inverse_z + camera[14]
        v = camera[13] * y * inverse_z + camera[15]
        if has_offsets:
            u += np.float64(offsets[i, 0])
            v += np.float64(offsets[i, 1])
        # Beyond this many standard deviations alpha is below 1/255.
        log_opacity = np.log(opacity)
        extent = np.sqrt(2.0 * (_LOG_255 + log_opacity))
        rx = extent * np.sqrt(xx) + 1e-3
        ry = extent * np.sqrt(yy) + 1e-3
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
        # Cholesky factor of the inverse covariance, scaled to 1/16 of the exponent.
        inverse_yy = 1.0 / yy
        w11 = np.sqrt(_SQUARE_SCALE / (xx - xy * xy * inverse_yy))
        records[i, _WHITEN] = w11
        records[i, _WHITEN + 1] = -w11 * xy * inverse_yy
        records[i, _WHITEN + 2] = np.sqrt(_SQUARE_SCALE * inverse_yy)
        records[i, _OPACITY_TERM] = log_opacity * (-1.0 / _EXPONENT_SCALE)
        records[i, _ROWS] = boxes[i, 2]
        records[i, _ROWS + 1] = boxes[i, 3]
        for c in range(len(channels)):
            records[i, _COLOR + c] = colors[i, c]


@kernel
def project_backward(
    means: Floats,
    quats: Floats,
    scales: Floats,
    opacities: Floats,
    channels: tuple[int, ...],
    camera: Doubles,
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
    zero = np.float32(0)
    has_offsets = d_offsets.shape[0] > 0
    for i in range(means.shape[0]):
        if radii[i] == 0:
            d_means[i, 0] = d_means[i, 1] = d_means[i, 2] = zero
            d_quats[i, 0] = d_quats[i, 1] = d_quats[i, 2] = d_quats[i, 3] = zero
            d_scales[i, 0] = d_scales[i, 1] = d_scales[i, 2] = zero
            d_opacities[i] = zero
            for c in range(len(channels)):
                d_colors[i, c] = zero
            if has_offsets:
                d_offsets[i, 0] = d_offsets[i, 1] = zero
            continue
        for c in range(len(channels)):
            d_colors[i, c] = gradients[i, 8 + c]
        w11 = np.float64(records[i, _WHITEN])
        w12 = np.float64(records[i, _WHITEN + 1])
        w22 = np.float64(records[i, _WHITEN + 2])
        e1, eu, ev = (
            np.float64(gradients[i, 0]), np.float64(gradients[i, 1]), np.float64(gradients[i, 2])
        )  # fmt: skip
        euu, euv, evv = (
            np.float64(gradients[i, 3]), np.float64(gradients[i, 4]), np.float64(gradients[i, 5])
        )  # fmt: skip
        d_opacities[i] = -e1 / np.float64(opacities[i])
        # sigma = |W d|^2 / 2 with W = 4 (w11 w12; 0 w22) and u, v a quarter of W d.
        du = -16.0 * w11 * eu
        dv = -16.0 * (w12 * eu + w22 * ev)
        # Covariance gradient -W^T M W / 2, M the second moments of W d.
        gxx = -128.0 * w11 * w11 * euu
        gxy = -128.0 * w11 * (w12 * euu + w22 * euv)
        gyy = -128.0 * (w12 * w12 * euu + 2.0 * w12 * w22 * euv + w22 * w22 * evv)
        if has_offsets:
            d_offsets[i, 0] = du
            d_offsets[i, 1] = dv
        x, y, z = _to_camera(i, means, camera)
        inverse_z = 1.0 / z
        q, r, a, b, geometry = _footprint_factor(i, quats, scales, camera, x, y, inverse_z)
        slope_x, slope_y, jx, jy = geometry
        # dB = 2 G B.
        p0 = 2.0 * (gxx * b[0] + gxy * b[3])
        p1 = 2.0 * (gxx * b[1] + gxy * b[4])
        p2 = 2.0 * (gxx * b[2] + gxy * b[5])
        q0 = 2.0 * (gxy * b[0] + gyy * b[3])
        q1 = 2.0 * (gxy * b[1] + gyy * b[4])
        q2 = 2.0 * (gxy * b[2] + gyy * b[5])
        s0, s1, s2 = np.float64(scales[i, 0]), np.float64(scales[i, 1]), np.float64(scales[i, 2])
        # d(R S) = A^T dB.
        m00, m01, m02 = a[0] * p0 + a[3] * q0, a[0] * p1 + a[3] * q1, a[0] * p2 + a[3] * q2
        m10, m11, m12 = a[1] * p0 + a[4] * q0, a[1] * p1 + a[4] * q1, a[1] * p2 + a[4] * q2
        m20, m21, m22 = a[2] * p0 + a[5] * q0, a[2] * p1 + a[5] * q1, a[2] * p2 + a[5] * q2
        d_scales[i, 0] = m00 * r[0] + m10 * r[3] + m20 * r[6]
        d_scales[i, 1] = m01 * r[1] + m11 * r[4] + m21 * r[7]
        d_scales[i, 2] = m02 * r[2] + m12 * r[5] + m22 * r[8]
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
        d_quats[i, 0] = (gw - radial * qw) * inverse_norm
        d_quats[i, 1] = (gx - radial * qx) * inverse_norm
        d_quats[i, 2] = (gy - radial * qy) * inverse_norm
        d_quats[i, 3] = (gz - radial * qz) * inverse_norm
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
        d_means[i, 0] = camera[0] * dx + camera[3] * dy + camera[6] * dz
        d_means[i, 1] = camera[1] * dx + camera[4] * dy + camera[7] * dz
        d_means[i, 2] = camera[2] * dx + camera[5] * dy + camera[8] * dz
