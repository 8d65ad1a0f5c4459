"""Learned perceptual image patch similarity, with the `lpips` package's AlexNet."""

from __future__ import annotations

import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import Unavailable
from ..files import sha256
from ..interfaces import FrameView, Measurement, MetricContext
from .images import require_alike
from .mean import FrameMean
from .specs import LPIPS

Image = NDArray[np.uint8]

TRUNK = "alexnet-owt-7be5be79.pth"
"""Torchvision's AlexNet; the name carries the first digits of its SHA-256."""

TRUNK_URL = f"https://download.pytorch.org/models/{TRUNK}"


def trunk_path() -> Path:
    """Return where torchvision keeps the trunk's weights, whether they are there or not."""
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / TRUNK


def load_network(trunk: Path | None = None) -> Any:
    """Return LPIPS v0.1 over AlexNet, from files that are here; nothing is downloaded.

    Raises:
        Unavailable: the package or the trunk's weights are missing, or the file is damaged.
    """
    try:
        import lpips
    except (ImportError, RuntimeError) as error:
        # A torchvision built for another torch raises RuntimeError when imported.
        raise Unavailable(
            f"the lpips package cannot be used ({error}); pip install 'tgbench[lpips]'"
        ) from error
    import torch

    trunk = trunk or trunk_path()
    if not trunk.is_file():
        raise Unavailable(f"AlexNet's weights are missing: save {TRUNK_URL} as {trunk}")
    if not sha256(trunk).startswith(_digest_prefix()):
        raise Unavailable(f"{trunk} is damaged; save {TRUNK_URL} there again")
    with warnings.catch_warnings():
        # The package asks torchvision in a way that torchvision has since deprecated.
        warnings.simplefilter("ignore")
        network = lpips.LPIPS(net="alex", version="0.1", pnet_rand=True, verbose=False)
    _copy_trunk(torch.load(trunk, map_location="cpu", weights_only=True), network.net)
    return network.eval()


def _digest_prefix() -> str:
    return TRUNK.removesuffix(".pth").rsplit("-", 1)[1]


def _copy_trunk(state: dict[str, Any], slices: Any) -> None:
    """Copy torchvision's `features.N.*` into the slices that hold layer N."""
    wanted = slices.state_dict()
    for name in wanted:
        _, layer, parameter = name.split(".")
        wanted[name] = state[f"features.{layer}.{parameter}"]
    slices.load_state_dict(wanted)


class Lpips:
    """Mean over frames of the distance of the whole images, RGB scaled to [-1, 1]."""

    spec = LPIPS

    def __init__(self, context: MetricContext) -> None:
        self._network = load_network()
        self._mean = FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's distance."""
        import torch

        require_alike(frame.prediction, frame.target)
        with torch.inference_mode():
            distance = self._network(_scaled(frame.prediction), _scaled(frame.target))
        return self._mean.add(float(distance))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._mean.measurement(
            f"lpips {metadata.version('lpips')}, AlexNet, v0.1, RGB in [-1, 1], whole image"
        )


def _scaled(image: Image) -> Any:
    """Return float32 [1, 3, H, W] in [-1, 1]; without that the distance is several times less."""
    import torch

    channels_first = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)
    return torch.from_numpy(channels_first) / 127.5 - 1.0
