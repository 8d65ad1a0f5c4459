"""GGHead as the prior, on a stand-in with the names and shapes of its checkout and checkpoints."""

from __future__ import annotations

import dataclasses
import importlib
import os
import pickle
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from tgbench.configs import build
from tgbench.errors import TgbenchError
from tgbench.interfaces import FitContext
from tgbench.methods.dgtalker import fitting, method
from tgbench.methods.dgtalker.config import DGTalkerConfig
from tgbench.methods.dgtalker.prior.choice import load_prior
from tgbench.methods.dgtalker.prior.gghead.landmarks import landmarks_among
from tgbench.methods.dgtalker.prior.gghead.prior import CAMERA, GGHeadPrior
from tgbench.methods.dgtalker.prior.gghead.snapshot import read_snapshot
from tgbench.methods.dgtalker.prior.template import (
    HEIGHT,
    WIDTH,
    head_template,
    landmark_texels,
)
from tgbench.progress import SILENT

CHECKOUT = Path(__file__).with_name("gghead_standin")
UNIT = 2.68
"""GGHead's heads are that much larger than metres."""

SIDE = 64
CPU = torch.device("cpu")


def forget() -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "gghead"]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def _no_checkout_is_left() -> Iterator[None]:
    forget()
    yield
    forget()


def generator(**settings: Any) -> torch.nn.Module:
    """Return a network of the stand-in's own code, whose template is a head."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(CHECKOUT / "src"))
        patch.setattr(dataclasses, "dataclass", partial(dataclasses.dataclass, unsafe_hash=True))
        module = importlib.import_module("gghead.models.gghead_model")
    names = module.GaussianAttribute
    torch.manual_seed(0)
    config = module.GGHeadConfig(
        gaussian_attribute_config=module.GaussianAttributeConfig(sh_degree=1),
        uv_attributes=list(names),
        n_uniform_flame_vertices=SIDE,
        position_range=0.01,
        **settings,
    )
    network = module.GGHeadModel(config).eval()
    columns = np.rint(np.linspace(0, WIDTH - 1, SIDE)).astype(int)
    rows = np.rint(np.linspace(0, HEIGHT - 1, SIDE)).astype(int)
    head = torch.from_numpy(UNIT * head_template()[np.ix_(rows, columns)].reshape(1, -1, 3))
    network._flame_vertices.copy_(head)
    return network


def checkpoint(folder: Path, **settings: Any) -> Path:
    path = folder / "checkpoint-025000.pkl"
    network = generator(**settings)
    network.register_buffer("dataset_label_std", torch.ones(25))
    with path.open("wb") as stream:
        pickle.dump({"G": None, "G_ema": network, "training_set_kwargs": {"path": "x"}}, stream)
    forget()
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("gghead"))


def test_a_checkpoint_gives_the_heads_of_its_own_code(file: Path) -> None:
    prior = GGHeadPrior(CHECKOUT, file, CPU)
    assert (prior.code_size, len(prior.directions())) == (512, 0)
    codes = torch.randn(2, 512)
    heads = prior.heads(codes)
    forget()
    network = generator()
    planes = network.predict_planes(codes[:, None].repeat(1, 14, 1), noise_mode="const")
    named = {
        key.name: value
        for key, value in network.predict_gaussian_attributes(planes).gaussian_attributes.items()
    }
    torch.testing.assert_close(heads.means, named["POSITION"])
    torch.testing.assert_close(heads.quats, named["ROTATION"])
    torch.testing.assert_close(heads.scales, named["SCALE"].exp())
    torch.testing.assert_close(heads.opacities, named["OPACITY"][..., 0].sigmoid())
    # Degree 1 by hand, 3DGS's order: bands y, z, x, signs - + -.
    bands = named["COLOR"].view(2, SIDE * SIDE, 4, 3)
    ray = torch.nn.functional.normalize(heads.means - torch.tensor(CAMERA), dim=-1)[..., None, :]
    x, y, z = ray.unbind(-1)
    seen = 0.28209479 * bands[:, :, 0]
    seen = seen + 0.48860251 * (-y * bands[:, :, 1] + z * bands[:, :, 2] - x * bands[:, :, 3])
    torch.testing.assert_close(heads.colors, (seen + 0.5).clamp_min(0), atol=1e-4, rtol=1e-4)


def test_nothing_that_a_checkpoint_names_is_run(tmp_path: Path, file: Path) -> None:
    """Neither a function of the system nor the source that StyleGAN puts into its pickles."""
    mark = tmp_path / "run"

    class Evil:
        def __reduce__(self) -> tuple:
            return os.system, (f"touch {mark}",)

    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps({"G_ema": Evil()}))
    with pytest.raises(TgbenchError, match=r"evil\.pkl.*no GGHead generator"):
        read_snapshot(path)
    assert not mark.exists()
    assert "backbone.mapping.w_avg" in read_snapshot(file).tensors
    assert "gghead" not in sys.modules


def test_a_checkpoint_changes_no_function_that_it_names(tmp_path: Path) -> None:
    """Pickles may set attributes, `__defaults__` for one, of whatever they have found."""
    path = tmp_path / "evil.pkl"
    made = torch._utils._rebuild_tensor_v2
    before = made.__defaults__
    name, numbers = b"X\x0c\0\0\0__defaults__", b"K\1K\2K\3\x87"
    found = b"ctorch._utils\n_rebuild_tensor_v2\n"
    path.write_bytes(b"\x80\2" + found + b"N}" + name + numbers + b"s\x86b.")
    with pytest.raises(TgbenchError, match="no GGHead generator"):
        read_snapshot(path)
    assert made.__defaults__ == before


def stored(state: dict) -> bytes:
    """Return a pickle of a generator with a state of anything."""
    return pickle.dumps({"G_ema": Stored(state)})


class Stored:
    def __init__(self, state: dict) -> None:
        self.state = state

    def __reduce__(self) -> tuple:
        return Stored, (), self.state


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "damaged"),
        (pickle.dumps({"a": 1}), "no GGHead generator"),
        (b"PK\3\4", "damaged"),
        (stored({"arguments": 1}), "damaged"),
        (stored({"_config": Stored({}), "_parameters": [1]}), "damaged"),
    ],
    ids=["empty", "other", "archive", "arguments", "parameters"],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "file.pkl"
    path.write_bytes(content)
    with pytest.raises(TgbenchError, match=rf"file\.pkl.*{said}"):
        read_snapshot(path)


def test_what_is_missing_is_named(tmp_path: Path, file: Path) -> None:
    settings = {"prior": "gghead", "gghead_checkout": str(CHECKOUT), "prior_weights": str(file)}
    with pytest.raises(TgbenchError, match="CUDA"):
        load_prior(build(DGTalkerConfig, settings), 0, CPU)
    with pytest.raises(TgbenchError, match="CUDA"):
        load_prior(build(DGTalkerConfig, {"prior": "gghead"}), 0, CPU)
    with pytest.raises(TgbenchError, match="gghead_checkout=FOLDER"):
        load_prior(build(DGTalkerConfig, {"prior": "gghead"}), 0, torch.device("cuda"))
    with pytest.raises(TgbenchError, match="no checkout of GGHead"):
        GGHeadPrior(tmp_path, file, CPU)
    with pytest.raises(TgbenchError, match=r"none\.pkl: no such checkpoint"):
        GGHeadPrior(CHECKOUT, tmp_path / "none.pkl", CPU)
    model = tmp_path / "src/gghead/models/gghead_model.py"
    model.parent.mkdir(parents=True)
    model.write_text("import a_package_that_nobody_has\n")
    with pytest.raises(TgbenchError, match="a_package_that_nobody_has"):
        GGHeadPrior(tmp_path, file, CPU)


def test_a_checkpoint_of_other_shapes_is_refused(tmp_path: Path, file: Path) -> None:
    snapshot = read_snapshot(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(snapshot.settings.__dict__, "w_dim", 256)
        patch.setattr(
            "tgbench.methods.dgtalker.prior.gghead.prior.read_snapshot", lambda _: snapshot
        )
        with pytest.raises(TgbenchError, match=r"other shapes of backbone.*another network"):
            GGHeadPrior(CHECKOUT, file, CPU)


def test_landmarks_are_found_on_a_head_of_another_shape_in_another_frame() -> None:
    """A wider, shorter head with a larger nose, turned, 2.68 times as large, in random order."""
    skin = head_template().reshape(-1, 3) * (1.06, 0.95, 1.03)
    skin[:, 2] += 0.006 * np.exp(-((skin[:, :2] / 0.02) ** 2).sum(axis=1)) * (skin[:, 2] > 0)
    turn = Rotation.from_rotvec([0.05, 0.08, -0.03]).as_matrix()
    placed = UNIT * skin @ turn.T + np.array([0.003, 0.047, -0.002])
    mixed = np.random.default_rng(0).permutation(len(placed))
    found = placed[mixed][landmarks_among(placed[mixed])]
    millimetres = 1000 / UNIT * np.linalg.norm(found - placed[landmark_texels()], axis=1)
    assert millimetres[17:].max() < 8
    assert millimetres[48:].mean() < 3


@pytest.mark.slow
def test_a_person_is_fitted_saved_and_rendered_with_it(
    clip: SimpleNamespace, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the CPU, which the stand-in does not mind: all that follows the prior is the same."""
    settings = {
        "prior": "gghead",
        "gghead_checkout": str(CHECKOUT),
        "prior_weights": str(file),
        "person.alignment_iterations": 5,
        "person.inversion_iterations": 40,
        "person.tuning_iterations": 20,
        "navigation.regression_iterations": 10,
        "navigation.iterations": 4,
    }
    config = build(DGTalkerConfig, settings)

    def on_cpu(config: DGTalkerConfig, _: int, device: torch.device) -> GGHeadPrior:
        return GGHeadPrior(Path(config.gghead_checkout), Path(config.prior_weights), device)

    monkeypatch.setattr(fitting, "load_prior", on_cpu)
    monkeypatch.setattr(method, "load_prior", on_cpu)
    identity = clip.identity
    split = identity.split()
    fitted = method.DGTalker(config)
    (tmp_path / "work").mkdir()
    fitted.fit(identity, split, FitContext(tmp_path / "work", 0, "cpu", SILENT))
    person, navigation = fitted._fitted
    assert person.directions.shape == (18, 512)
    assert person.expressions.abs().max() > 0
    heads = person.heads(navigation.anchor[None])
    frames = fitting.HeadFrames(identity, split.train, 0, CPU)
    crop = frames[0]
    covered = heads.draw([crop.camera]).alpha[0] > 0.5
    assert (covered & crop.head).sum() > 0.7 * (covered | crop.head).sum()
    fitted.save(tmp_path)
    again = method.DGTalker(config)
    again.load(tmp_path, identity, split, "cpu")
    restored = again._fitted[0].heads(navigation.anchor[None])
    torch.testing.assert_close(restored.means, heads.means)
    torch.testing.assert_close(restored.colors, heads.colors)
