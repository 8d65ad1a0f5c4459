"""Both ways to render: frames on threads, as on a CPU, and frames in batches, as on a GPU."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.configs import build, replaced
from tgbench.drive import PlainBackdrop
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.talkinggaussian import rendering
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.method import TalkingGaussian
from tgbench.methods.talkinggaussian.rendering import Renderer
from tgbench.progress import SILENT

from .fits import drive_of

CONFIG = build(
    TalkingGaussianConfig,
    {
        "grid.levels": 3,
        "face.grid_finest": 20,
        "schedule.static_iterations": 20,
        "schedule.motion_iterations": 30,
        "schedule.finetune_iterations": 4,
        "face.gaussians": 200,
        "mouth.gaussians": 40,
        "motion_field.lr": 5e-3,
        "finetune.lpips_weight": 0.0,
    },
)


def fitted(config: TalkingGaussianConfig, identity: Identity, workdir: Path) -> TalkingGaussian:
    method = TalkingGaussian(config)
    method.fit(identity, identity.split(), FitContext(workdir, 0, "cpu", SILENT))
    return method


@pytest.mark.parametrize(
    "settings",
    [{}, {"face_mouth_decomposition": False}, {"motion": "appearance"}],
    ids=["two branches", "one branch", "appearance"],
)
def test_batches_show_what_threads_show(
    sphere: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict
):
    config = replaced(CONFIG, settings)
    renderer = Renderer(fitted(config, sphere, tmp_path).branches, config)
    drive = drive_of(sphere, range(20, 27))
    alone = list(renderer.frames(drive))
    # Seven frames in batches of three: the last is not full.
    monkeypatch.setattr(rendering, "_BATCH", 3)
    drivers = renderer._drivers(drive)
    together = list(renderer._by_batches(drive, drivers))
    assert len(alone) == len(together) == 7
    assert not np.array_equal(alone[0], alone[5])
    for one, other in zip(alone, together, strict=True):
        assert other.dtype == np.uint8
        assert np.abs(one.astype(int) - other.astype(int)).max() <= 1


@pytest.mark.slow
def test_layers_say_where_the_head_is_in_the_frames(sphere: Identity, tmp_path: Path):
    """Over black and white a frame differs by what the head leaves free."""
    method = fitted(CONFIG, sphere, tmp_path)
    drive = drive_of(sphere, range(20, 22))
    over = [
        np.stack(list(method.render(dataclasses.replace(drive, backdrop=plain)))).astype(float)
        for plain in (PlainBackdrop(48, 48, (0, 0, 0)), PlainBackdrop(48, 48))
    ]
    layers = list(method.layers(drive))
    alpha = np.stack([layer.alpha for layer in layers])
    np.testing.assert_allclose(alpha, 1.0 - (over[1] - over[0]).mean(-1) / 255.0, atol=0.01)
    assert (alpha > 0.9).mean() > 0.05
    poses = drive.poses.copy()
    poses[:, :3, 3] += poses[:, :3, 2]
    back = list(method.layers(dataclasses.replace(drive, poses=poses)))
    near, far = (float(np.nanmedian(each[0].depth[20:28, 20:28])) for each in (layers, back))
    assert far - near == pytest.approx(1.0, abs=0.02)
    assert near == pytest.approx(0.8, abs=0.15)


def test_a_device_that_is_not_here_is_refused(sphere: Identity, tmp_path: Path):
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    method = TalkingGaussian(CONFIG)
    with pytest.raises(TgbenchError, match=r"sees no CUDA device.*--device cpu"):
        method.fit(sphere, sphere.split(), FitContext(tmp_path, 0, "cuda:0", SILENT))
    with pytest.raises(TgbenchError, match="cpu and cuda, not on 'meta'"):
        method.fit(sphere, sphere.split(), FitContext(tmp_path, 0, "meta", SILENT))


def test_a_gpu_learns_and_renders_what_a_cpu_does(sphere: Identity, tmp_path: Path):
    """Not bit by bit: atomics add in any order. The pictures of a short fit stay close."""
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    drive = drive_of(sphere, range(20, 27))
    means = {}
    for device in ("cpu", "cuda"):
        (tmp_path / device).mkdir()
        method = TalkingGaussian(CONFIG)
        split = sphere.split()
        method.fit(sphere, split, FitContext(tmp_path / device, 0, device, SILENT))
        method.save(tmp_path / device)
        means[device] = np.stack(list(method.render(drive))).astype(float)
        other = "cpu" if device == "cuda" else "cuda"
        moved = TalkingGaussian(CONFIG)
        moved.load(tmp_path / device, sphere, split, other)
        elsewhere = np.stack(list(moved.render(drive))).astype(float)
        assert np.abs(elsewhere - means[device]).mean() < 0.5
    assert np.abs(means["cpu"] - means["cuda"]).mean() < 4.0
