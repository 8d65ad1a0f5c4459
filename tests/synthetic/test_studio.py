from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from tgbench.identities import HAIR, HEAD, INNER_MOUTH
from tgbench.synthetic.dataset import rehearse
from tgbench.synthetic.person import PEOPLE, SYNTH_A
from tgbench.synthetic.studio import Studio


def of_colours(parsing: np.ndarray, *colours: tuple[int, int, int]) -> np.ndarray:
    return np.any([(parsing == colour).all(-1) for colour in colours], axis=0)


def test_landmarks_are_the_projected_vertices_to_a_hundredth_of_a_pixel(
    clip: SimpleNamespace,
) -> None:
    camera = clip.identity.intrinsics
    model = clip.studio.model
    for frame in (0, 17, 41):
        vertices = model.vertices(clip.take.performance, frame, clip.studio.head_to_studio(frame))
        world = np.c_[vertices[model.landmarks].astype(np.float64), np.ones(68)]
        seen = world @ np.linalg.inv(clip.identity.poses[frame].astype(np.float64)).T
        flat = np.stack(
            [
                camera.cx + camera.focal * seen[:, 0] / -seen[:, 2],
                camera.cy - camera.focal * seen[:, 1] / -seen[:, 2],
            ],
            axis=1,
        )
        np.testing.assert_allclose(clip.identity.landmarks[frame], flat, atol=0.01)


def test_landmarks_lie_in_order_on_the_face(clip: SimpleNamespace) -> None:
    """Right of the image is the person's left; the first half of each list is their right."""
    marks = clip.identity.landmarks[0]
    assert (np.diff(marks[2:15, 0]) > 0).all()
    assert (np.diff(marks[17:27, 0]) > 0).all()
    assert (np.diff(marks[27:31, 1]) > 0).all()
    assert (np.diff(marks[31:36, 0]) > 0).all()
    assert (np.diff(marks[48:55, 0]) > 0).all()
    assert (np.diff(marks[54:60, 0]) < 0).all()
    assert (np.diff(marks[60:65, 0]) > 0).all()
    assert marks[36:42, 0].max() < marks[42:48, 0].min()
    brows, eyes, nose, lips, chin = (
        marks[part, 1].mean() for part in (slice(17, 27), slice(36, 48), 30, slice(48, 68), 8)
    )
    assert brows < eyes < nose < lips < chin
    eye = marks[36:42]
    assert eye[1:3, 1].mean() < eye[4:6, 1].mean()


def test_torso_over_plate_is_the_frame_where_the_head_is_not(clip: SimpleNamespace) -> None:
    for frame in (3, 30):
        shot = clip.studio.shoot(frame)
        head = of_colours(shot.parsing, HEAD, HAIR, INNER_MOUTH)
        away = ~binary_dilation(head, iterations=2)
        alpha = shot.torso[..., 3:].astype(float) / 255.0
        mixed = shot.torso[..., :3] * alpha + clip.studio.plate * (1.0 - alpha)
        assert np.abs(mixed - shot.image)[away].max() <= 1.01
        behind = away & (shot.torso[..., 3] == 0)
        np.testing.assert_array_equal(shot.image[behind], clip.studio.plate[behind])


def test_torso_reaches_up_behind_the_head(clip: SimpleNamespace) -> None:
    shot = clip.studio.shoot(5)
    hidden = of_colours(shot.parsing, HEAD) & (shot.torso[..., 3] == 255)
    assert hidden.sum() > 0.02 * clip.size**2


def test_open_mouths_show_an_inside_and_shut_ones_do_not(clip: SimpleNamespace) -> None:
    seal, jaw = clip.take.performance.mouth.seal, clip.take.performance.mouth.jaw
    shut, opened = int(np.argmax(seal)), int(np.argmax(jaw))
    inside = [
        of_colours(clip.studio.shoot(frame).parsing, INNER_MOUTH).sum() for frame in (shut, opened)
    ]
    assert inside[0] == 0
    assert inside[1] > 15
    assert clip.studio.shoot(opened).teeth.sum() > 0
    assert clip.studio.shoot(shut).teeth.sum() == 0


