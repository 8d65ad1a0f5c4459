"""The PLY file, read by a parser written from the PLY and 3DGS layouts alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tgbench.configs import build, replaced
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.interfaces import Exports
from tgbench.methods.shared.conditions import Conditions
from tgbench.methods.shared.crop_window import window_camera
from tgbench.methods.shared.rasterizer import Camera, rasterize
from tgbench.methods.shared.spherical_harmonics import sh_to_rgb
from tgbench.methods.talkinggaussian.branch import Branch, new_motion
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.gaussians import GaussianField
from tgbench.methods.talkinggaussian.method import TalkingGaussian
from tgbench.methods.talkinggaussian.motion import Deformation
from tgbench.methods.talkinggaussian.ply import export_ply, splats, write_ply
from tgbench.methods.talkinggaussian.rendering import conditions_of
from tgbench.running.exporting import drive_of_frame

CONFIG = build(
    TalkingGaussianConfig,
    {
        "face.grid_finest": 48,
        "mouth.grid_coarsest": 16,
        "mouth.grid_finest": 48,
    },
)
CHANNELS = 32


def read_ply(path: Path) -> dict[str, NDArray[np.float32]]:
    """Parse a binary little-endian PLY of one element with float properties."""
    content = path.read_bytes()
    head, _, body = content.partition(b"end_header\n")
    lines = [line.split() for line in head.decode("ascii").splitlines()]
    assert lines[0] == ["ply"]
    assert lines[1] == ["format", "binary_little_endian", "1.0"]
    # Readers in C++ expect the count in the third line.
    assert lines[2][:2] == ["element", "vertex"]
    count = int(lines[2][2])
    names = [name for _, kind, name in lines[3:] if kind == "float"]
    assert len(names) == len(lines) - 3
    assert len(body) == 4 * count * len(names)
    table = np.frombuffer(body, np.dtype([(name, "<f4") for name in names]))
    return {name: table[name] for name in names}


def stacked(columns: dict[str, NDArray[np.float32]], *names: str) -> torch.Tensor:
    return torch.from_numpy(np.stack([columns[name] for name in names], axis=1).astype(np.float64))


def redrawn(path: Path, camera: Camera) -> tuple[torch.Tensor, torch.Tensor]:
    """Render a file as a 3DGS viewer does, in float64."""
    columns = read_ply(path)
    means = stacked(columns, "x", "y", "z")
    rest = stacked(columns, *(f"f_rest_{i}" for i in range(24))).view(-1, 3, 8).transpose(1, 2)
    base = stacked(columns, "f_dc_0", "f_dc_1", "f_dc_2")
    eye = torch.from_numpy(np.asarray(camera.position, np.float64))
    colors = sh_to_rgb(base, rest, means - eye, 2, backend="torch")
    drawn = rasterize(
        means,
        stacked(columns, *(f"rot_{i}" for i in range(4))),
        stacked(columns, *(f"scale_{i}" for i in range(3))).exp(),
        stacked(columns, "opacity")[:, 0].sigmoid(),
        colors,
        camera,
        backend="torch",
    )
    return drawn.colors, drawn.alpha


def random_branch(name: str, seed: int, config: TalkingGaussianConfig = CONFIG) -> Branch:
    """A branch whose every parameter matters, motion and view dependence included."""
    generator = torch.Generator().manual_seed(seed)
    points = 0.16 * torch.rand(60, 3, generator=generator) - 0.08
    field = GaussianField.random(points, config, generator)
    with torch.no_grad():
        for key, spread in (
            ("quats", 1.0),
            ("opacities", 1.5),
            ("harmonics", 0.4),
            ("scales", 0.5),
        ):
            noise = torch.randn(field.parameters[key].shape, generator=generator)
            field.parameters[key] += spread * noise
    for _ in range(config.gaussians.harmonics_degree):
        field.raise_degree()
    torch.manual_seed(seed)
    motion = new_motion(name, CHANNELS, config)  # type: ignore[arg-type]
    torch.nn.init.normal_(motion.decoder[-1].weight, std=0.5)  # type: ignore[arg-type]
    return Branch(name, field, motion)  # type: ignore[arg-type]


@pytest.fixture
def camera(sphere: Identity) -> Camera:
    return window_camera(sphere.poses[3], sphere.intrinsics)


def driving(identity: Identity, frame: int) -> Conditions:
    return conditions_of(drive_of_frame(identity, frame), CONFIG, torch.device("cpu"))


def test_names_and_order_are_those_of_the_reference_code(tmp_path: Path):
    write_ply(tmp_path / "x.ply", [splats(random_branch("face", 0).field)])
    names = list(read_ply(tmp_path / "x.ply"))
    assert names == [
        *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"),
        *(f"f_rest_{i}" for i in range(24)),
        *("opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
    ]


def test_values_are_those_of_the_field_after_a_viewers_activations(tmp_path: Path):
    branch = random_branch("face", 1)
    write_ply(tmp_path / "x.ply", [splats(branch.field)])
    columns = read_ply(tmp_path / "x.ply")
    raw = {name: value.detach().double().numpy() for name, value in branch.field.parameters.items()}
    scales = np.exp([columns[f"scale_{i}"].astype(float) for i in range(3)]).T
    np.testing.assert_allclose(scales, np.log1p(np.exp(raw["scales"])), rtol=2e-6)
    opacity = 1 / (1 + np.exp(-columns["opacity"].astype(float)))
    np.testing.assert_allclose(opacity, 1 / (1 + np.exp(-raw["opacities"])), rtol=1e-6)
    for channel in range(3):
        np.testing.assert_array_equal(
            columns[f"f_dc_{channel}"], raw["color"][:, channel].astype("f4")
        )
        for k in range(8):
            np.testing.assert_array_equal(
                columns[f"f_rest_{8 * channel + k}"], raw["harmonics"][:, k, channel].astype("f4")
            )
    quats = np.stack([columns[f"rot_{i}"] for i in range(4)], axis=1)
    np.testing.assert_allclose(np.linalg.norm(quats, axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(
        quats, raw["quats"] / np.linalg.norm(raw["quats"], axis=1, keepdims=True), atol=1e-6
    )
    assert not any(columns[name].any() for name in ("nx", "ny", "nz"))


@pytest.mark.parametrize("name", ["face", "mouth"])
@pytest.mark.parametrize("frame", [None, 7])
def test_drawn_again_it_is_the_branch(
    sphere: Identity, camera: Camera, tmp_path: Path, name: str, frame: int | None
):
    branch = random_branch(name, 2)
    conditions = None if frame is None else driving(sphere, frame)
    export_ply(tmp_path / "x.ply", [branch], name, conditions)
    with torch.no_grad():
        deformation = conditions and branch.deform(conditions.audio(0), conditions.expression(0))
        drawn = branch.draw(camera, deformation)
    colors, alpha = redrawn(tmp_path / "x.ply", camera)
    assert float(alpha.max()) > 0.3
    torch.testing.assert_close(colors, drawn.colors.double(), atol=2e-4, rtol=0)
    torch.testing.assert_close(alpha, drawn.alpha.double(), atol=2e-4, rtol=0)


def test_deformed_it_differs_by_what_the_motion_field_says(sphere: Identity, tmp_path: Path):
    branch = random_branch("face", 3)
    conditions = driving(sphere, 12)
    export_ply(tmp_path / "rest.ply", [branch], "face")
    export_ply(tmp_path / "moved.ply", [branch], "face", conditions)
    rest, moved = read_ply(tmp_path / "rest.ply"), read_ply(tmp_path / "moved.ply")
    with torch.no_grad():
        change = branch.deform(conditions.audio(0), conditions.expression(0))
    assert change.means is not None
    assert float(change.means.abs().max()) > 1e-4
    shift = np.stack([moved[axis] - rest[axis] for axis in "xyz"], axis=1)
    np.testing.assert_allclose(shift, change.means.numpy(), atol=1e-7)
    assert change.scales is not None
    raw = (branch.field.parameters["scales"].detach() + change.scales).double().numpy()
    scales = np.exp([moved[f"scale_{i}"].astype(float) for i in range(3)]).T
    np.testing.assert_allclose(scales, np.log1p(np.exp(raw)), rtol=3e-6)
    for name in ("opacity", "f_dc_1", "f_rest_5"):
        np.testing.assert_array_equal(rest[name], moved[name])


def test_decoded_colour_and_opacity_are_in_the_file(camera: Camera, tmp_path: Path):
    """Appearance motion: no view dependence is left, and the colour is the decoded one."""
    branch = random_branch("face", 4)
    generator = torch.Generator().manual_seed(9)
    change = Deformation(
        opacities=torch.randn(60, 1, generator=generator),
        colors=0.2 * torch.randn(60, 3, generator=generator),
    )
    write_ply(tmp_path / "x.ply", [splats(branch.field, change)])
    with torch.no_grad():
        drawn = branch.draw(camera, change)
    colors, alpha = redrawn(tmp_path / "x.ply", camera)
    torch.testing.assert_close(colors, drawn.colors.double(), atol=2e-4, rtol=0)
    torch.testing.assert_close(alpha, drawn.alpha.double(), atol=2e-4, rtol=0)


def test_all_is_both_branches_one_after_the_other(tmp_path: Path):
    face, mouth = random_branch("face", 5), random_branch("mouth", 6)
    said = export_ply(tmp_path / "all.ply", [face, mouth], "all")
    export_ply(tmp_path / "mouth.ply", [face, mouth], "mouth")
    whole, part = read_ply(tmp_path / "all.ply"), read_ply(tmp_path / "mouth.ply")
    assert said.startswith("120 Gaussians (60 of the face, 60 of the mouth)")
    for name, values in part.items():
        np.testing.assert_array_equal(whole[name][60:], values)
    with pytest.raises(TgbenchError, match="unknown branch of this fit 'mouth'"):
        export_ply(tmp_path / "x.ply", [face], "mouth")


@pytest.mark.parametrize(("degree", "count"), [(0, 0), (1, 9), (2, 24)])
def test_lower_degrees_have_the_counts_that_viewers_know(tmp_path: Path, degree: int, count: int):
    config = replaced(CONFIG, {"gaussians.harmonics_degree": degree})
    write_ply(tmp_path / "x.ply", [splats(random_branch("mouth", 7, config).field)])
    assert sum(name.startswith("f_rest_") for name in read_ply(tmp_path / "x.ply")) == count


def test_the_smallest_scale_has_a_logarithm(tmp_path: Path):
    branch = random_branch("mouth", 8)
    with torch.no_grad():
        branch.field.parameters["scales"][0] = -200.0
    write_ply(tmp_path / "x.ply", [splats(branch.field)])
    assert read_ply(tmp_path / "x.ply")["scale_0"][0] == pytest.approx(-200.0)


def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path: Path):
    branch = random_branch("face", 9)
    with pytest.raises(TgbenchError, match=r"x\.splat: .*\.ply"):
        write_ply(tmp_path / "x.splat", [splats(branch.field)])
    with torch.no_grad():
        branch.field.parameters["means"][3, 1] = float("nan")
    with pytest.raises(TgbenchError, match=r"x\.ply: .*NaN"):
        write_ply(tmp_path / "x.ply", [splats(branch.field)])
    with pytest.raises(TgbenchError, match="nothing to export"):
        TalkingGaussian(CONFIG).export(tmp_path / "x.ply", "all", None)
    assert isinstance(TalkingGaussian(CONFIG), Exports)
    assert not list(tmp_path.iterdir())
