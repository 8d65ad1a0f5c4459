from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tgbench.faces import mesh
from tgbench.faces.canonical import in_common_frame
from tgbench.faces.head import EYES_APART, head_frame

ANGLES = st.floats(-1.0, 1.0)
TO_IMAGE = np.array([1.0, -1.0, -1.0])


def any_face(seed: int) -> np.ndarray:
    """Points of no special shape, in pixels as a detector gives them, y down."""
    return np.random.default_rng(seed).uniform(0, 512, (478, 3))


@given(st.integers(0, 99), ANGLES, ANGLES, ANGLES, st.floats(0.2, 5.0), st.floats(-500, 500))
def test_pose_place_and_size_do_not_matter(
    seed: int, pitch: float, yaw: float, roll: float, size: float, shift: float
) -> None:
    face = any_face(seed)
    turn = Rotation.from_euler("xyz", [pitch, yaw, roll]).as_matrix()
    posed = size * face @ turn.T + shift
    both = in_common_frame(np.stack([face, posed]))
    np.testing.assert_allclose(both[0], both[1], atol=1e-9)


def test_faces_do_not_influence_each_other() -> None:
    faces = np.stack([any_face(seed) for seed in range(5)])
    alone = np.concatenate([in_common_frame(face[None]) for face in faces])
    np.testing.assert_allclose(in_common_frame(faces), alone, atol=1e-12)


def test_what_comes_out_is_a_face_in_the_head_frame() -> None:
    """The canonical head, drawn as an image of 3000 pixels a metre, comes back in metres."""
    from tgbench.faces import canonical

    head = canonical._CANONICAL
    face = np.zeros((478, 3))
    face[list(mesh.RIGID)] = head
    found = in_common_frame((3000 * face * TO_IMAGE + 256)[None])[0]
    np.testing.assert_allclose(found[list(mesh.RIGID)], head, atol=1e-12)
    place = head_frame(head)
    np.testing.assert_allclose(place.rotation, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(place.origin, 0.0, atol=1e-12)
    right, left = (head[mesh.RIGID.index(corner)] for corner in (33, 263))
    assert np.isclose(left[0] - right[0], EYES_APART)
    nose, chin_side = head[mesh.RIGID.index(4)], head[mesh.RIGID.index(2)]
    assert nose[2] > 0.08
    assert chin_side[1] < nose[1]
