from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tgbench.errors import TgbenchError, Unavailable
from tgbench.interfaces import MetricContext
from tgbench.metrics.frames import LazyFrame
from tgbench.metrics.image import lpips as module
from tgbench.weights.table import TABLE

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]
Trunk = Callable[[str], Path]

ALEXNET = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
VGG16 = {
    layer: (out, into, 3)
    for layer, out, into in zip(
        (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
        (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512),
        (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512),
        strict=True,
    )
}
LAYERS = {"alex": ALEXNET, "vgg": VGG16}
CLASSES = {"alex": module.Lpips, "vgg": module.LpipsVgg}
CONTEXT = MetricContext(audio=None, fps=25.0)


DECLARED: list[torch.library.Library] = []


def has_package() -> bool:
    if importlib.util.find_spec("lpips") is None or importlib.util.find_spec("torchvision") is None:
        return False
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        # A torchvision of another build lacks operators, which LPIPS does not use: declared, so
        # that the rest of torchvision, and with it the package, can be imported.
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        operators = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            operators.define(f"{name}(Tensor dets, Tensor scores, float threshold) -> Tensor")
        DECLARED.append(operators)
    return True


needs_package = pytest.mark.skipif(not has_package(), reason="the lpips package is not installed")

SLICES = {"alex": (0, 2, 5, 8, 10, 12), "vgg": (0, 4, 9, 16, 23, 30)}


class StandIn(torch.nn.Module):
    """The package's interface where it is not installed: its slices, and some distance."""

    def __init__(self, net: str, version: str, pnet_rand: bool, verbose: bool) -> None:
        assert (version, pnet_rand, verbose) == ("0.1", True, False)
        super().__init__()
        self.net = torch.nn.Sequential()
        bounds = zip(SLICES[net], SLICES[net][1:], strict=False)
        for number, (first, end) in enumerate(bounds, start=1):
            part = torch.nn.Sequential()
            for layer in sorted(set(LAYERS[net]) & set(range(first, end))):
                out, into, side = LAYERS[net][layer]
                part.add_module(str(layer), torch.nn.Conv2d(into, out, side, padding=side // 2))
            self.net.add_module(f"slice{number}", part)

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        convolution = self.net.slice1[0]
        return (convolution(first) - convolution(second)).square().mean()


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real package, or a stand-in."""
    if not has_package():
        monkeypatch.setitem(sys.modules, "lpips", SimpleNamespace(LPIPS=StandIn))
        monkeypatch.setattr(module.metadata, "version", lambda name: "0.1.4")


def random_trunk(net: str, seed: int = 0) -> dict[str, torch.Tensor]:
    """A trunk under torchvision's names, of a scale that keeps the signal alive."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for layer, (out, into, side) in LAYERS[net].items():
        scale = (2.0 / (into * side * side)) ** 0.5
        weight = torch.randn(out, into, side, side, generator=generator) * scale
        state[f"features.{layer}.weight"] = weight
        state[f"features.{layer}.bias"] = torch.randn(out, generator=generator) * 0.05
    state["classifier.1.weight"] = torch.zeros(3, 2)
    return state


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, object], Path]:
    """Put a file into the store and make the table expect it."""
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path / "store"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))

    def put_one(net: str, content: object) -> Path:
        entry = TABLE["lpips_alexnet" if net == "alex" else "lpips_vgg"]
        path = tmp_path / "store" / entry.file
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            torch.save(content, path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        known = dataclasses.replace(entry, sha256=digest, size=path.stat().st_size)
        monkeypatch.setitem(TABLE, entry.name, known)
        return path

    return put_one


def reference(net: str, pair: Pair, **options: bool) -> float:
    """The package's own arithmetic; its trunk is filled convolution by convolution."""
    import lpips

    network = lpips.LPIPS(net=net, version="0.1", pnet_rand=True, verbose=False).eval()
    state = random_trunk(net)
    convolutions = [part for part in network.net.modules() if isinstance(part, torch.nn.Conv2d)]
    with torch.no_grad():
        for convolution, layer in zip(convolutions, LAYERS[net], strict=True):
            convolution.weight.copy_(state[f"features.{layer}.weight"])
            convolution.bias.copy_(state[f"features.{layer}.bias"])
        tensors = [torch.tensor(image / 255.0).permute(2, 0, 1)[None].float() for image in pair]
        return float(network(*tensors, **({"normalize": True} | options)))


def test_without_the_package_the_reason_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(Unavailable, match=r"\[lpips\]"):
        module.Lpips(CONTEXT)


def test_a_torchvision_of_another_build_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "lpips":
                raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.delitem(sys.modules, "lpips", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(Unavailable, match=r"another torch .*nms.*your torch 2"):
        module.Lpips(CONTEXT)


@pytest.mark.usefixtures("package")
def test_missing_weights_say_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(Unavailable, match="weights fetch lpips_alexnet"):
        module.Lpips(CONTEXT)
    (tmp_path / TABLE["lpips_vgg"].file).write_bytes(b"cut short")
    with pytest.raises(
        Unavailable, match="damaged or a different file: lpips_vgg has 553,433,881 bytes"
    ):
        module.LpipsVgg(CONTEXT)


@needs_package
@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_distance_is_that_of_the_package_with_the_same_trunk(
    net: str, put: Callable[[str, object], Path], pair: Pair
) -> None:
    path = put(net, random_trunk(net))
    expected = reference(net, pair)
    metric = CLASSES[net](CONTEXT)
    assert metric.update(LazyFrame(0, *pair, None)) == pytest.approx(expected, rel=1e-5)
    assert metric.update(LazyFrame(1, pair[0], pair[0], None)) == pytest.approx(0.0, abs=1e-7)
    found = metric.compute()
    assert found.value == pytest.approx(expected / 2, rel=1e-5)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"{path.name}, sha256 {digest[:12]}" in found.measured_by
    assert f"v{module.VERSION}" in found.measured_by
    assert expected > 0
    assert abs(reference(net, pair, normalize=False) - expected) > 0.05 * expected


@pytest.mark.usefixtures("package")
def test_channels_are_read_as_rgb(put: Callable[[str, object], Path], pair: Pair) -> None:
    put("alex", random_trunk("alex"))
    metric = module.Lpips(CONTEXT)
    first = metric.update(LazyFrame(0, *pair, None))
    swapped = [np.ascontiguousarray(image[..., ::-1]) for image in pair]
    assert metric.update(LazyFrame(1, *swapped, None)) != pytest.approx(first, rel=1e-3)


@pytest.mark.usefixtures("package")
def test_merged_parts_are_one_pass(put: Callable[[str, object], Path], pair: Pair) -> None:
    put("alex", random_trunk("alex"))
    frames = [LazyFrame(0, *pair, None), LazyFrame(1, pair[0], pair[0], None)]
    whole, first, second = (module.Lpips(CONTEXT) for _ in range(3))
    for frame in frames:
        whole.update(frame)
    first.update(frames[0])
    second.update(frames[1])
    first.merge(second)
    assert first.compute() == whole.compute()


@pytest.mark.usefixtures("package")
def test_loading_leaves_torchs_random_state(put: Callable[[str, object], Path]) -> None:
    put("alex", random_trunk("alex"))
    before = torch.random.get_rng_state()
    module.load_network()
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (random_trunk("vgg"), r"unknown features\.12\.bias"),
        ({key: value for key, value in random_trunk("alex").items() if "8.b" not in key}, "lacks"),
        ({"a": 1}, "named tensors"),
        (b"not a file of torch", "damaged"),
    ],
    ids=["another network", "incomplete", "no tensors", "damaged"],
)
def test_a_wrong_file_is_told(
    put: Callable[[str, object], Path], content: object, told: str
) -> None:
    path = put("alex", content)
    with pytest.raises(Unavailable, match=told) as caught:
        module.Lpips(CONTEXT)
    assert str(path) in str(caught.value)


@pytest.mark.usefixtures("package")
def test_an_image_too_small_is_told(put: Callable[[str, object], Path]) -> None:
    put("alex", random_trunk("alex"))
    small = np.zeros((31, 40, 3), np.uint8)
    with pytest.raises(TgbenchError, match="40x31 are too small"):
        module.Lpips(CONTEXT).update(LazyFrame(0, small, small, None))
