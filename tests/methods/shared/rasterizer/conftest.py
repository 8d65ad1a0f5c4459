"""Backends to test: gsplat on CUDA where there is a device, and anywhere on its kernels' twins."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import pytest
import torch

from tgbench.methods.shared.rasterizer import gsplat_backend

from .scenes import COMPILED, ORACLE, Drawer

NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
GSPLAT = pytest.param(Drawer("gsplat", "cuda", slack=10.0), marks=NEEDS_CUDA, id="gsplat")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Give torch one thread: the tensors are small, and its threads wait by spinning."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def gsplat_on_cpu(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Put gsplat's Python on kernels of the CPU, and return these."""
    pytest.importorskip("gsplat")
    from .gsplat_kernels import KERNELS

    module = ModuleType("gsplat.cuda._backend")
    module._C = KERNELS
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(gsplat_backend, "DEVICE", "cpu")
    return KERNELS


def _twin(request: pytest.FixtureRequest) -> Drawer:
    if request.param == "gsplat-twin":
        request.getfixturevalue("gsplat_on_cpu")
        return Drawer("gsplat")
    return request.param


@pytest.fixture(params=[pytest.param(COMPILED, id="numba"), GSPLAT, "gsplat-twin"])
def fast(request: pytest.FixtureRequest) -> Drawer:
    """Each backend that is compared with the oracle."""
    return _twin(request)


@pytest.fixture(
    params=[
        pytest.param(ORACLE, id="torch"), pytest.param(COMPILED, id="numba"), GSPLAT, "gsplat-twin"
    ]
)  # fmt: skip
def drawer(request: pytest.FixtureRequest) -> Drawer:
    """Each backend."""
    return _twin(request)