def test_blinks_bring_the_lids_together(clip: SimpleNamespace) -> None:
    blink = clip.take.performance.blink
    marks = clip.identity.landmarks
    gap = np.linalg.norm(marks[:, 37] - marks[:, 41], axis=1)
    assert gap[np.argmax(blink)] < 0.35 * np.median(gap[blink == 0.0])


def test_the_same_frame_is_the_same_bytes(clip: SimpleNamespace) -> None:
    again = Studio(SYNTH_A, rehearse(SYNTH_A, clip.take.script.seconds).performance, clip.size)
    one, two = clip.studio.shoot(11), again.shoot(11)
    for name in ("image", "parsing", "torso", "teeth", "landmarks"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_a_view_from_the_side_is_of_the_same_head(clip: SimpleNamespace) -> None:
    """Landmarks seen by two cameras meet again in space where the vertices are."""
    frame = 8
    ahead, angle = clip.studio.pose(frame), np.radians(20.0)
    turn = np.eye(4)
    turn[:3, :3] = [
        [np.cos(angle), 0, np.sin(angle)],
        [0, 1, 0],
        [-np.sin(angle), 0, np.cos(angle)],
    ]
    aside = turn @ ahead
    first, second = clip.studio.view(frame, ahead), clip.studio.view(frame, aside)
    np.testing.assert_array_equal(first.image, clip.studio.shoot(frame).image)
    rows = []
    for pose, marks in ((ahead, first.landmarks), (aside, second.landmarks)):
        camera = np.linalg.inv(pose)[:3] * np.array([[1.0], [-1.0], [-1.0]])
        camera = np.diag([clip.studio.focal, clip.studio.focal, 1.0]) @ camera
        camera[:2] += clip.size / 2.0 * camera[2]
        rows += [marks[30, k] * camera[2] - camera[k] for k in (0, 1)]
    _, _, v = np.linalg.svd(np.array(rows))
    met = v[-1, :3] / v[-1, 3]
    vertices = clip.studio.model.vertices(
        clip.take.performance, frame, clip.studio.head_to_studio(frame)
    )
    np.testing.assert_allclose(met, vertices[clip.studio.model.landmarks[30]], atol=1e-5)
    assert of_colours(second.parsing, HEAD).sum() > 0.05 * clip.size**2


@pytest.fixture(scope="module", params=PEOPLE)
def studio(request: pytest.FixtureRequest) -> Studio:
    person = PEOPLE[request.param]
    return Studio(person, rehearse(person).performance, 160)


def test_the_inside_of_the_mouth_is_seen_between_the_lips_only(studio: Studio) -> None:
    for frame in range(4, len(studio.performance), 23):
        shot = studio.shoot(frame)
        lips = np.zeros(shot.parsing.shape[:2], np.uint8)
        cv2.fillPoly(lips, [np.round(shot.landmarks[48:60]).astype(np.int32)], (1,))
        outside = of_colours(shot.parsing, INNER_MOUTH) & ~binary_dilation(lips > 0)
        assert not outside.any(), frame


def test_mediapipe_finds_the_face(studio: Studio) -> None:
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed")
    from tgbench.faces.landmarks import LandmarkDetector

    frames = range(0, len(studio.performance), 15)
    with LandmarkDetector() as detector:
        found = [detector.detect(studio.shoot(frame).image) is not None for frame in frames]
    assert np.mean(found) >= 0.99


def test_people_look_different() -> None:
    one, two = PEOPLE.values()
    assert np.abs(np.subtract(one.look.skin, two.look.skin)).max() > 20
    assert one.shape != two.shape
    assert one.hair.hang != two.hair.hang
    assert two.voice.hertz > 1.5 * one.voice.hertz
