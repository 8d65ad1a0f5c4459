from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tgbench.errors import Unavailable
from tgbench.interfaces import MetricContext
from tgbench.metrics import lpips as module
from tgbench.metrics.evaluate import LazyFrame

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]

LAYERS = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}


def has_package() -> bool:
    try:
        import lpips  # noqa: F401
    except (ImportError, RuntimeError):
        return False
    return True


needs_package = pytest.mark.skipif(not has_package(), reason="the lpips package is not installed")


@pytest.fixture
def trunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A random AlexNet under torchvision's names, where torch hub looks for it."""
    torch.manual_seed(0)
    state = {}
    for layer, (out, into, side) in LAYERS.items():
        state[f"features.{layer}.weight"] = torch.randn(out, into, side, side) * 0.05
        state[f"features.{layer}.bias"] = torch.randn(out) * 0.05
    torch.hub.set_dir(str(tmp_path))
    path = module.trunk_path()
    path.parent.mkdir(parents=True)
    torch.save(state, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(module, "_digest_prefix", lambda: digest[:8])
    return path


def test_without_the_package_the_reason_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(Unavailable, match=r"tgbench\[lpips\]"):
        module.load_network()


@needs_package
def test_missing_and_damaged_weights_say_where_they_belong(tmp_path: Path) -> None:
    missing = tmp_path / module.TRUNK
    with pytest.raises(Unavailable, match=r"download\.pytorch\.org"):
        module.load_network(missing)
    missing.write_bytes(b"cut short")
    with pytest.raises(Unavailable, match="damaged"):
        module.load_network(missing)


@needs_package
def test_distance_is_that_of_the_package_with_the_same_trunk(trunk: Path, pair: Pair) -> None:
    import lpips

    reference = lpips.LPIPS(net="alex", version="0.1", pnet_rand=True, verbose=False).eval()
    state = torch.load(trunk, weights_only=True)
    convolutions = [
        layer for layer in reference.net.modules() if isinstance(layer, torch.nn.Conv2d)
    ]
    with torch.no_grad():
        for layer, number in zip(convolutions, LAYERS, strict=True):
            layer.weight.copy_(state[f"features.{number}.weight"])
            layer.bias.copy_(state[f"features.{number}.bias"])
    tensors = [torch.tensor(image / 255.0).permute(2, 0, 1)[None].float() for image in pair]
    expected = float(reference(*tensors, normalize=True).detach())
    metric = module.Lpips(MetricContext(audio=None, fps=25.0))
    assert metric.update(LazyFrame(0, *pair, None)) == pytest.approx(expected, rel=1e-4)
    assert metric.update(LazyFrame(1, pair[0], pair[0], None)) == pytest.approx(0.0, abs=1e-7)
    assert metric.compute().value == pytest.approx(expected / 2, rel=1e-4)
