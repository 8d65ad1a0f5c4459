"""Which rays and frames an iteration draws."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.configs import build
from tgbench.errors import TgbenchError
from tgbench.identities import WHITE, Identity
from tgbench.interfaces import FitContext
from tgbench.methods.er_nerf.config import ErNerfConfig
from tgbench.methods.er_nerf.fitting import Fit
from tgbench.methods.er_nerf.frames import OUTLINE
from tgbench.methods.er_nerf.training import HeadTraining
from tgbench.progress import SILENT

TINY = {
    "head.hidden": 8,
    "head.levels": 2,
    "head.coarsest": 8,
    "head.finest": 16,
    "head.cells": 16,
    "loss.lpips": 0.0,
    "loss.patch_lpips": 0.0,
    "schedule.rays": 400,
}


def training(identity: Identity, workdir: Path, **schedule: float) -> HeadTraining:
    chosen = {f"schedule.{name}": value for name, value in schedule.items()}
    config = build(ErNerfConfig, TINY | chosen)
    return Fit(config, identity, identity.split(), FitContext(workdir, 0, "cpu", SILENT))._training


@pytest.mark.parametrize("part", ["head", "eyes", "lips"])
def test_a_part_has_its_share_of_the_rays(sphere: Identity, tmp_path: Path, part: str) -> None:
    """The others are spread over the whole image, as many as fall there by chance."""
    trained = training(sphere, tmp_path, **{f"{part}_share": 0.6})
    frame = trained._frames[3]
    window = getattr(frame, part)
    columns, rows = trained._drawn(frame)
    inside = (columns >= window.left) & (columns < window.right)
    inside &= (rows >= window.top) & (rows < window.bottom)
    assert len(columns) == 400
    by_chance = window.size[0] * window.size[1] / 48**2
    assert float(inside.float().mean()) == pytest.approx(0.6 + 0.4 * by_chance, abs=0.07)


def test_the_eyes_lie_in_their_rectangle(sphere: Identity, tmp_path: Path) -> None:
    eyes = training(sphere, tmp_path)._frames[3].eyes
    points = sphere.landmarks[3][36:48]
    assert (points >= (eyes.left, eyes.top)).all()
    assert (points <= (eyes.right, eyes.bottom)).all()


def test_frames_with_closed_eyes_are_drawn_more_often(sphere: Identity, tmp_path: Path) -> None:
    """Every second iteration draws one; those between draw each frame once."""
    trained = training(sphere, tmp_path, closed_every=2)
    drawn = []
    for trained.iteration in range(60):
        drawn.append(trained._next_frame())
    closed = sphere.action_units.values["AU45"][:30] > 0
    assert 0 < closed.sum() < 10
    assert closed[drawn[1::2]].all()
    assert sorted(drawn[::2]) == list(range(30))


def test_where_nobody_blinks_every_frame_is_drawn(
    make_sphere: Callable[..., Identity], tmp_path: Path
) -> None:
    identity = make_sphere(tmp_path / "clip", frames=11, size=16)
    identity.action_units.values["AU45"][:] = 0.0
    trained = training(identity, tmp_path, closed_every=1)
    assert sorted(trained._next_frame() for _ in range(10)) == list(range(10))


def test_shares_above_one_are_refused() -> None:
    with pytest.raises(TgbenchError, match="eyes_share"):
        build(ErNerfConfig, {"schedule.eyes_share": 0.6, "schedule.head_share": 0.5})


def test_the_presets_of_the_paper_draw_rays_everywhere(sphere: Identity, tmp_path: Path) -> None:
    """Uniformly over the image, as the official code: every ninth of it has a ninth."""
    trained = training(sphere, tmp_path, rays=9000)
    columns, rows = trained._drawn(trained._frames[0])
    counts = np.bincount((columns // 16 * 3 + rows // 16).numpy(), minlength=9)
    assert torch.tensor(counts / 9000).sub(1 / 9).abs().max() < 0.02


def test_recoloured_rays_see_one_colour_around_and_behind_the_head(
    sphere: Identity, tmp_path: Path
) -> None:
    """Where the head is, they show it; at its outline nothing changes."""
    trained = training(sphere, tmp_path, recoloured_share=1.0)
    frame = trained._frames[3]
    rows, columns = torch.cartesian_prod(torch.arange(48), torch.arange(48)).T
    behind, shown = trained._recoloured(frame, columns, rows)
    true, plate = frame.image.view(-1, 3) / 255.0, frame.behind.view(-1, 3) / 255.0
    centre, corner = 24 * 48 + 24, 2 * 48 + 2
    assert torch.equal(shown[centre], true[centre])
    assert not torch.equal(behind[centre], plate[centre])
    assert torch.equal(shown[corner], behind[corner])
    assert not torch.equal(behind[corner], plate[corner])
    kept = (behind == plate).all(dim=1)
    assert torch.equal(shown[kept], true[kept])
    head = torch.from_numpy((sphere.parsing(3) != WHITE).any(axis=2))
    edge = (head[:, 1:] != head[:, :-1]).nonzero()
    assert len(edge) > 20
    assert kept.view(48, 48)[edge[:, 0], edge[:, 1]].all()


def test_a_share_of_the_rays_is_recoloured(sphere: Identity, tmp_path: Path) -> None:
    """By default none, as in the official code."""
    for chosen in ({}, {"recoloured_share": 0.25}):
        trained = training(sphere, tmp_path, rays=4000, **chosen)
        frame = trained._frames[3]
        columns, rows = trained._drawn(frame)
        behind, _ = trained._recoloured(frame, columns, rows)
        changed = (behind != frame.behind[rows, columns] / 255.0).any(dim=1)
        outline = frame.shows[rows, columns] == OUTLINE
        expected = chosen.get("recoloured_share", 0.0)
        assert float(changed[~outline].float().mean()) == pytest.approx(expected, abs=0.03)
