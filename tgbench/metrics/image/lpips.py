"""Learned perceptual image patch similarity, by the `lpips` package (Zhang et al., 2018)."""

from __future__ import annotations

import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Image
from ...errors import TgbenchError, Unavailable
from ...extras import install_extra
from ...interfaces import FrameView, Measurement, MetricContext
from ...weights import describe_weights
from ...weights.loading import fill, load_tensors
from ..checks import require_alike
from ..frame_mean import FrameMean
from .specs import LPIPS, LPIPS_VGG

if TYPE_CHECKING:
    import torch


VERSION = "0.1"
"""Of the package's linear heads; 0.0 had a defect in the scaling of its input."""

LEAST_SIDE = 32
"""In pixels: of a smaller image the trunks' pooling leaves nothing."""

_TRUNKS = {"alex": "lpips_alexnet", "vgg": "lpips_vgg"}


def load_network(net: str = "alex") -> Any:
    """Return LPIPS v0.1, a module of two images [N, 3, H, W], RGB in [-1, 1].

    The linear heads are the package's own; the trunk is torchvision's, from the weight store.
    Nothing is downloaded, and torch's random state stays as it is.

    Args:
        net: "alex" or "vgg", as the package calls its trunks.

    Raises:
        Unavailable: the package or the trunk's weights are missing or not what they should be.
    """
    lpips = _package()
    import torch

    tensors = load_tensors(_TRUNKS[net])
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        # The package asks torchvision in a way that torchvision has since deprecated.
        warnings.simplefilter("ignore")
        network = lpips.LPIPS(net=net, version=VERSION, pnet_rand=True, verbose=False)
    fill(network.net, _by_slices(network.net, tensors), _TRUNKS[net])
    return network.eval()


class Lpips:
    """Mean over frames of the distance of the whole images, AlexNet trunk."""

    spec = LPIPS
    net = "alex"
    title = "AlexNet"

    def __init__(self, context: MetricContext) -> None:
        """Load the network.

        Raises:
            Unavailable: the package or the trunk's weights are missing; says how to get them.
        """
        self._network = context.model(("lpips", self.net), lambda: load_network(self.net))
        self._weights = describe_weights(_TRUNKS[self.net])
        self._mean = FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's distance."""
        import torch

        require_alike(frame.prediction, frame.target)
        _require_size(frame.prediction)
        with torch.inference_mode():
            distance = self._network(_scaled(frame.prediction), _scaled(frame.target))
        return self._mean.add(float(distance))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._mean.measurement(
            f"lpips {metadata.version('lpips')}, {self.title} v{VERSION} ({self._weights}), "
            "RGB in [-1, 1], whole image"
        )

    def merge(self, later: Lpips) -> None:
        """Take in the frames that `later` has seen."""
        self._mean.merge(later._mean)


class LpipsVgg(Lpips):
    """The same with the VGG-16 trunk: another scale, not to be compared with AlexNet's."""

    spec = LPIPS_VGG
    net = "vgg"
    title = "VGG-16"


def _package() -> Any:
    try:
        import lpips
    except ImportError as error:
        raise Unavailable(
            f"the lpips package cannot be imported ({error}): {install_extra('lpips')}"
        ) from error
    except RuntimeError as error:
        raise Unavailable(
            f"the installed torchvision was built for another torch ({error}): install the one "
            f"of your torch {metadata.version('torch')}, from the same package index"
        ) from error
    return lpips


def _by_slices(
    slices: torch.nn.Module, tensors: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Rename torchvision's `features.N.*` to the slice that holds layer N.

    Its classifier is left out; a layer that no slice holds keeps its name and is refused.
    """
    names = {key.split(".", 1)[1]: key for key in slices.state_dict()}
    return {
        names.get(key.removeprefix("features."), key): tensor
        for key, tensor in tensors.items()
        if not key.startswith("classifier.")
    }


def _require_size(image: Image) -> None:
    height, width = image.shape[:2]
    if min(height, width) < LEAST_SIDE:
        raise TgbenchError(
            f"images of {width}x{height} are too small for LPIPS, which needs {LEAST_SIDE} pixels"
        )


def _scaled(image: Image) -> torch.Tensor:
    """Return float32 [1, 3, H, W] in [-1, 1]; without that the distance is several times less."""
    import torch

    channels_first = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)
    return torch.from_numpy(channels_first) / 127.5 - 1.0
