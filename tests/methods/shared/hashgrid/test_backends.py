from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from tgbench.errors import Unavailable
from tgbench.methods.shared.hashgrid import (
    compiled,
    module,
    reference,
    tcnn,
)

from . import tinycudann_twin
from .grids import CPU, Place, grid, random_positions


def test_a_checkpoint_of_one_backend_is_one_of_another(place):
    positions = random_positions(100)
    saved = grid(8, 64, CPU, seed=7)
    assert list(saved.state_dict()) == ["table"]
    loaded = grid(8, 64, place, seed=8)
    # Encodings that were made before must not keep what they had.
    loaded(positions.to(place.device))
    loaded.load_state_dict(saved.state_dict())
    assert list(loaded.state_dict()) == ["table"]
    encoded = loaded(positions.to(place.device)).cpu()
    torch.testing.assert_close(encoded, saved(positions), atol=1e-4 * place.slack, rtol=0)


def test_an_optimizer_trains_the_same_table(place):
    positions = random_positions(100)
    tables = []
    for where in (CPU, place):
        encoder = grid(8, 64, where)
        optimizer = torch.optim.SGD(encoder.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            encoder(positions.to(where.device)).square().sum().backward()
            optimizer.step()
        tables.append(encoder.table.detach().cpu())
    assert not torch.equal(tables[0], grid(8, 64).table)
    torch.testing.assert_close(*tables, atol=1e-4 * place.slack, rtol=0)


def test_an_encoding_is_made_once_for_a_layout(twin_on_cpu):
    """Planes share it, for its own parameters are never used and never learn."""
    encoder, positions = grid(8, 64, Place("tcnn")), random_positions(300)
    for _ in range(3):
        encoder(positions).sum().backward()
    (encoding,) = twin_on_cpu.made
    assert encoding.params.grad is None
    assert encoding.params.numel() == encoder.table[0].numel()
    other = grid(8, 128, Place("tcnn"))
    other(positions)
    encoder(positions)
    assert len(twin_on_cpu.made) == 2


def test_the_device_chooses(twin_on_cpu):
    assert module._encoder(None, torch.device("cuda")) is tcnn.encode
    assert module._encoder(None, torch.device("cpu")) is compiled.encode
    assert module._encoder("torch", torch.device("cuda")) is reference.encode


def test_without_tiny_cuda_nn(monkeypatch: pytest.MonkeyPatch, twin_on_cpu):
    monkeypatch.setitem(sys.modules, "tinycudann", None)
    assert module._encoder(None, torch.device("cuda")) is reference.encode
    with pytest.raises(Unavailable, match=r"tinycudann is not installed; .*pip install .*git\+"):
        grid(8, 64, Place("tcnn"))(random_positions(2))


def test_a_tiny_cuda_nn_for_another_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, twin_on_cpu
):
    monkeypatch.delitem(sys.modules, "tinycudann")
    (tmp_path / "tinycudann.py").write_text("raise OSError('Unknown compute capability')")
    monkeypatch.syspath_prepend(tmp_path)
    assert module._encoder(None, torch.device("cuda")) is reference.encode
    with pytest.raises(Unavailable, match="cannot be loaded: Unknown compute capability"):
        grid(8, 64, Place("tcnn"))(random_positions(2))


def test_a_tiny_cuda_nn_with_another_layout(monkeypatch: pytest.MonkeyPatch, twin_on_cpu):
    class Longer(tinycudann_twin.Encoding):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.params = torch.nn.Parameter(torch.zeros(len(self.params) + 8))

    changed = ModuleType("tinycudann")
    changed.Encoding = Longer
    monkeypatch.setitem(sys.modules, "tinycudann", changed)
    with pytest.raises(Unavailable, match="parameters for a grid"):
        grid(8, 64, Place("tcnn"))(random_positions(2))
