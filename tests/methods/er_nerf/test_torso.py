"""The torso's field: its grid, its deformation by the head's pose, and a fit with it."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.configs import build
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.er_nerf.config import ErNerfTorsoConfig, TorsoConfig
from tgbench.methods.er_nerf.fitting import Fit
from tgbench.methods.er_nerf.method import ErNerf
from tgbench.methods.er_nerf.rays import Pinhole
from tgbench.methods.er_nerf.torso import TiledGrid, TorsoField, octaves
from tgbench.methods.er_nerf.torso_training import TorsoTraining
from tgbench.progress import SILENT
from tgbench.running.exporting import drive_of_frame


def camera(turn: float = 0.0, distance: float = 3.0) -> Pinhole:
    """Looks at the origin from a way off, turned about the vertical."""
    c, s = math.cos(turn), math.sin(turn)
    axes = torch.tensor([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    return Pinhole(axes, distance * axes[:, 2], 100.0, 20.0, 15.0, 40, 30)


def torso() -> TorsoField:
    torch.manual_seed(0)
    made = TorsoField()
    torch.nn.init.normal_(made.grid.table, std=0.5)
    return made


def test_points_appear_where_the_camera_sees_them() -> None:
    """A point a quarter of a turn round appears at depth 3 less its way to the camera."""
    field = torso()
    with torch.no_grad():
        field.anchors[0] = torch.tensor([0.2, -0.4, 0.0, 2.0])
        field.anchors[1] = torch.tensor([0.3, 0.1, 1.0, 1.0])
    ahead = field.projected(camera()).detach().numpy()
    assert ahead[0] == pytest.approx([0.1 / 3, -0.2 / 3])
    assert ahead[1] == pytest.approx([0.3 / 2, 0.1 / 2])
    aside = field.projected(camera(math.pi / 2)).detach().numpy()
    assert aside[1] == pytest.approx([-1.0 / 2.7, 0.1 / 2.7], rel=1e-5)


def reference(field: TorsoField, places: np.ndarray, view: Pinhole) -> np.ndarray:
    """All of the field in float64, a pixel and a level at a time."""
    parts = {name: p.detach().double().numpy() for name, p in field.named_parameters()}

    def dense(name: str, values: np.ndarray) -> np.ndarray:
        weights = [parts[f"{name}.{layer}.weight"] for layer in (0, 2, 4)]
        values = np.maximum(weights[0] @ values, 0)
        return weights[2] @ np.maximum(weights[1] @ values, 0)

    def waves(values: np.ndarray, count: int) -> list[float]:
        turns = [f(2.0**k * values) for k in range(count) for f in (np.sin, np.cos)]
        return [*values, *np.concatenate(turns)]

    points = parts["anchors"][:, :3] / parts["anchors"][:, 3:]
    seen = (points - view.centre.double().numpy()) @ view.axes.double().numpy()
    known = waves((seen[:, :2] / -seen[:, 2:]).ravel(), 3)
    painted = []
    for place in places:
        inputs = np.array([*waves(place, 8), *known, *parts["codes"][0]])
        shown = np.clip(place + dense("deformation", inputs), -1, 1)
        features: list[float] = []
        base = 0
        for level in range(16):
            scale = 16 * 128 ** (level / 15) - 1
            side = math.ceil(scale - 1e-6) + 2
            entries = min(-(-side * side // 8) * 8, 2**16)
            x, y = (shown + 1) / 2 * scale + 0.5
            left, top = math.floor(x), math.floor(y)
            mixed = np.zeros(2)
            for i, j in ((0, 0), (1, 0), (0, 1), (1, 1)):
                row = (left + i + (top + j) * side) % entries + base
                share = abs(1 - i - (x - left)) * abs(1 - j - (y - top))
                mixed += share * parts["grid.table"][row]
            features += [*mixed]
            base += entries
        painted.append(1 / (1 + np.exp(-dense("paint", np.array([*features, *inputs])))))
    return np.array(painted)


def test_it_is_what_the_facts_say_in_float64() -> None:
    """../shared/facts/baselines.md, 3.8; a pixel's place is 0.8 of its way from the centre."""
    field, view = torso().double(), camera(0.3)
    columns, rows = torch.tensor([0, 7, 39, 20]), torch.tensor([29, 3, 0, 15])
    places = 0.8 * (2 * (np.stack([columns, rows], 1) + 0.5) / (40, 30) - 1)
    exact = Pinhole(view.axes.double(), view.centre.double(), 100.0, 20.0, 15.0, 40, 30)
    colour, opacity = field(columns, rows, exact)
    expected = reference(field, places, exact)
    # The library's own scales are of single precision.
    assert opacity.detach().numpy() == pytest.approx(expected[:, :1], abs=1e-4)
    assert colour.detach().numpy() == pytest.approx(expected[:, 1:], abs=1e-4)


