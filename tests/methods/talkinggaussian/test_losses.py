from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from tgbench.configs import replaced
from tgbench.identities import Identity
from tgbench.methods.shared.pixel_labels import FACE, HAIRS, IGNORED, MOUTH, TEETH
from tgbench.methods.shared.rasterizer import Rasterization
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.frames import Crop, TrainingFrames
from tgbench.methods.talkinggaussian.losses import (
    FaceLoss,
    MouthLoss,
    photometric,
)

CONFIG = replaced(
    TalkingGaussianConfig(),
    {
        "loss.alpha_weight": 0.5,
        "loss.lips_attention_weight": 0.25,
        "loss.hair_attention_weight": 0.125,
        "loss.ssim_weight": 0.2,
    },
)
BACKGROUND = torch.tensor([0.1, 0.9, 0.3])


@pytest.fixture(scope="module")
def frames(sphere: Identity) -> TrainingFrames:
    return TrainingFrames(sphere, sphere.split().train, 1 << 30)


def drawn(size: tuple[int, int], channels: int = 5) -> Rasterization:
    width, height = size
    rng = np.random.default_rng(0)
    alpha = rng.random((height, width), np.float32)
    colors = rng.random((height, width, channels), np.float32) * alpha[..., None]
    count = torch.zeros(1, dtype=torch.int32)
    return Rasterization(torch.from_numpy(colors), torch.from_numpy(alpha), count)


