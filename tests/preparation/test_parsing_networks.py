"""BiSeNet and EasyPortrait's FPN on files of the right format with random weights.

The reference is written from the papers as plain functions over the file's tensors.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tgbench.errors import Unavailable
from tgbench.faces.bisenet import BiSeNet
from tgbench.faces.easyportrait import EasyPortraitFpn
from tgbench.identities.layout import HAIR, HEAD, INNER_MOUTH, NECK, TORSO, WHITE
from tgbench.preparation.backends.bisenet import BiSeNetParsing
from tgbench.weights.table import TABLE

State = dict[str, Tensor]


def random_state(network: nn.Module, seed: int) -> State:
    """Return weights that keep the signal alive, and statistics that are not the defaults."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, tensor in network.state_dict().items():
        noise = torch.randn(tensor.shape, generator=generator)
        if tensor.dim() == 4:
            state[name] = noise * (2.0 / tensor[0].numel()) ** 0.5
        elif name.endswith("running_var") or name.endswith("weight"):
            state[name] = 1.0 + 0.1 * noise.abs()
        elif name.endswith("num_batches_tracked"):
            state[name] = tensor
        else:
            state[name] = 0.1 * noise
    return state


class Written:
    """Layers by name, straight from the tensors."""

    def __init__(self, state: State) -> None:
        self.state = state

    def conv(self, name: str, x: Tensor, stride: int = 1) -> Tensor:
        weight = self.state[f"{name}.weight"]
        padding = weight.shape[-1] // 2
        columns = F.unfold(x, weight.shape[-1], padding=padding, stride=stride)
        side = (x.shape[-1] + 2 * padding - weight.shape[-1]) // stride + 1
        y = (weight.flatten(1) @ columns).reshape(len(x), len(weight), -1, side)
        bias = self.state.get(f"{name}.bias")
        return y if bias is None else y + bias[:, None, None]

    def norm(self, name: str, x: Tensor) -> Tensor:
        scale, shift, mean, var = (
            self.state[f"{name}.{part}"][:, None, None]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / torch.sqrt(var + 1e-5) * scale + shift

    def block(self, name: str, x: Tensor) -> Tensor:
        return self.norm(f"{name}.bn", self.conv(f"{name}.conv", x)).clamp(min=0)

    def residual(self, name: str, x: Tensor, stride: int, strided: int, count: int) -> Tensor:
        y = x
        for k in range(1, count + 1):
            y = self.conv(f"{name}.conv{k}", y, stride if k == strided else 1)
            y = self.norm(f"{name}.bn{k}", y)
            y = y.clamp(min=0) if k < count else y
        if f"{name}.downsample.0.weight" in self.state:
            x = self.norm(f"{name}.downsample.1", self.conv(f"{name}.downsample.0", x, stride))
        return (x + y).clamp(min=0)


def nearest(x: Tensor) -> Tensor:
    return x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)


def bisenet(state: State, image: Tensor) -> Tensor:
    net = Written(state)
    x = net.norm("cp.resnet.bn1", net.conv("cp.resnet.conv1", image, 2)).clamp(min=0)
    x = F.max_pool2d(x, 3, 2, 1)
    levels = []
    for layer in range(1, 5):
        for block in range(2):
            stride = 2 if layer > 1 and block == 0 else 1
            x = net.residual(f"cp.resnet.layer{layer}.{block}", x, stride, 1, 2)
        levels.append(x)
    _, eighth, sixteenth, last = levels

    def attended(name: str, x: Tensor) -> Tensor:
        features = net.block(f"{name}.conv", x)
        whole = features.mean((2, 3), keepdim=True)
        gate = net.norm(f"{name}.bn_atten", net.conv(f"{name}.conv_atten", whole))
        return features / (1 + torch.exp(-gate))

    whole = net.block("cp.conv_avg", last.mean((2, 3), keepdim=True))
    coarse = net.block("cp.conv_head32", nearest(attended("cp.arm32", last) + whole))
    context = net.block("cp.conv_head16", nearest(attended("cp.arm16", sixteenth) + coarse))
    fused = net.block("ffm.convblk", torch.cat([eighth, context], 1))
    gate = net.conv("ffm.conv1", fused.mean((2, 3), keepdim=True)).clamp(min=0)
    fused = fused * (1 + 1 / (1 + torch.exp(-net.conv("ffm.conv2", gate))))
    scores = net.conv("conv_out.conv_out", net.block("conv_out.conv", fused))
    return F.interpolate(scores, image.shape[2:], mode="bilinear", align_corners=True)


