"""Parsing by two networks, as the TalkingGaussian supplement says (B.2, Face-Mouth Segmentation).

BiSeNet, trained on CelebAMask-HQ, tells head, neck, torso and inside of the mouth apart; the teeth
of EasyPortrait's FPN are laid over its mouth. Colours are those of the layout.
"""

from __future__ import annotations

from collections.abc import Generator

import cv2
import numpy as np
import torch
from torch import nn

from ...arrays import Image
from ...faces import bisenet, easyportrait
from ...identities.layout import HAIR, HEAD, INNER_MOUTH, NECK, TORSO, WHITE
from ...overlap import Stopped
from ...progress import Progress
from ...weights import describe_weights
from ...weights.loading import load_weights
from ..clip import Clip
from .interfaces import ParsedFrame

_SIDE = 512
"""Of the square that both networks were trained on, pixels."""

_MOUTH, _NECKS, _CLOTH, _HAIRS = 11, (14, 15), 16, (17, 18)
_COLOURS = np.array(
    [
        WHITE,
        *[INNER_MOUTH if part == _MOUTH else HEAD for part in range(1, 14)],
        *[NECK for _ in _NECKS],
        TORSO,
        *[HAIR for _ in _HAIRS],
    ],
    np.uint8,
)
"""Colour of each class of CelebAMask-HQ. Class 18, hat, moves with the head as hair does."""


class BiSeNetParsing:
    """Both networks on every frame by itself."""

    def __init__(self) -> None:
        """Load the networks from the weight store.

        Raises:
            Unavailable: a weight file is missing, damaged, or of another network.
        """
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._parts = self._loaded(bisenet.BiSeNet(), "bisenet")
        self._teeth = self._loaded(easyportrait.EasyPortraitFpn(), "easyportrait")

    def parse(self, clip: Clip, progress: Progress) -> Generator[ParsedFrame, None, None]:
        """Yield every frame, in order."""
        with progress.task("parsing by BiSeNet", len(clip)) as task:
            for frame in range(len(clip)):
                if clip.stop.is_set():
                    raise Stopped
                yield self.parsed(clip.image(frame))
                task.advance()

    def parsed(self, image: Image) -> ParsedFrame:
        """Return the parts of an image, uint8 RGB [H, W, 3]."""
        found = self._classes(image, self._teeth, easyportrait.MEAN, easyportrait.STD)
        teeth = found == easyportrait.TEETH
        parsing = _COLOURS[self._classes(image, self._parts, bisenet.MEAN, bisenet.STD)]
        parsing[teeth] = INNER_MOUTH
        return ParsedFrame(parsing, teeth)

    def describe(self) -> str:
        """Return the networks and their weights."""
        return (
            f"BiSeNet ({describe_weights('bisenet')}), teeth by EasyPortrait's FPN "
            f"({describe_weights('easyportrait')})"
        )

    def _classes(
        self,
        image: Image,
        network: nn.Module,
        mean: tuple[float, ...],
        deviation: tuple[float, ...],
    ) -> Image:
        """Return the most likely class of every pixel, uint8 [H, W]."""
        seen = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR)
        normal = (seen - np.array(mean, np.float32)) / np.array(deviation, np.float32)
        batch = torch.from_numpy(np.ascontiguousarray(normal.transpose(2, 0, 1)[None], np.float32))
        with torch.inference_mode():
            best = network(batch.to(self._device))[0].argmax(dim=0)
        classes = best.to(torch.uint8).cpu().numpy()
        size = image.shape[1::-1]
        return np.asarray(cv2.resize(classes, size, interpolation=cv2.INTER_NEAREST), np.uint8)

    def _loaded(self, network: nn.Module, name: str) -> nn.Module:
        load_weights(network, name)
        return network.to(self._device).eval()
