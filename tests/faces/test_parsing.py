"""Parsing of drawn people: an oval face, hair of several lengths, neck and clothes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tgbench.faces import ibug68, mesh
from tgbench.faces.outlines import above_jaw, face_mask, filled, inner_mouth_mask
from tgbench.faces.parsing import _COLOURS, Parser, _coloured
from tgbench.identities import HAIR, HEAD, INNER_MOUTH, NECK, TORSO, WHITE

SIZE = 160
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE] + 0.5
SKIN, DARK, BLUE, GREEN = (210, 160, 130), (60, 35, 20), (40, 60, 170), (70, 150, 90)

Image = NDArray[np.uint8]


def landmarks(x: float, mouth: float) -> NDArray[np.float64]:
    """Mesh outlines of a face centred at (x, 70) whose lips are `mouth` pixels apart."""
    points = np.tile([x, 70.0], (478, 1))
    angle = np.linspace(0, 2 * np.pi, len(mesh.OVAL), endpoint=False) - np.pi / 2
    points[list(mesh.OVAL)] = np.column_stack([x + 28 * np.cos(angle), 70 + 36 * np.sin(angle)])
    angle = np.linspace(0, 2 * np.pi, len(mesh.INNER_LIPS), endpoint=False) + np.pi
    lips = np.column_stack([x + 9 * np.cos(angle), 88 + mouth / 2 * np.sin(angle)])
    points[list(mesh.INNER_LIPS)] = lips
    points[[33, 263]] = (x - 14, 60), (x + 14, 60)
    points[[117, 346]] = (x - 14, 72), (x + 14, 72)
    return points


def draw(x: float, hair_to: float, mouth: float) -> tuple[Image, NDArray[np.uint8], NDArray]:
    """Return image, person mask and landmarks; hair hangs down to the row `hair_to`."""
    points = landmarks(x, mouth)
    face = face_mask(points, (SIZE, SIZE))
    image = np.full((SIZE, SIZE, 3), GREEN, np.uint8)
    torso = (ROWS > 128) & (abs(COLUMNS - x) < 60)
    neck = (ROWS > 90) & (ROWS <= 132) & (abs(COLUMNS - x) < 13)
    crown = ((COLUMNS - x) / 36) ** 2 + ((ROWS - 62) / 46) ** 2 < 1
    strands = (abs(abs(COLUMNS - x) - 28) < 9) & (ROWS > 60) & (ROWS - hair_to < 0)
    hair = (crown & (ROWS < 80)) | strands
    for mask, colour in ((torso, BLUE), (neck, SKIN), (hair, DARK), (face, SKIN)):
        image[mask] = colour
    image[inner_mouth_mask(points, image.shape)] = (70, 20, 20)
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return image, ((torso | neck | hair | face) * 255).astype(np.uint8), points


def share(parsing: Image, colour: tuple[int, int, int], where: NDArray[np.bool_]) -> float:
    return float((parsing == colour).all(axis=-1)[where].mean())


def near(x: float, y: float, radius: float = 4.0) -> NDArray[np.bool_]:
    return (COLUMNS - x) ** 2 + (ROWS - y) ** 2 < radius**2


@pytest.mark.parametrize("hair_to", [80.0, 150.0])
def test_a_large_picture_is_parsed_like_a_small_one(hair_to: float) -> None:
    film = [draw(80 + 4 * np.sin(i), hair_to, mouth=8.0) for i in range(8)]
    large = [(enlarged(image), enlarged(person), 4 * points) for image, person, points in film]
    small, wide = Parser(film).parse(*film[0]), Parser(large).parse(*large[0])
    same = (enlarged(small) == wide).all(axis=-1)
    assert same.mean() > 0.98
    for colour in (HAIR, NECK, TORSO):
        inside = enlarged((small == colour).all(axis=-1))
        assert same[inside].mean() > 0.94


def enlarged(image: NDArray) -> NDArray:
    return image.repeat(4, axis=0).repeat(4, axis=1)


@pytest.mark.parametrize("hair_to", [80.0, 150.0])
def test_a_drawn_person_is_parsed(hair_to: float) -> None:
    film = [draw(80 + 4 * np.sin(i), hair_to, mouth=8.0) for i in range(8)]
    parser = Parser(film)
    image, person, points = film[0]
    parsing = parser.parse(image, person, points)
    assert share(parsing, WHITE, person == 0) == 1.0
    assert share(parsing, HEAD, near(80, 60)) == 1.0
    assert share(parsing, HAIR, near(80, 22)) == 1.0
    assert share(parsing, INNER_MOUTH, near(80, 88, 2.0)) == 1.0
    assert share(parsing, NECK, near(80, 116)) > 0.9
    assert share(parsing, TORSO, near(80, 150)) > 0.9
    assert share(parsing, TORSO, near(30, 150)) > 0.9
    beside = near(80 - 28, 112)
    assert share(parsing, HAIR, beside) > 0.9 if hair_to > 140 else (person[beside] == 0).all()


def test_closed_lips_have_no_inside() -> None:
    assert not inner_mouth_mask(landmarks(80, 0.4), (SIZE, SIZE)).any()
    assert inner_mouth_mask(landmarks(80, 8.0), (SIZE, SIZE)).sum() > 50


def test_teeth_are_what_is_bright_and_grey_between_the_lips() -> None:
    image, person, points = draw(80, 80.0, mouth=14.0)
    teeth = near(80, 84, 3.0)
    image[teeth] = (225, 220, 205)
    image[near(80, 92, 3.0)] = (200, 90, 90)  # a tongue
    image[near(40, 40, 3.0)] = (240, 240, 240)  # something white elsewhere
    found = Parser([(image, person, points)]).teeth_mask(image, points)
    assert found[near(80, 84, 2.0)].all()
    assert not found[~near(80, 84, 4.5)].any()


def test_what_is_above_the_jaw_turns_with_the_head() -> None:
    points = landmarks(80, 4.0)
    upright = above_jaw(points, (SIZE, SIZE))
    assert upright[20, 10]
    assert upright[100, 80]
    assert not upright[130, 80]
    angle = np.radians(30)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    tilted = above_jaw((points - 80) @ turn.T + 80, (SIZE, SIZE))
    spots = np.array([[10.0, 20.0], [80.0, 100.0], [80.0, 130.0], [30.0, 120.0], [130.0, 50.0]])
    for x, y in spots:
        u, v = (np.array([x, y]) - 80) @ turn.T + 80
        if 0 <= int(u) < SIZE and 0 <= int(v) < SIZE:
            assert tilted[int(v), int(u)] == upright[int(y), int(x)]


def test_polygons_have_pixel_centres_at_one_half() -> None:
    square = np.array([[2.0, 3.0], [6.0, 3.0], [6.0, 8.0], [2.0, 8.0]])
    inside = filled(square, (12, 12))
    assert inside[3:8, 2:6].all()
    # OpenCV draws the border along; never more than half a pixel outside.
    assert not inside[:2].any()
    assert not inside[9:].any()


def test_ibug_points_are_ordered_as_in_the_scheme() -> None:
    """Mesh numbers of points that Face Mesh documents, in iBUG's order."""
    points = np.arange(478.0)[:, None].repeat(3, axis=1)
    chosen = ibug68(points)[:, 0].astype(int)
    assert len(set(chosen)) == 68
    assert chosen[8] == 152  # chin
    assert (chosen[36], chosen[39], chosen[42], chosen[45]) == (33, 133, 362, 263)  # eye corners
    assert (chosen[48], chosen[54], chosen[60], chosen[64]) == (61, 291, 78, 308)  # lip corners
    assert (chosen[51], chosen[57], chosen[62], chosen[66]) == (0, 17, 13, 14)  # lip middles
    assert set(chosen[48:60]) <= set(mesh.OUTER_LIPS)
    assert set(chosen[60:]) <= set(mesh.INNER_LIPS)
    assert set(chosen[:17]) <= set(mesh.OVAL)


@given(arrays(np.bool_, (7, 6, 5)))
def test_of_overlapping_masks_the_inner_one_counts(masks: NDArray[np.bool_]) -> None:
    solid, mouth, face, rim, hair, body, neck = masks
    expected = np.full((6, 5, 3), WHITE, np.uint8)
    # From the outside in; each covers what came before.
    expected[solid] = HAIR
    expected[solid & rim & ~hair] = HEAD
    expected[body] = TORSO
    expected[body & neck] = NECK
    expected[face] = HEAD
    expected[mouth] = INNER_MOUTH
    np.testing.assert_array_equal(_coloured(*masks, _COLOURS), expected)