def test_the_grid_keeps_what_is_linear() -> None:
    """Vertices of the coarsest level hold their own place; between them it is interpolated."""
    grid = TiledGrid()
    side = int(grid.resolutions[0])
    with torch.no_grad():
        grid.table.zero_()
        y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
        grid.table[: side * side] = torch.stack([x.ravel(), 2.0 * y.ravel()], dim=1)
    places = torch.rand(20, 2) * 2 - 1
    where = (places + 1) / 2 * 15 + 0.5
    assert torch.allclose(grid(places)[:, :2], where * torch.tensor([1.0, 2.0]), atol=1e-4)


def test_a_way_moves_the_picture() -> None:
    """With a way that is everywhere the same, a pixel has the features of another place."""
    field = torso()
    way = torch.tensor([0.1, -0.05])
    field.deformation.forward = lambda inputs: way.expand(len(inputs), 2)  # type: ignore[method-assign]
    asked: list[torch.Tensor] = []
    look = field.grid.forward
    field.grid.forward = lambda places: (asked.append(places), look(places))[1]  # type: ignore[method-assign, func-returns-value]
    field(torch.tensor([19]), torch.tensor([14]), camera())
    assert asked[0][0].tolist() == pytest.approx([-0.02 + 0.1, -0.8 / 30 - 0.05], abs=1e-6)


def test_slopes_agree_with_difference_quotients() -> None:
    field, view = torso().double(), camera(0.2)
    exact = Pinhole(view.axes.double(), view.centre.double(), 100.0, 20.0, 15.0, 40, 30)
    plate = torch.full((3, 3), 0.5, dtype=torch.float64)

    def loss() -> torch.Tensor:
        seen = field.over(plate, torch.tensor([3, 17, 30]), torch.tensor([5, 11, 28]), exact)
        return seen.square().sum()

    loss().backward()
    for parameter in (field.anchors, next(field.deformation.parameters())):
        assert parameter.grad is not None
        for place in ((0, 0), (1, 2), (2, 3)):
            sides = []
            for sign in (1, -1):
                with torch.no_grad():
                    parameter[place] += sign * 1e-6
                    sides.append(float(loss()))
                    parameter[place] -= sign * 1e-6
            quotient = (sides[0] - sides[1]) / 2e-6
            assert float(parameter.grad[place]) == pytest.approx(quotient, rel=1e-3, abs=1e-7)


def test_points_out_of_scale_are_charged() -> None:
    field = torso()
    assert float(field.out_of_scale().detach()) == 0.0
    with torch.no_grad():
        field.anchors[:, 3] = torch.tensor([1.0, 0.5, 3.0])
    assert float(field.out_of_scale().detach()) == pytest.approx((0.25 + 4.0) / 3)


def test_octaves_double() -> None:
    values = octaves(torch.tensor([[0.5]]), 2)[0].tolist()
    half, one = 0.5, 1.0
    assert values == pytest.approx(
        [0.5, *(f(a) for a in (half, one) for f in (math.sin, math.cos))]
    )


