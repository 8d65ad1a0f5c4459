"""Each backend as a fixture; tiny-cuda-nn's is put on a twin where there is no GPU."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tgbench.methods.shared.backends import extension, has_extension
from tgbench.methods.shared.hashgrid import tcnn

from . import tinycudann_twin
from .grids import CPU, CUDA, ORACLE, TWIN, Place


def forget_extensions() -> None:
    extension.cache_clear()
    has_extension.cache_clear()
    tcnn._parts.cache_clear()


@pytest.fixture
def twin_on_cpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[tinycudann_twin.Encoding]]:
    """Put the tcnn backend on the twin of tiny-cuda-nn."""
    forget_extensions()
    monkeypatch.setitem(sys.modules, "tinycudann", tinycudann_twin)
    monkeypatch.setattr(tcnn, "DEVICE", "cpu")
    monkeypatch.setattr(tinycudann_twin.Encoding, "made", [])
    yield tinycudann_twin.Encoding
    forget_extensions()


def _place(request: pytest.FixtureRequest) -> Place:
    if request.param == "twin":
        request.getfixturevalue("twin_on_cpu")
        return Place("tcnn")
    return request.param


@pytest.fixture(params=[pytest.param(CPU, id="numba"), TWIN, *CUDA])
def fast(request: pytest.FixtureRequest) -> Place:
    """Each backend that is compared with the oracle."""
    return _place(request)


@pytest.fixture(
    params=[pytest.param(ORACLE, id="torch"), pytest.param(CPU, id="numba"), TWIN, *CUDA]
)
def place(request: pytest.FixtureRequest) -> Place:
    """Each backend."""
    return _place(request)
