"""BiSeNet (Yu et al., ECCV 2018) with a ResNet-18 as context path, for 19 classes of CelebAMask-HQ.

Layers have the names of the weight file that AD-NeRF and its successors use (`79999_iter.pth`), in
which the output of the ResNet at an eighth of the size stands in for the spatial path.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES = 19
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Of ImageNet, by which RGB of 0 to 255 is normalised."""


class BiSeNet(nn.Module):
    """Parses faces: skin, brows, eyes, lips, mouth, neck, cloth, hair and more."""

    def __init__(self) -> None:
        super().__init__()
        self.cp = _ContextPath()
        self.ffm = _Fusion(256, 256)
        self.conv_out = _Output(256, 256)
        # Only training uses these two; the file has their weights.
        self.conv_out16 = _Output(128, 64)
        self.conv_out32 = _Output(128, 64)

    def forward(self, images: Tensor) -> Tensor:
        """Return scores [N, 19, H, W] of normalised images [N, 3, H, W]."""
        spatial, context = self.cp(images)
        scores = self.conv_out(self.ffm(spatial, context))
        return F.interpolate(scores, images.shape[2:], mode="bilinear", align_corners=True)


class _Conv(nn.Module):
    """Convolution, batch normalisation, rectifier."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class _Attention(nn.Module):
    """Weighs channels by what the whole image shows."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = _Conv(inputs, outputs)
        self.conv_atten = nn.Conv2d(outputs, outputs, 1, bias=False)
        self.bn_atten = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        features = self.conv(x)
        whole = features.mean(dim=(2, 3), keepdim=True)
        return features * torch.sigmoid(self.bn_atten(self.conv_atten(whole)))


class _ContextPath(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.resnet = _ResNet18()
        self.arm16 = _Attention(256, 128)
        self.arm32 = _Attention(512, 128)
        self.conv_head32 = _Conv(128, 128)
        self.conv_head16 = _Conv(128, 128)
        self.conv_avg = _Conv(512, 128, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the image shows at an eighth of its size: detail, and context."""
        eighth, sixteenth, last = self.resnet(x)
        whole = self.conv_avg(last.mean(dim=(2, 3), keepdim=True))
        coarse = F.interpolate(self.arm32(last) + whole, sixteenth.shape[2:], mode="nearest")
        middle = self.arm16(sixteenth) + self.conv_head32(coarse)
        return eighth, self.conv_head16(F.interpolate(middle, eighth.shape[2:], mode="nearest"))


class _Fusion(nn.Module):
    """Joins detail and context."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convblk = _Conv(inputs, outputs, 1)
        self.conv1 = nn.Conv2d(outputs, outputs // 4, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs // 4, outputs, 1, bias=False)

    def forward(self, spatial: Tensor, context: Tensor) -> Tensor:
        features = self.convblk(torch.cat([spatial, context], dim=1))
        whole = features.mean(dim=(2, 3), keepdim=True)
        return features + features * torch.sigmoid(self.conv2(F.relu(self.conv1(whole))))


class _Output(nn.Module):
    def __init__(self, inputs: int, middle: int) -> None:
        super().__init__()
        self.conv = _Conv(inputs, middle)
        self.conv_out = nn.Conv2d(middle, CLASSES, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.conv_out(self.conv(x))
        return scores


class _ResNet18(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(_Basic(64, 64), _Basic(64, 64))
        self.layer2 = nn.Sequential(_Basic(64, 128, 2), _Basic(128, 128))
        self.layer3 = nn.Sequential(_Basic(128, 256, 2), _Basic(256, 256))
        self.layer4 = nn.Sequential(_Basic(256, 512, 2), _Basic(512, 512))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, stride=2, padding=1)
        eighth = self.layer2(self.layer1(x))
        sixteenth = self.layer3(eighth)
        return eighth, sixteenth, self.layer4(sixteenth)


class _Basic(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False),
                nn.BatchNorm2d(outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        change = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(change + (x if self.downsample is None else self.downsample(x)))
