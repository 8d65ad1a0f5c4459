from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.configs import build, replaced
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.shared.perceptual import LARGE_TILES, SMALL_TILES, Perceptual
from tgbench.methods.shared.window import Window
from tgbench.methods.talkinggaussian import fitting
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.fitting import Fit
from tgbench.methods.talkinggaussian.gaussians import Parameters
from tgbench.methods.talkinggaussian.losses import face_lpips
from tgbench.progress import SILENT


class Recorder:
    """A distance that remembers what it compared."""

    def __init__(self) -> None:
        self.seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    def __call__(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        self.seen.append((prediction.detach(), target.detach()))
        return (prediction - target).square().mean()


def images(height: int = 120, width: int = 100) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(0)
    first, second = rng.random((2, height, width, 3)).astype(np.float32)
    return torch.tensor(first), torch.tensor(second)


def test_a_small_window_is_widened_to_what_the_network_takes():
    recorder = Recorder()
    prediction, target = images()
    perceptual = Perceptual(recorder, torch.Generator())
    perceptual.of(prediction, target, Window(40, 50, 44, 56))
    assert recorder.seen[0][0].shape == (1, 32, 32, 3)
    assert torch.equal(recorder.seen[0][0][0], prediction[37:69, 26:58])
    assert perceptual.of(prediction, target).item() == pytest.approx(
        (prediction - target).square().mean().item()
    )


@pytest.mark.parametrize("sides", [SMALL_TILES, LARGE_TILES])
def test_tiles_are_the_squares_of_the_image_of_a_random_side(sides: tuple[int, int]):
    recorder = Recorder()
    image = images()[0]
    perceptual = Perceptual(recorder, torch.Generator().manual_seed(0))
    for _ in range(300):
        perceptual.of_tiles(image, image, sides)
    lengths = {stack.shape[1] for stack, _ in recorder.seen}
    assert lengths == set(range(sides[0], sides[1] + 1))
    for stack, _ in recorder.seen[:40]:
        side = stack.shape[1]
        expected = [
            image[row : row + side, column : column + side]
            for row in range(0, 120 - side + 1, side)
            for column in range(0, 100 - side + 1, side)
        ]
        assert torch.equal(stack, torch.stack(expected))


@pytest.mark.parametrize(("height", "width"), [(20, 50), (50, 20), (9, 9)])
def test_an_image_too_small_for_the_network_is_continued(height: int, width: int):
    """The crop of a mouth at 64x64 is: there the network would stop the fit in its last stage."""
    recorder = Recorder()
    image, other = (part.requires_grad_() for part in images(height, width))
    perceptual = Perceptual(recorder, torch.Generator().manual_seed(0))
    expected = np.pad(
        image.detach().numpy(), ((0, max(32 - height, 0)), (0, max(32 - width, 0)), (0, 0)), "edge"
    )
    loss = perceptual.of_tiles(image, other, SMALL_TILES) + perceptual.of(image, other)
    (tile, _), (whole, _) = recorder.seen
    assert min(tile.shape[1:3]) == 32
    assert np.array_equal(tile[0].numpy(), expected[:32, :32])
    assert np.array_equal(whole[0].numpy(), expected)
    perceptual.of(image, other, Window(1, 2, 3, 4))
    assert recorder.seen[2][0].shape == (1, 32, 32, 3)
    loss.backward()
    assert bool((image.grad != 0).any())


def test_the_faces_tiles_do_not_see_the_lips():
    recorder = Recorder()
    prediction, target = images()
    lips, background = Window(20, 60, 80, 100), torch.tensor([0.0, 1.0, 0.0])
    perceptual = Perceptual(recorder, torch.Generator().manual_seed(0))
    terms = face_lpips(prediction, target, lips, background, perceptual)
    (lips_seen, _), (tile, tile_target) = recorder.seen
    assert torch.equal(lips_seen[0], prediction[60:100, 20:80])
    same = (tile == tile_target).all(dim=-1)
    assert (tile[same] == background).all()
    assert bool(same.any())
    on_lips = 0.01 * (lips_seen[0] - target[60:100, 20:80]).square().mean()
    on_tiles = 0.2 * (tile - tile_target).square().mean()
    assert terms["lpips_lips"].item() == pytest.approx(on_lips.item(), rel=1e-5)
    assert terms["lpips_tiles"].item() == pytest.approx(on_tiles.item(), rel=1e-5)


CONFIG = build(
    TalkingGaussianConfig,
    {
        "grid.levels": 2,
        "face.hidden": 8,
        "mouth.hidden": 8,
        "audio.dim": 4,
        "face.grid_finest": 20,
        "schedule.static_iterations": 6,
        "schedule.motion_iterations": 6,
        "schedule.finetune_iterations": 4,
        "face.gaussians": 60,
        "mouth.gaussians": 20,
    },
)


@pytest.mark.parametrize(
    ("settings", "calls"),
    [
        ({"finetune.lpips_weight": 0.0}, 0),
        # The paper: whole images in all of the fine-tuning.
        ({}, 4),
        ({"finetune.lpips_patches": True}, 2),
        # Lips and tiles of the face, tiles of the mouth.
        (
            {"finetune.lpips_weight": 0.0, "face.lpips_iterations": 3, "mouth.lpips_iterations": 2},
            8,
        ),
    ],
)
def test_lpips_is_asked_where_the_settings_say(
    sphere: Identity,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, float],
    calls: int,
):
    recorder = Recorder()
    monkeypatch.setattr(fitting, "perceptual_distance", lambda device: (recorder, ""))
    config = replaced(CONFIG, settings)
    fit = Fit(config, sphere, sphere.split(), FitContext(tmp_path, 0, "cpu", SILENT))
    fit.run()
    assert len(recorder.seen) == calls


def face_after(config: TalkingGaussianConfig, sphere: Identity, folder: Path) -> Parameters:
    folder.mkdir()
    fit = Fit(config, sphere, sphere.split(), FitContext(folder, 0, "cpu", SILENT))
    return fit.run()[0][0].field.parameters


def test_fine_tuning_moves_colours_and_opacity_only_if_asked(sphere: Identity, tmp_path: Path):
    base = replaced(CONFIG, {"finetune.lpips_weight": 0.0})
    untuned = replaced(base, {"schedule.finetune_iterations": 0})
    with_opacity = replaced(base, {"finetune.opacity_lr": 1e-2})
    before = face_after(untuned, sphere, tmp_path / "before")
    for config, changed in (
        (base, {"color"}),
        (with_opacity, {"color", "opacities"}),
    ):
        after = face_after(config, sphere, tmp_path / str(len(changed)))
        differing = {name for name in before if not torch.equal(before[name], after[name])}
        # No higher degree has been raised so early, so the harmonics rest.
        assert differing == changed
