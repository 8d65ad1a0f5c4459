"""Plate and torso on drawn scenes, where what is behind is known."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tgbench.arrays import over
from tgbench.identities.layout import HEAD, NECK, TORSO, WHITE
from tgbench.preparation.background import background_plate
from tgbench.preparation.inpainting import nearest_fill, smooth_fill
from tgbench.preparation.torso import TorsoPainter, head_mask

SIZE = 96
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]


def scene() -> NDArray[np.uint8]:
    return np.stack([ROWS * 2, COLUMNS * 2, 100 + 0 * ROWS], axis=-1).astype(np.uint8)


def disc(x: float, y: float, radius: float) -> NDArray[np.bool_]:
    return (COLUMNS - x) ** 2 + (ROWS - y) ** 2 < radius**2


def test_the_plate_shows_what_a_moving_person_uncovers() -> None:
    frames = []
    for x in np.linspace(20, 76, 12):
        person = disc(x, 48, 12)
        image = np.where(person[..., None], 255, scene()).astype(np.uint8)
        frames.append((image, (person * 255).astype(np.uint8)))
    np.testing.assert_array_equal(background_plate(frames), scene())


def test_noise_and_passers_by_do_not_stay_on_the_plate() -> None:
    rng = np.random.default_rng(0)
    frames = []
    for i in range(21):
        image = np.clip(scene() + rng.normal(0, 4, scene().shape), 0, 255)
        if i % 5 == 0:
            image[disc(80, 20, 8)] = 0
        frames.append((image.astype(np.uint8), np.zeros((SIZE, SIZE), np.uint8)))
    assert np.abs(background_plate(frames).astype(int) - scene()).mean() < 2.0


def test_what_is_never_seen_continues_its_surroundings() -> None:
    person = disc(48, 48, 20)
    image = np.where(person[..., None], 0, scene()).astype(np.uint8)
    plate = background_plate([(image, (person * 255).astype(np.uint8))] * 3)
    far = ~disc(48, 48, 24)
    np.testing.assert_array_equal(plate[far], scene()[far])
    # Colours of the rim at rows 25 to 71 are about 50 to 142; the covered pixels were black.
    assert plate[person].min() > 40


def test_a_person_who_fills_the_picture_leaves_a_white_plate() -> None:
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    assert (background_plate([(image, np.full((SIZE, SIZE), 255, np.uint8))]) == 255).all()


def test_nearest_fill_takes_the_nearest() -> None:
    image = np.zeros((5, 9, 3), np.uint8)
    image[:, 0], image[:, 8] = 10, 200
    unknown = np.ones((5, 9), bool)
    unknown[:, [0, 8]] = False
    filled = nearest_fill(image, unknown)
    assert (filled[:, :4] == 10).all()
    assert (filled[:, 5:] == 200).all()


def parsed() -> NDArray[np.uint8]:
    parsing = np.full((SIZE, SIZE, 3), WHITE, np.uint8)
    parsing[(ROWS > 70) & (abs(COLUMNS - 48) < 40)] = TORSO
    parsing[(ROWS > 50) & (ROWS <= 70) & (abs(COLUMNS - 48) < 10)] = NECK
    parsing[disc(48, 36, 22)] = HEAD
    return parsing


def test_the_torso_is_as_filmed_and_goes_on_beneath_the_head() -> None:
    parsing = parsed()
    person = ((parsing != WHITE).any(axis=-1) * 255).astype(np.uint8)
    image = parsing.copy()
    torso = TorsoPainter().paint(image, person, parsing)
    body = (parsing == TORSO).all(axis=-1) | (parsing == NECK).all(axis=-1)
    away = body & ~disc(48, 36, 26)
    np.testing.assert_array_equal(torso[away][:, :3], image[away])
    assert (torso[body][:, 3] == 255).all()
    # Just beneath the head's lower edge there is neck, darker than the neck itself.
    assert torso[55, 48, 3] == 255
    red, green, blue = torso[55, 48, :3]
    assert green > 150
    assert max(red, blue) < 40
    # Far up in the head, and in the background, there is nothing.
    assert torso[20, 48, 3] == 0
    assert torso[5, 5, 3] == 0


def test_the_torso_image_does_not_tell_where_the_head_was() -> None:
    """Whatever is painted along the edge of the head: none of it comes through."""
    parsing = parsed()
    person = ((parsing != WHITE).any(axis=-1) * 255).astype(np.uint8)
    rim = disc(48, 36, 23) & ~disc(48, 36, 20)
    seen = []
    for colour in (0, 255):
        image = parsing.copy()
        image[rim] = colour
        seen.append(TorsoPainter().paint(image, person, parsing))
    np.testing.assert_array_equal(seen[0], seen[1])


def test_what_is_filled_in_is_steady_where_the_picture_is_noisy() -> None:
    parsing = parsed()
    person = ((parsing != WHITE).any(axis=-1) * 255).astype(np.uint8)
    rng = np.random.default_rng(0)
    painter, frames = TorsoPainter(), []
    for _ in range(20):
        image = np.clip(parsing + rng.normal(0, 12, parsing.shape), 0, 255).astype(np.uint8)
        frames.append(painter.paint(image, person, parsing))
    hidden = frames[-1][..., 3].astype(bool) & disc(48, 36, 22)
    flicker = np.abs(np.diff(np.array(frames[5:])[:, hidden].astype(float), axis=0)).mean()
    # Two values of noise of 12 differ by 13.5 in the mean where they are not cut off at 0 or 255.
    assert flicker < 1.5


def test_wings_of_the_neck_beside_the_cheeks_are_not_continued() -> None:
    """A jaw that rises to the sides: the neck goes on level under the chin, no higher."""
    parsing = np.full((SIZE, SIZE, 3), WHITE, np.uint8)
    parsing[(ROWS > 40) & (ROWS <= 70) & (abs(COLUMNS - 48) < 20)] = NECK
    parsing[ROWS > 70] = TORSO
    parsing[(62 - abs(COLUMNS - 48) > ROWS) & (abs(COLUMNS - 48) < 24)] = HEAD
    person = ((parsing != WHITE).any(axis=-1) * 255).astype(np.uint8)
    torso = TorsoPainter().paint(parsing, person, parsing)
    chin = 61
    filled = (torso[..., 3] > 0) & head_mask(parsing)
    assert filled[chin - 5, 48]
    # Higher up there is only the rim of 9/512 that all of the body has.
    body = cv2.dilate((~head_mask(parsing)).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert not (filled & ~body)[: chin - round(SIZE * 53 / 512) - 1].any()


def test_head_torso_and_plate_make_up_the_frame() -> None:
    parsing = parsed()
    person = ((parsing != WHITE).any(axis=-1) * 255).astype(np.uint8)
    image = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3), np.uint8)
    truth = over(image, person, scene())
    torso = TorsoPainter().paint(image, person, parsing)
    behind = over(torso[..., :3], torso[..., 3], scene())
    whole = np.where(head_mask(parsing)[..., None], truth, behind)
    seam = disc(48, 36, 25)
    np.testing.assert_array_equal(whole[~seam], truth[~seam])


def test_a_head_alone_has_no_torso() -> None:
    parsing = np.full((SIZE, SIZE, 3), WHITE, np.uint8)
    parsing[disc(48, 48, 30)] = HEAD
    person = ((parsing != WHITE).any(axis=-1) * 255).astype(np.uint8)
    assert not TorsoPainter().paint(parsing, person, parsing).any()


def test_a_smooth_fill_continues_what_is_known() -> None:
    """A constant stays one, a ramp goes on between its ends, known pixels stay as they are."""
    known = ~disc(48, 48, 20)
    flat = np.full((SIZE, SIZE, 3), 77, np.uint8)
    np.testing.assert_allclose(smooth_fill(flat, known), 77.0, atol=0.1)
    ramp = scene()
    filled = smooth_fill(ramp, known)
    np.testing.assert_array_equal(filled[known], ramp[known].astype(np.float32))
    # By symmetry the middle of a hole in a linear ramp has the ramp's own value there.
    np.testing.assert_allclose(filled[48, 48], ramp[48, 48], atol=4.0)
