"""What the rasterizer refuses, and which backend it takes."""

from __future__ import annotations

import math
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from tgbench.errors import Unavailable
from tgbench.methods.shared.backends import choose
from tgbench.methods.shared.rasterizer import (
    Camera,
    Gaussians,
    interface,
    rasterize,
    rasterize_batch,
)

from .scenes import COMPILED, ORACLE, Drawer, axis_camera, one_gaussian, random_scene


@pytest.mark.parametrize("drawer", [ORACLE, COMPILED], ids=["torch", "numba"])
@pytest.mark.parametrize(
    ("position", "name", "value"),
    [
        (k, name, value)
        for k, name in enumerate(["means", "quats", "scales", "opacities", "colors"])
        for value in (math.nan, -math.inf)
    ],
)
def test_non_finite_input_is_named(drawer, position, name, value):
    tensors = random_scene(0, count=40).tensors()
    tensors[position].view(-1)[17] = value
    with pytest.raises(ValueError, match=name):
        drawer.draw(tensors, axis_camera())


def test_wrong_inputs_are_named():
    tensors, camera = one_gaussian().tensors(), axis_camera()
    with pytest.raises(ValueError, match="quats must have shape"):
        rasterize(tensors[0], tensors[2], *tensors[2:], camera)
    with pytest.raises(ValueError, match="channels"):
        rasterize(*tensors[:4], torch.zeros(1, 9), camera)
    with pytest.raises(ValueError, match="no rasterizer backend 'cuda'"):
        rasterize(*tensors, camera, backend="cuda")
    with pytest.raises(ValueError, match=r"float32.*means"):
        rasterize(tensors[0].double(), *tensors[1:], camera)
    with pytest.raises(ValueError, match="same size"):
        rasterize_batch(*tensors, [axis_camera(31), axis_camera(32)])
    with pytest.raises(ValueError, match="same size"):
        rasterize_batch(*tensors, [])
    with pytest.raises(ValueError, match="4x4"):
        Camera(np.eye(3), 1.0, 1.0, 0.0, 0.0, 4, 4)
    with pytest.raises(ValueError, match="empty"):
        Camera(np.eye(4), 1.0, 1.0, 0.0, 0.0, 0, 4)


@pytest.mark.parametrize(("device", "backend"), [("cpu", "numba"), ("cuda:1", "gsplat")])
def test_the_device_tells_the_backend(monkeypatch, device, backend):
    drawn = []
    module = SimpleNamespace(render=lambda *inputs: drawn.append(inputs))
    monkeypatch.setattr(interface, "import_module", lambda name, _: (drawn.append(name), module)[1])
    gaussians = Gaussians(SimpleNamespace(device=torch.device(device)), *[None] * 4)
    interface._backend(None, gaussians)
    assert drawn == [interface._BACKENDS[backend]]
    assert interface._backend("torch", gaussians) is module.render
    assert drawn[1:] == [interface._BACKENDS["torch"]]


def test_a_device_without_a_backend_is_named():
    known = {"cpu": "numba", "cuda": "gsplat"}
    with pytest.raises(ValueError, match=r"meta.*cpu, cuda"):
        choose(None, torch.device("meta"), known)
    assert choose("torch", torch.device("meta"), known) == "torch"


def test_gsplat_takes_no_tensors_of_the_cpu():
    with pytest.raises(ValueError, match=r"float32 on cuda, means is torch\.float32 on cpu"):
        Drawer("gsplat").draw(one_gaussian().tensors(), axis_camera())


def test_gsplat_takes_float32(gsplat_on_cpu):
    tensors = one_gaussian().tensors()
    tensors[3] = tensors[3].double()
    with pytest.raises(ValueError, match=r"opacities is torch\.float64"):
        Drawer("gsplat").draw(tensors, axis_camera())


def fail(error: Exception):
    def get(name: str) -> object:
        raise error

    return get


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gsplat", "gsplat cannot draw on the GPU: import of gsplat halted"),
        ("gsplat.cuda._backend", "no CUDA toolkit"),
    ],
)
def test_gsplat_that_is_not_there(gsplat_on_cpu, monkeypatch, name, reason):
    module = ModuleType(name)
    module._C = None
    monkeypatch.setitem(sys.modules, name, None if name == "gsplat" else module)
    with pytest.raises(Unavailable, match=rf"{reason}.*pip install .*\[cuda\]"):
        Drawer("gsplat").draw(one_gaussian().tensors(), axis_camera())


@pytest.mark.parametrize("error", [RuntimeError, ImportError, OSError])
def test_gsplat_that_cannot_be_built(gsplat_on_cpu, monkeypatch, error):
    module = ModuleType("gsplat.cuda._backend")
    module.__getattr__ = fail(error("Error building extension\nnvcc said a lot"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(Unavailable, match=r"Error building extension; pip install"):
        Drawer("gsplat").draw(one_gaussian().tensors(), axis_camera())
