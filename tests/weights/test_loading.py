from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tgbench.errors import Unavailable
from tgbench.weights.loading import fill, load_tensors, load_weights
from tgbench.weights.table import Weights

Enter = Callable[..., Weights]


@pytest.fixture
def put(store: Path, enter: Enter) -> Callable[[object], Path]:
    """Put a file of unknown hash into the store."""
    enter(sha256="", size=None)
    store.mkdir()

    def put_one(content: object) -> Path:
        path = store / "net.pth"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            torch.save(content, path)
        return path

    return put_one


def network() -> torch.nn.Sequential:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))


class Malicious:
    """Runs a command when unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("nested", [False, True])
def test_tensors_come_back_and_fill_a_network(put: Callable[[object], Path], nested: bool) -> None:
    state = network().state_dict()
    del state["1.num_batches_tracked"]
    put({"state_dict": state, "epoch": 3} if nested else state)
    torch.manual_seed(1)
    other = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    fill(other, load_tensors("net"), "net")
    for name, tensor in state.items():
        assert torch.equal(other.state_dict()[name], tensor)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_does_not_run(
    put: Callable[[object], Path], tmp_path: Path, zipped: bool
) -> None:
    mark = tmp_path / "ran"
    path = put(b"")
    torch.save({"0.weight": Malicious(mark)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(Unavailable, match=rf"{path} contains code.*not loaded") as refusal:
        load_tensors("net")
    assert "weights_only" not in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1
    assert not mark.exists()
    torch.load(path, weights_only=False)
    assert mark.exists()


def test_what_torch_warns_of_is_kept_from_the_user(
    put: Callable[[object], Path], recwarn: pytest.WarningsRecorder
) -> None:
    path = put(b"")
    torch.save(network().state_dict(), path, pickle_protocol=3)
    load_tensors("net")
    assert not recwarn.list


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_file_is_told(put: Callable[[object], Path], keep: float, zipped: bool) -> None:
    path = put(b"")
    torch.save(network().state_dict(), path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(Unavailable, match=rf"{path} (is damaged|is empty).*delete it"):
        load_tensors("net")


@pytest.mark.parametrize("content", [network(), [1, 2], {}, {"a": 1}, {"a": {"b": 2}}, None])
def test_a_file_without_tensors_is_told(put: Callable[[object], Path], content: object) -> None:
    path = put(content)
    with pytest.raises(
        Unavailable, match=rf"{path} (does not hold named tensors|contains code|is damaged)"
    ):
        load_tensors("net")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"0.bias": None}, r"lacks 0\.bias"),
        ({"__S__.0.bias": torch.zeros(4)}, r"unknown __S__\.0\.bias"),
        ({"0.weight": torch.zeros(4, 5)}, r"other shapes of 0\.weight"),
        ({f"{n}.x": torch.zeros(1) for n in range(9)}, r"0\.x, 1\.x, 2\.x and 6 more"),
    ],
)
def test_every_tensor_must_fit(
    put: Callable[[object], Path], change: dict[str, torch.Tensor | None], told: str
) -> None:
    state = {**network().state_dict(), **change}
    put({name: tensor for name, tensor in state.items() if tensor is not None})
    with pytest.raises(Unavailable, match=told):
        load_weights(network(), "net")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_told(put: Callable[[object], Path], number: float) -> None:
    state = network().state_dict()
    state["0.bias"][2] = number
    path = put(state)
    with pytest.raises(Unavailable, match=rf"{path} is damaged: 0\.bias .*not finite"):
        load_weights(network(), "net")


def test_another_file_than_the_stores(put: Callable[[object], Path], tmp_path: Path) -> None:
    put(b"")
    torch.save(network().state_dict(), tmp_path / "own.pth")
    torch.manual_seed(1)
    other = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    load_weights(other, "net", tmp_path / "own.pth")
    assert torch.equal(other[0].weight, network()[0].weight)
    torch.save({"0.weight": torch.zeros(4, 3)}, tmp_path / "own.pth")
    with pytest.raises(Unavailable, match=r"own\.pth lacks 0\.bias"):
        load_weights(other, "net", tmp_path / "own.pth")
