"""The FPN with a ResNet-50 (v1c) that EasyPortrait trained for face parsing, 8 classes.

Layers have the names of its weight file (`fpn-fp-512.pth`), which are those of mmsegmentation 0.x.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

TEETH = 7
CLASSES = 8
MEAN, STD = (143.55267075, 132.96705975, 126.94924335), (60.2625333, 60.32740275, 59.30988645)
"""By which RGB of 0 to 255 is normalised."""

_WIDTHS = (64, 128, 256, 512)
_DEPTHS = (3, 4, 6, 3)
_PYRAMID, _HEAD = 256, 128


class EasyPortraitFpn(nn.Module):
    """Parses faces: skin, brows, eyes, lips, teeth."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = _ResNet50()
        self.neck = _Pyramid()
        self.decode_head = _Head()

    def forward(self, images: Tensor) -> Tensor:
        """Return scores [N, 8, H, W] of normalised images [N, 3, H, W], sides of 32 times k."""
        scores = self.decode_head(self.neck(self.backbone(images)))
        return F.interpolate(scores, images.shape[2:], mode="bilinear", align_corners=False)


class _Bottleneck(nn.Module):
    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != 4 * width:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, 4 * width, 1, stride=stride, bias=False),
                nn.BatchNorm2d(4 * width),
            )

    def forward(self, x: Tensor) -> Tensor:
        change = F.relu(self.bn1(self.conv1(x)))
        change = F.relu(self.bn2(self.conv2(change)))
        change = self.bn3(self.conv3(change))
        return F.relu(change + (x if self.downsample is None else self.downsample(x)))


class _ResNet50(nn.Module):
    """The variant v1c: three small convolutions at the start."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
        )
        inputs = 64
        for stage, (width, depth) in enumerate(zip(_WIDTHS, _DEPTHS, strict=True)):
            blocks = []
            for block in range(depth):
                stride = 2 if block == 0 and stage > 0 else 1
                blocks.append(_Bottleneck(inputs, width, stride))
                inputs = 4 * width
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> list[Tensor]:
        x = F.max_pool2d(self.stem(x), 3, stride=2, padding=1)
        found = []
        for stage in range(len(_WIDTHS)):
            x = getattr(self, f"layer{stage + 1}")(x)
            found.append(x)
        return found


class _Plain(nn.Module):
    """A convolution under the name that its file gives it."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y


class _Pyramid(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lateral_convs = nn.ModuleList(_Plain(4 * width, _PYRAMID, 1) for width in _WIDTHS)
        self.fpn_convs = nn.ModuleList(_Plain(_PYRAMID, _PYRAMID, 3) for _ in _WIDTHS)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        levels = [conv(x) for conv, x in zip(self.lateral_convs, features, strict=True)]
        for fine in range(len(levels) - 2, -1, -1):
            above = F.interpolate(levels[fine + 1], levels[fine].shape[2:], mode="nearest")
            levels[fine] = levels[fine] + above
        return [conv(x) for conv, x in zip(self.fpn_convs, levels, strict=True)]


class _Normed(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class _Head(nn.Module):
    """Brings all levels to a quarter of the size, doubling step by step, and sums them."""

    def __init__(self) -> None:
        super().__init__()
        heads = []
        for level in range(len(_WIDTHS)):
            layers: list[nn.Module] = []
            for step in range(max(1, level)):
                layers.append(_Normed(_PYRAMID if step == 0 else _HEAD, _HEAD))
                if level > 0:
                    layers.append(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False))
            heads.append(nn.Sequential(*layers))
        self.scale_heads = nn.ModuleList(heads)
        self.conv_seg = nn.Conv2d(_HEAD, CLASSES, 1)

    def forward(self, levels: list[Tensor]) -> Tensor:
        first, *others = (head(x) for head, x in zip(self.scale_heads, levels, strict=True))
        for other in others:
            first = first + F.interpolate(
                other, first.shape[2:], mode="bilinear", align_corners=False
            )
        scores: Tensor = self.conv_seg(first)
        return scores
