from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tgbench.configs import build, replaced
from tgbench.identities import ActionUnits, Identity
from tgbench.interfaces import FitContext
from tgbench.methods.shared.conditions import Conditions
from tgbench.methods.talkinggaussian import fitting
from tgbench.methods.talkinggaussian.audio_pretraining import AudioPretraining, lip_shapes
from tgbench.methods.talkinggaussian.branch import Branch, new_motion
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.fitting import Fit
from tgbench.methods.talkinggaussian.gaussians import GaussianField
from tgbench.methods.talkinggaussian.motion import EXPRESSION_UNITS
from tgbench.methods.talkinggaussian.spec import SPEC
from tgbench.progress import SILENT

TINY = build(
    TalkingGaussianConfig,
    {
        "schedule.audio_pretraining_iterations": 24,
        "schedule.static_iterations": 4,
        "schedule.motion_iterations": 6,
        "schedule.finetune_iterations": 2,
        "checkpoint_every": 5,
        "face.gaussians": 80,
        "mouth.gaussians": 40,
        "finetune.lpips_weight": 0.0,
    },
)


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
    config = replaced(TINY, {"schedule.audio_pretraining_iterations": iterations})
    units = ActionUnits({name: np.zeros(count) for name in EXPRESSION_UNITS}, "nobody")
    cpu = torch.device("cpu")
    conditions = Conditions(
        features.astype(np.float32), np.arange(count), units, EXPRESSION_UNITS, device=cpu
    )
    torch.manual_seed(0)
    motion = new_motion("mouth", 32, config)
    motion.audio.normalise_by(conditions.heard)
    generator = torch.Generator().manual_seed(0)
    cloud = torch.zeros(4, 3)
    field = GaussianField.random(cloud, config, generator, cpu)
    branch = Branch("mouth", field, motion)
    return AudioPretraining(branch, conditions, lip_shapes(points), config, generator), opening[
        8 : count + 8
    ]


def explained(stage: AudioPretraining, opening: np.ndarray) -> float:
    """Share of the opening's variance that a straight line through the audio feature explains."""
    conditions = stage._conditions
    with torch.inference_mode():
        heard = stage.branch.motion.audio.sequence(conditions.features, conditions.windows)
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


def test_presets_of_paper_and_official_code_do_not_listen():
    for preset in ("paper", "official"):
        config = build(TalkingGaussianConfig, SPEC.presets[preset])
        assert config.schedule.audio_pretraining_iterations == 0
        assert config.audio.lr == 1


def test_a_stopped_listening_goes_on_as_if_it_had_not_been(sphere: Identity):
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
    expected, found = (stage.branch.motion.audio.state_dict() for stage in (whole, second))
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_a_fit_listens_once_and_counts_all_its_time(
    sphere: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # By the clock of `fitting`, which times the removal of floaters alone, that takes 1000 s.
    clock = SimpleNamespace(perf_counter=itertools.count(0.0, 1000.0).__next__)
    monkeypatch.setattr(fitting, "time", clock)

    def fit() -> Fit:
        return Fit(TINY, sphere, sphere.split(), FitContext(tmp_path, 0, "cpu", SILENT))

    branches, report = fit().run()
    assert {path.name for path in tmp_path.glob("audio-pretraining-*.pt")} == {
        "audio-pretraining-face.pt",
        "audio-pretraining-mouth.pt",
    }
    seconds = {
        path.stem: torch.load(path, weights_only=True)["state"]["seconds"]
        for path in tmp_path.glob("*.pt")
    }
    assert seconds["face"] > seconds["audio-pretraining-face"]
    assert report.seconds == max(seconds["face"], seconds["mouth"]) + seconds["fused"]
    assert seconds["fused"] > 1000.0
    again, repeated = fit().run()
    assert repeated.seconds == report.seconds
    for one, other in zip(branches, again, strict=True):
        expected, found = one.motion.state_dict(), other.motion.state_dict()
        assert all(torch.equal(expected[name], found[name]) for name in expected)