def easyportrait(state: State, image: Tensor) -> Tensor:
    net = Written(state)
    x = image
    for at, stride in ((0, 2), (3, 1), (6, 1)):
        x = net.conv(f"backbone.stem.{at}", x, stride)
        x = net.norm(f"backbone.stem.{at + 1}", x).clamp(min=0)
    x = F.max_pool2d(x, 3, 2, 1)
    levels = []
    for layer, depth in enumerate((3, 4, 6, 3), start=1):
        for block in range(depth):
            stride = 2 if layer > 1 and block == 0 else 1
            x = net.residual(f"backbone.layer{layer}.{block}", x, stride, 2, 3)
        levels.append(net.conv(f"neck.lateral_convs.{layer - 1}.conv", x))
    for fine in (2, 1, 0):
        levels[fine] = levels[fine] + nearest(levels[fine + 1])
    total = torch.zeros(1)
    for level, x in enumerate(levels):
        y = net.conv(f"neck.fpn_convs.{level}.conv", x)
        for step in range(max(1, level)):
            y = net.block(f"decode_head.scale_heads.{level}.{2 * step}", y)
            if level:
                y = F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
        total = total + y
    scores = net.conv("decode_head.conv_seg", total)
    return F.interpolate(scores, image.shape[2:], mode="bilinear", align_corners=False)


@pytest.mark.parametrize(
    ("network", "reference"), [(BiSeNet, bisenet), (EasyPortraitFpn, easyportrait)]
)
def test_a_network_computes_what_its_paper_says(network, reference) -> None:
    net = network().eval()
    state = random_state(net, 0)
    net.load_state_dict(state)
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        found, expected = net(image), reference(state, image)
    assert found.std() > 0.01
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))


def test_sizes_are_those_of_the_published_files() -> None:
    """The original file is 53,289,463 bytes; EasyPortrait's table says 108.91 MB (MiB)."""
    for network, published, slack in (
        (BiSeNet, 53_289_463, 0.004),
        (EasyPortraitFpn, 114.2e6, 0.01),
    ):
        bytes_ = sum(t.numel() * t.element_size() for t in network().state_dict().values())
        assert abs(bytes_ / published - 1) < slack, (network, bytes_)


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with random weights, whose last layers choose one class by their bias."""
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path))
    for name, network in (("bisenet", BiSeNet()), ("easyportrait", EasyPortraitFpn())):
        path = tmp_path / TABLE[name].file
        torch.save(random_state(network, 2), path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        entry = dataclasses.replace(TABLE[name], sha256=digest, size=None, least_size=0)
        monkeypatch.setitem(TABLE, name, entry)
    return tmp_path


class Chosen(nn.Module):
    """Scores that make pixel row r class r // 16."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, images: Tensor) -> Tensor:
        rows = torch.arange(images.shape[2])[:, None].expand(images.shape[2:]) // 16
        return F.one_hot(rows.clamp(max=self.classes - 1), self.classes).permute(2, 0, 1)[None]


def test_classes_become_the_layouts_colours_and_teeth_lie_over_the_mouth(stored: Path) -> None:
    parsing = BiSeNetParsing()
    parsing._parts, parsing._teeth = Chosen(19), Chosen(8)
    found = parsing.parsed(np.zeros((512, 512, 3), np.uint8))
    colours = [tuple(found.parsing[16 * k + 8, 5]) for k in range(19)]
    assert colours[0] == WHITE
    # EasyPortrait's class 7 fills all rows from 7 * 16 on, so colours below show without it.
    assert colours[1:7] == [HEAD] * 6
    assert colours[7:] == [INNER_MOUTH] * 12
    assert found.teeth[7 * 16 :].all()
    assert not found.teeth[: 7 * 16].any()
    parsing._teeth = Chosen(1)
    found = parsing.parsed(np.zeros((256, 256, 3), np.uint8))
    colours = [tuple(found.parsing[8 * k + 4, 5]) for k in range(19)]
    assert colours[10:14] == [HEAD, INNER_MOUTH, HEAD, HEAD]
    assert colours[14:] == [NECK, NECK, TORSO, HAIR, HAIR]
    assert not found.teeth.any()


def test_weights_of_another_network_are_refused(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stored / TABLE["bisenet"].file
    state = torch.load(path, weights_only=True)
    del state["ffm.conv2.weight"]
    torch.save(state, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setitem(TABLE, "bisenet", dataclasses.replace(TABLE["bisenet"], sha256=digest))
    with pytest.raises(Unavailable, match=r"lacks ffm\.conv2\.weight"):
        BiSeNetParsing()
