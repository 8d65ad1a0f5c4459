from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tgbench.errors import Unavailable
from tgbench.metrics.sync.lips import ExactLips, FastLips
from tgbench.metrics.sync.network import SyncNet, load_network
from tgbench.weights import loading

from .conftest import draw_crop
from .reference import original

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def clip() -> Tensor:
    """BGR [3, 11, 224, 224], laid out as scoring does."""
    return torch.from_numpy(draw_crop(11)[..., ::-1].copy()).permute(3, 0, 1, 2).float()


def _windows(clip: Tensor) -> Tensor:
    return torch.stack([clip[:, k : k + 5] for k in range(clip.shape[1] - 4)])


def _steps(layers: Any, x: Tensor) -> list[Tensor]:
    seen = []
    for layer in layers:
        x = layer(x)
        # Layers that work in place would change what was kept.
        seen.append(x.clone())
    return seen


def test_every_layer_equals_the_original(network: SyncNet, weights: Path, clip: Tensor) -> None:
    towers = original("SyncNetModel").S()
    original("SyncNetInstance").SyncNetInstance(towers, device="cpu").loadParameters(weights)
    towers.eval()
    sound = torch.randn(3, 1, 13, 20, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for mine, theirs, x in (
            (network.towers.netcnnlip, towers.netcnnlip, _windows(clip)[:2].contiguous()),
            (network.towers.netcnnaud, towers.netcnnaud, sound),
            (network.towers.netfclip, towers.netfclip, torch.randn(2, 512)),
            (network.towers.netfcaud, towers.netfcaud, torch.randn(2, 512)),
        ):
            steps = zip(_steps(mine, x.clone()), _steps(theirs, x.clone()), strict=True)
            for got, expected in steps:
                assert torch.equal(got, expected)


def test_nothing_of_it_is_trained(network: SyncNet) -> None:
    assert not network.towers.training
    assert not any(parameter.requires_grad for parameter in network.towers.parameters())


def test_exact_lips_equal_the_original(network: SyncNet, clip: Tensor) -> None:
    expected = network.towers.forward_lip(_windows(clip).contiguous())
    assert torch.equal(ExactLips(network)(clip), expected)


@pytest.mark.parametrize("frames", [5, 6, 11])
def test_fast_lips_equal_the_original_to_rounding(
    network: SyncNet, clip: Tensor, frames: int
) -> None:
    assert any((layer < 0).any() for layer in _factors(network)), "signs must be turned somewhere"
    expected = ExactLips(network)(clip[:, :frames])
    assert frames == 5 or expected.std(0).mean() > 0.01
    torch.testing.assert_close(FastLips(network)(clip[:, :frames]), expected, rtol=0, atol=2e-5)


def _factors(network: SyncNet) -> list[Tensor]:
    layers = network.towers.netcnnlip
    return [layer.weight for layer in layers if isinstance(layer, torch.nn.BatchNorm3d)]


def test_the_package_is_named_when_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match=r"\[sync\]"):
        load_network(Path("any"))


def test_weights_come_from_the_store(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(loading, "weight_file", lambda name: asked.append(name) or weights)
    load_network()
    assert set(asked) == {"syncnet"}


@pytest.fixture
def state(weights: Path) -> State:
    return torch.load(weights, weights_only=True)


def _saved(state: object, folder: Path, **options: bool) -> Path:
    path = folder / "spoilt.model"
    torch.save(state, path, **options)
    return path


def test_old_files_are_read(state: State, tmp_path: Path) -> None:
    """The published file has torch's first format, and no counters."""
    old = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    path = _saved(old, tmp_path, _use_new_zipfile_serialization=False)
    loaded = load_network(path).towers.state_dict()
    assert all(torch.equal(loaded[key], old[key]) for key in old)


def test_missing_keys_are_named(state: State, tmp_path: Path) -> None:
    del state["netfclip.3.bias"]
    with pytest.raises(Unavailable, match=r"spoilt\.model.*lacks netfclip\.3\.bias"):
        load_network(_saved(state, tmp_path))


def test_unknown_keys_are_named(state: State, tmp_path: Path) -> None:
    state["netfclip.9.bias"] = torch.zeros(1)
    with pytest.raises(Unavailable, match=r"spoilt\.model.*unknown netfclip\.9\.bias"):
        load_network(_saved(state, tmp_path))


def test_prefixed_keys_are_named(state: State, tmp_path: Path) -> None:
    state = {f"__S__.{key}": value for key, value in state.items()}
    with pytest.raises(Unavailable, match=r"lacks netcnnaud.*and \d+ more.*unknown __S__\."):
        load_network(_saved(state, tmp_path))


def test_wrong_shapes_are_named(state: State, tmp_path: Path) -> None:
    state["netfcaud.3.weight"] = torch.zeros(256, 512)
    with pytest.raises(Unavailable, match=r"other shapes of netfcaud\.3\.weight"):
        load_network(_saved(state, tmp_path))


def test_values_that_are_no_tensors_are_named(state: State, tmp_path: Path) -> None:
    spoilt: dict[str, object] = {**state, "netfcaud.3.bias": 3}
    with pytest.raises(Unavailable, match="does not hold named tensors"):
        load_network(_saved(spoilt, tmp_path))


def test_values_that_are_not_finite_are_named(state: State, tmp_path: Path) -> None:
    state["netfcaud.3.bias"][7] = np.nan
    with pytest.raises(Unavailable, match=r"netfcaud\.3\.bias.*not finite"):
        load_network(_saved(state, tmp_path))


def test_a_list_is_no_network(tmp_path: Path) -> None:
    original("SyncNetModel")
    with pytest.raises(Unavailable, match="does not hold named tensors"):
        load_network(_saved([1, 2], tmp_path))


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old format"])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.95])
def test_truncated_files_are_refused(
    state: State, tmp_path: Path, zipped: bool, kept: float
) -> None:
    path = _saved(state, tmp_path, _use_new_zipfile_serialization=zipped)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(Unavailable, match=r"spoilt\.model .*damaged"):
        load_network(path)


class Malicious:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old format"])
def test_code_in_a_file_is_not_run(state: State, tmp_path: Path, zipped: bool) -> None:
    target = tmp_path / "owned"
    spoilt: dict[str, object] = {**state, "netfcaud.3.bias": Malicious(target)}
    path = _saved(spoilt, tmp_path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(Unavailable, match=r"spoilt\.model .*code.*not loaded"):
        load_network(path)
    assert not target.exists()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    original("SyncNetModel")
    with pytest.raises(Unavailable, match="FileNotFound"):
        load_network(tmp_path / "nothing.model")
