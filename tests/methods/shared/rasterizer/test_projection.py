"""Cameras, and where Gaussians fall in their images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tgbench.methods.shared.rasterizer import Camera, Gaussians
from tgbench.methods.shared.rasterizer.reference import project

from .scenes import COMPILED, LIMITS, ORACLE, camera_at_a_metre, random_scene


def test_projection_against_scipy_and_finite_differences():
    """The footprint is the true projection's derivative applied to R S S R^T."""
    camera = camera_at_a_metre(61, 45)
    scene = random_scene(2, count=6).to(torch.float64)
    scene = replace(scene, means=0.3 * scene.means)  # within the slope limits
    means2d, covariances, depths = project(Gaussians(*scene.tensors()), camera, LIMITS)

    def pixel(point):
        x, y, z = camera.world_to_camera[:3, :3] @ point + camera.world_to_camera[:3, 3]
        return np.array([camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy]), z

    for n in range(6):
        mean = scene.means[n].numpy()
        step = 1e-6 * np.eye(3)
        jacobian = np.stack(
            [(pixel(mean + d)[0] - pixel(mean - d)[0]) / 2e-6 for d in step], axis=1
        )
        rotation = Rotation.from_quat(scene.quats[n].numpy()[[1, 2, 3, 0]]).as_matrix()
        spread = rotation @ np.diag(scene.scales[n].numpy() ** 2) @ rotation.T
        expected = jacobian @ spread @ jacobian.T + 0.3 * np.eye(2)
        np.testing.assert_allclose(covariances[n], expected, rtol=1e-6)
        np.testing.assert_allclose(means2d[n], pixel(mean)[0], rtol=1e-12)
        np.testing.assert_allclose(depths[n], pixel(mean)[1], rtol=1e-12)


def test_camera_from_an_opengl_pose():
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler("y", 30, degrees=True).as_matrix()
    pose[:3, 3] = [0.1, -0.2, 0.7]
    camera = Camera.from_pose(pose, 500.0, 120.0, 90.0, 256, 200)
    # In OpenGL's frame: right, up, in front.
    world = pose @ [0.05, 0.02, -1.0, 1.0]
    x, y, z = (camera.world_to_camera @ world)[:3]
    assert (x, y, z) == pytest.approx((0.05, -0.02, 1.0))
    assert camera.position == pytest.approx(pose[:3, 3])


def test_a_camera_is_the_inverse_of_its_pose_with_y_and_z_turned():
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)))[0]
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn.double().numpy(), (0.1, -0.2, 0.9)
    camera = Camera.from_pose(pose, 50.0, 8.0, 8.0, 16, 16)
    expected = np.diag([1.0, -1.0, -1.0, 1.0]) @ np.linalg.inv(pose)
    np.testing.assert_allclose(camera.world_to_camera, expected, atol=1e-6)
    np.testing.assert_allclose(camera.position, pose[:3, 3], atol=1e-6)
    with pytest.raises(ValueError, match="rigid"):
        Camera.from_pose(1.1 * pose, 50.0, 8.0, 8.0, 16, 16)


@settings(max_examples=15)
@given(seed=st.integers(0, 2**31), angles=st.tuples(*[st.floats(-180, 180)] * 3))
def test_moving_world_and_camera_together_changes_nothing(seed, angles):
    scene, camera = random_scene(seed, count=12).to(torch.float64), camera_at_a_metre(21, 17)
    rotation = Rotation.from_euler("xyz", angles, degrees=True)
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = rotation.as_matrix(), [0.3, -1.0, 2.0]
    quats = rotation * Rotation.from_quat(scene.quats[:, [1, 2, 3, 0]].numpy())
    moved_scene = replace(
        scene,
        means=scene.means @ torch.from_numpy(motion[:3, :3].T) + torch.from_numpy(motion[:3, 3]),
        quats=torch.from_numpy(quats.as_quat()[:, [3, 0, 1, 2]]) * 1.7,
    )
    moved_camera = replace(camera, world_to_camera=camera.world_to_camera @ np.linalg.inv(motion))
    still = ORACLE.draw(scene.tensors(), camera).colors
    moved = ORACLE.draw(moved_scene.tensors(), moved_camera).colors
    assert float((still - moved).abs().max()) < 1e-9


@settings(max_examples=15)
@given(seed=st.integers(0, 2**31))
def test_the_order_of_the_list_does_not_matter(seed):
    scene, camera = random_scene(seed, count=50), camera_at_a_metre(21, 17)
    shuffle = torch.randperm(50, generator=torch.Generator().manual_seed(seed))
    first = COMPILED.draw(scene.tensors(), camera)
    second = COMPILED.draw(scene.at(shuffle).tensors(), camera)
    assert torch.equal(first.colors, second.colors)
    assert torch.equal(first.radii[shuffle], second.radii)