def inside(mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    return np.where(mask[..., None], image, BACKGROUND.numpy()).astype(np.float32)


def composite(shown: Rasterization) -> np.ndarray:
    alpha = shown.alpha.numpy()[..., None]
    return shown.colors.numpy()[..., :3] + (1 - alpha) * BACKGROUND.numpy()


def test_photometric_loss_is_l1_and_d_ssim():
    rng = np.random.default_rng(1)
    x, y = rng.random((2, 40, 36, 3)).astype(np.float32)
    # Away from the border every implementation of SSIM agrees; pad alike to compare all of it.
    pad = ((6, 6), (6, 6), (0, 0))
    x, y = np.pad(x, pad), np.pad(y, pad)
    similarity = structural_similarity(
        x, y, channel_axis=2, data_range=1.0, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, full=True,
    )[1]  # fmt: skip
    expected = np.abs(x - y).mean() + 0.2 * (1 - similarity.mean())
    assert photometric(torch.tensor(x), torch.tensor(y), 0.2).item() == pytest.approx(
        expected, rel=1e-3
    )


def test_the_face_must_leave_a_hole_for_the_mouth(frames: TrainingFrames):
    region_loss = FaceLoss(frames, CONFIG)
    crop = region_loss.crop(6, 0)
    shown = drawn(crop.window.size)
    terms = region_loss.terms(6, crop, shown, BACKGROUND)
    labels = crop.labels.numpy()
    mask = (labels == FACE) | (labels == HAIRS)
    assert (labels == MOUTH).any()
    target = inside(mask, crop.image.numpy() / 255)
    loss = photometric(torch.tensor(composite(shown)), torch.tensor(target), 0.2)
    assert terms["photometric"].item() == pytest.approx(loss.item(), rel=1e-5)
    off = np.abs(shown.alpha.numpy() - mask).mean()
    assert terms["alpha"].item() == pytest.approx(0.5 * off, rel=1e-5)


def test_hair_is_left_out_of_most_motion_iterations(frames: TrainingFrames):
    config = replaced(CONFIG, {"schedule.static_iterations": 10, "face.hair_every": 5})
    region_loss = FaceLoss(frames, config)
    with_hair = [k for k in range(30) if (region_loss.crop(6, k).labels == HAIRS).any()]
    assert with_hair == [*range(11), 15, 20, 25]
    crop = region_loss.crop(6, 11)
    ignored = crop.labels.numpy() == IGNORED
    assert 0 < ignored.mean() < 0.5
    shown, other = drawn(crop.window.size, 3), drawn(crop.window.size, 3)
    other.colors[torch.from_numpy(ignored)] = 0.7
    other.alpha[torch.from_numpy(ignored)] = 0.2
    first = region_loss.terms(6, crop, shown, BACKGROUND)
    second = region_loss.terms(6, crop, other, BACKGROUND)
    assert all(first[name].item() == second[name].item() for name in first)
    other.colors[crop.labels == FACE] = 0.7
    assert region_loss.terms(6, crop, other, BACKGROUND)["photometric"] > first["photometric"]


def test_attention_is_charged_on_lips_and_hair(frames: TrainingFrames):
    region_loss = FaceLoss(frames, CONFIG)
    crop = region_loss.crop(6, 0)
    shown = drawn(crop.window.size)
    audio, expression = np.moveaxis(shown.colors.numpy()[..., 3:], -1, 0)
    points = frames.identity.landmarks[6][48:60] - (crop.window.left, crop.window.top)
    (left, top), (right, bottom) = np.floor(points.min(0)), np.ceil(points.max(0))
    side = max(right - left, bottom - top)
    first_row, first_column = (int((a + b - side) // 2) for a, b in ((top, bottom), (left, right)))
    rows = slice(first_row, first_row + int(side))
    lips = expression[rows, first_column : first_column + int(side)].mean()
    hair = (audio + expression)[crop.labels.numpy() == HAIRS].mean()
    terms = region_loss.terms(6, crop, shown, BACKGROUND)
    assert terms["attention"].item() == pytest.approx(0.25 * lips + 0.125 * hair, rel=1e-4)
    without = region_loss.terms(6, crop, drawn(crop.window.size, 3), BACKGROUND)
    assert "attention" not in without


def test_the_mouth_is_free_behind_the_lips_but_not_beside_them(frames: TrainingFrames):
    region_loss = MouthLoss(frames, CONFIG)
    crop = region_loss.crop(6, 0)
    shown = drawn(crop.window.size, 3)
    mask = crop.labels.numpy() == MOUTH
    target, seen = inside(mask, crop.image.numpy() / 255), inside(mask, composite(shown))
    terms = region_loss.terms(6, crop, shown, BACKGROUND)
    loss = photometric(torch.tensor(seen), torch.tensor(target), 0.2)
    assert terms["photometric"].item() == pytest.approx(loss.item(), rel=1e-5)
    hidden = drawn(crop.window.size, 3)
    hidden.colors[torch.from_numpy(~mask)] = 0.5
    other = region_loss.terms(6, crop, hidden, BACKGROUND)
    assert other["photometric"].item() == terms["photometric"].item()

    lips = frames.lips(6).relative_to(crop.window)
    beside = shown.alpha.numpy().copy()
    beside[max(lips.top, 0) : lips.bottom, max(lips.left, 0) : lips.right] = 0.0
    assert terms["alpha"].item() == pytest.approx(0.5 * beside.mean(), rel=1e-5)


def square_of_lips(frames: TrainingFrames, crop: Crop) -> np.ndarray:
    """Which pixels of a crop lie in the square about points 48 to 59."""
    points = frames.identity.landmarks[frames.frames[6]][48:60]
    low, high = np.floor(points.min(0)), np.ceil(points.max(0))
    side = (high - low).max()
    left, top = (low + high - side) // 2 - (crop.window.left, crop.window.top)
    rows, columns = np.mgrid[: crop.labels.shape[0], : crop.labels.shape[1]]
    across = (columns >= left) & (columns < left + side)
    return across & (rows >= top) & (rows < top + side)


def test_the_official_mouth_fills_the_square_and_must_not_show_beside_it(frames: TrainingFrames):
    official = replaced(CONFIG, {"mouth.alpha": "filled", "mouth.pixels": "outside_lips"})
    region_loss = MouthLoss(frames, official)
    crop = frames.head(6)
    shown = drawn(crop.window.size, 3)
    inside_mouth, square = crop.labels.numpy() == MOUTH, square_of_lips(frames, crop)
    assert (square & ~inside_mouth).any()
    image = crop.image.numpy() / 255
    target = torch.tensor(inside(inside_mouth, image))
    # What lips hide is left out; the background is asked for where no lips are.
    seen = torch.tensor(inside(inside_mouth | ~square, composite(shown)))
    terms = region_loss.terms(6, crop, shown, BACKGROUND)
    expected = photometric(seen, target, 0.2).item()
    assert terms["photometric"].item() == pytest.approx(expected, rel=1e-5)
    off = np.abs(shown.alpha.numpy() - square).mean()
    assert terms["alpha"].item() == pytest.approx(0.5 * off, rel=1e-5)


def test_the_official_faces_alpha_takes_teeth_for_face(frames: TrainingFrames):
    crop = frames.head(6)
    labels = crop.labels.clone()
    rows, columns = np.nonzero(labels.numpy() == MOUTH)
    labels[rows[::2], columns[::2]] = TEETH
    crop = dataclasses.replace(crop, labels=labels)
    shown = drawn(crop.window.size, 3)
    surface = (labels == FACE) | (labels == HAIRS)
    losses = {}
    for kind, opaque in (("hole", surface), ("face", surface | (labels == TEETH))):
        config = replaced(CONFIG, {"face.teeth_alpha": kind})
        terms = FaceLoss(frames, config).terms(6, crop, shown, BACKGROUND)
        off = np.abs(shown.alpha.numpy() - opaque.numpy()).mean()
        assert terms["alpha"].item() == pytest.approx(0.5 * off, rel=1e-5)
        losses[kind] = terms["photometric"].item()
    assert losses["hole"] == losses["face"]
