"""The audio network learns the shapes of the lips from sound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tgbench.identities import ActionUnits
from tgbench.methods.shared.audio_network import AudioNetwork
from tgbench.methods.shared.audio_pretraining import AudioPretraining, lip_shapes
from tgbench.methods.shared.conditions import Conditions

UNITS = ("AU45",)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As fits train: where other programs run, threads of one small layer wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def faces(count: int = 12) -> np.ndarray:
    """Upright faces whose inner lips part; eyes 50 px apart."""
    rng = np.random.default_rng(0)
    points = np.broadcast_to(rng.uniform(-40, 40, (68, 2)), (count, 68, 2)).copy()
    points[:, 36], points[:, 45] = (-25, -30), (25, -30)
    points[:, 65:68, 1] += np.linspace(0, 8, count)[:, None]
    return points


def similar(points: np.ndarray, angle: float, size: float, shift: tuple[float, float]):
    """Turn, scale and move every face a bit more than the one before."""
    grown = np.linspace(0, 1, len(points))
    cos, sin = np.cos(angle * grown), np.sin(angle * grown)
    turn = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
    scale = (1 + (size - 1) * grown)[:, None, None]
    return (
        scale * np.einsum("nij,npj->npi", turn, points) + np.multiply.outer(grown, shift)[:, None]
    )


def test_lip_shapes_do_not_know_where_the_head_is_how_large_or_how_tilted():
    points = faces()
    moved = similar(points, 0.6, 1.7, (30.0, -12.0))
    np.testing.assert_allclose(lip_shapes(moved), lip_shapes(points), atol=1e-5)


def test_lip_shapes_of_upright_faces_are_their_centred_points():
    points = faces()
    lips = points[:, 48:68] - points[:, 48:68].mean(axis=1, keepdims=True)
    flat = np.concatenate([lips[..., 0], lips[..., 1]], axis=1)
    flat -= flat.mean(axis=0)
    np.testing.assert_allclose(lip_shapes(points), flat / flat.std(), atol=1e-5)


def test_lips_that_never_move_and_faces_without_eyes_have_finite_shapes():
    still = np.repeat(faces()[:1], 5, axis=0)
    np.testing.assert_allclose(lip_shapes(still), 0.0, atol=1e-6)
    blind = faces()
    blind[:, [36, 45]] = 0.0
    assert np.isfinite(lip_shapes(blind)).all()


def listening(iterations: int) -> tuple[AudioPretraining, np.ndarray]:
    """Sound whose loudness opens the mouth, and a branch that has not heard it yet."""
    count, rng = 120, np.random.default_rng(1)
    opening = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(count + 16) / 25.0 * rng.uniform(1, 2))
    steps = np.lib.stride_tricks.sliding_window_view(opening, 16)[:count]
    features = steps[..., None] * rng.uniform(0.5, 1.5, 32) + 0.1 * rng.standard_normal(
        (count, 16, 32)
    )
    points = np.repeat(faces()[:1], count, axis=0)
    points[:, 65:68, 1] += 8.0 * opening[8 : count + 8, None]
    units = ActionUnits({name: np.zeros(count) for name in UNITS}, "nobody")
    conditions = Conditions(
        features.astype(np.float32),
        np.arange(count),
        units,
        UNITS,
        device=torch.device("cpu"),
    )
    torch.manual_seed(0)
    audio = AudioNetwork(32, 32)
    audio.normalise_by(conditions.heard)
    stage = AudioPretraining(
        "mouth",
        audio,
        conditions,
        lip_shapes(points),
        iterations,
        torch.Generator().manual_seed(0),
    )
    return stage, opening[8 : count + 8]


def explained(stage: AudioPretraining, opening: np.ndarray) -> float:
    """Share of the opening's variance that a straight line through the audio feature explains."""
    conditions = stage._conditions
    with torch.inference_mode():
        heard = stage.audio.sequence(conditions.features, conditions.windows)
    main = np.linalg.svd(heard.numpy() - heard.numpy().mean(0), full_matrices=False)
    strongest = main[0][:, 0]
    return float(np.corrcoef(strongest, opening)[0, 1] ** 2)


def test_the_encoder_learns_what_opens_the_mouth():
    stage, opening = listening(60)
    shapes = stage._shapes
    losses = [float(stage.step()) for _ in range(60)]
    # The layer on top starts at zero, so the first loss is the mean of the shapes themselves.
    assert losses[0] == pytest.approx(shapes.abs().mean().item(), rel=0.3)
    assert np.mean(losses[-5:]) < 0.3 * losses[0]
    assert explained(stage, opening) > 0.8


def test_a_stopped_listening_goes_on_as_if_it_had_not_been():
    whole, _ = listening(20)
    for _ in range(20):
        whole.step()
    first, _ = listening(20)
    for _ in range(9):
        first.step()
    second, _ = listening(20)
    second.restore(first.state())
    for _ in range(11):
        second.step()
    expected, found = (stage.audio.state_dict() for stage in (whole, second))
    assert all(torch.equal(expected[name], found[name]) for name in expected)