CONFIG = build(
    ErNerfTorsoConfig,
    {
        "head.hidden": 8,
        "head.levels": 2,
        "head.coarsest": 8,
        "head.finest": 16,
        "head.cells": 16,
        "schedule.iterations": 2,
        "schedule.lips_iterations": 0,
        "schedule.rays": 32,
        "schedule.checkpoint_every": 100,
        "torso.iterations": 60,
        "torso.pixels": 256,
        "optimiser.lr": 1e-2,
    },
)
SHORT = dataclasses.replace(
    CONFIG,
    torso=TorsoConfig(iterations=7, pixels=64),
    schedule=dataclasses.replace(CONFIG.schedule, checkpoint_every=4),
)


def training(identity: Identity, workdir: Path) -> Fit:
    workdir.mkdir(exist_ok=True)
    return Fit(CONFIG, identity, identity.split(), FitContext(workdir, 0, "cpu", SILENT))


def test_it_learns_a_torso_from_pixels(tiny_identity: Path, tmp_path: Path) -> None:
    """A box over a plate of one colour, learnt in frames that train, seen in one that does not."""
    identity = Identity(tiny_identity)
    _, torso, report = training(identity, tmp_path).run()
    assert torso is not None
    assert report.iterations["torso"] == CONFIG.torso.iterations
    view = Pinhole.of_pose(identity.poses[41], identity.intrinsics, 4.0, torch.device("cpu"))
    rows, columns = (part.ravel() for part in torch.meshgrid(2 * [torch.arange(64)], indexing="ij"))
    plate = torch.from_numpy(identity.background).view(-1, 3) / 255.0
    truth = torch.from_numpy(identity.torso_over_background(41)).view(-1, 3) / 255.0
    error = (torso.over(plate, columns, rows, view) - truth).abs().mean()
    assert error < 0.35 * (plate - truth).abs().mean()


@pytest.fixture(scope="module")
def short(tiny_identity: Path, tmp_path_factory: pytest.TempPathFactory) -> ErNerf:
    """A fit of few iterations that nothing disturbed."""
    return fitted(Identity(tiny_identity), tmp_path_factory.mktemp("torso"))


def fitted(identity: Identity, workdir: Path) -> ErNerf:
    method = ErNerf(SHORT)
    method.fit(identity, identity.split(), FitContext(workdir, 0, "cpu", SILENT))
    return method


def test_no_true_torso_is_asked_for(short: ErNerf, tiny_identity: Path) -> None:
    drive = drive_of_frame(Identity(tiny_identity), 41)

    class Nothing:
        def torso_over_background(self, frame: int) -> np.ndarray:
            raise AssertionError("the true torso was read")

    (image,) = short.render(dataclasses.replace(drive, backdrop=Nothing()))
    assert image.shape == (64, 64, 3)


def test_a_saved_torso_is_rendered_alike(
    short: ErNerf, tiny_identity: Path, tmp_path: Path
) -> None:
    identity = Identity(tiny_identity)
    drive = drive_of_frame(identity, 41)
    short.save(tmp_path)
    again = ErNerf(SHORT)
    again.load(tmp_path, identity, identity.split(), "cpu")
    assert np.array_equal(next(iter(again.render(drive))), next(iter(short.render(drive))))


def test_a_stopped_torso_ends_like_one_that_was_not(
    short: ErNerf, tiny_identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = Identity(tiny_identity)
    step = TorsoTraining.step

    def stopped(self: TorsoTraining) -> torch.Tensor:
        if self.iteration == 5:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(TorsoTraining, "step", stopped)
    with pytest.raises(KeyboardInterrupt):
        fitted(identity, tmp_path)
    monkeypatch.undo()
    drive = drive_of_frame(identity, 41)
    resumed = fitted(identity, tmp_path)
    assert np.array_equal(next(iter(resumed.render(drive))), next(iter(short.render(drive))))
