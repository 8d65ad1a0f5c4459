"""Heads of a GGHead checkpoint, see `HeadPrior`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tgbench.errors import TgbenchError
from tgbench.files import hash_of, sha256
from tgbench.systems.checkout import state_of

from ....shared.spherical_harmonics import sh_to_rgb
from ..interface import Heads
from .checkout import build_generator
from .landmarks import landmarks_among
from .snapshot import read_snapshot

CAMERA = (0.0, 0.0, 2.7)
"""From where colours are those of a head, in GGHead's unit: cameras of its samples are as far. It
stays there, so that a head has the same colours from all sides."""

_WORDS = "POSITION", "ROTATION", "SCALE", "OPACITY", "COLOR"
"""Names of a Gaussian's attributes in the checkout."""


class GGHeadPrior:
    """Codes are those of StyleGAN's space W, the same at every layer."""

    name = "gghead"

    def __init__(self, checkout: Path, checkpoint: Path, device: torch.device) -> None:
        """Read the checkpoint and run the checkout's code to build its generator.

        Raises:
            TgbenchError: one of them is missing, damaged, or not GGHead's.
        """
        network = build_generator(checkout, read_snapshot(checkpoint), checkpoint)
        self.network: Any = network.to(device)
        self.fingerprint = hash_of([sha256(checkpoint), state_of(checkout).fingerprint])
        self._device = device
        self._check(checkpoint)

    @property
    def code_size(self) -> int:
        """Length of a code."""
        return len(self._backbone.mapping.w_avg)

    def mean_code(self) -> Tensor:
        """Return the mean of W, [code_size]."""
        mean: Tensor = self._backbone.mapping.w_avg.detach().clone()
        return mean

    def directions(self) -> Tensor:
        """Return none: pictures of people at rest taught it, so a person's are learned."""
        return torch.zeros(0, self.code_size, device=self._device)

    def lip_directions(self) -> int:
        """Return none, likewise."""
        return 0

    def landmarks(self) -> Tensor:
        """Return the Gaussians of the mean head at the 68 landmarks of iBUG.

        The checkpoint does not name them: those of the suite's own template are brought there.
        """
        with torch.inference_mode():
            means = self.heads(self.mean_code()[None]).means[0]
        return torch.from_numpy(landmarks_among(means.cpu().numpy()))

    def heads(self, codes: Tensor) -> Heads:
        """Return the heads of codes [B, code_size], in GGHead's unit."""
        network = self.network
        layers = codes[:, None].expand(-1, self._backbone.synthesis.num_ws, -1)
        planes = network.predict_planes(layers, noise_mode="const")
        found = network.predict_gaussian_attributes(planes).gaussian_attributes
        named = {getattr(key, "name", key): value for key, value in found.items()}
        means, quats, scales, opacities, colours = (named[word] for word in _WORDS)
        activated = network._gaussian_model
        return Heads(
            means.contiguous(),
            quats.contiguous(),
            activated.scaling_activation(scales).contiguous(),
            activated.opacity_activation(opacities).squeeze(-1).contiguous(),
            self._seen(colours, means),
        )

    @property
    def _backbone(self) -> Any:
        return self.network.backbone

    def _seen(self, harmonics: Tensor, means: Tensor) -> Tensor:
        """Return the colours of spherical harmonics [B, N, 3 * K] from the camera, [B, N, 3]."""
        shape = means.shape
        coefficients = harmonics.reshape(shape[0] * shape[1], -1, 3)
        directions = (means - means.new_tensor(CAMERA)).reshape(-1, 3)
        degree = round(coefficients.shape[1] ** 0.5) - 1
        constant, higher = coefficients[:, 0], coefficients[:, 1:]
        return sh_to_rgb(constant, higher, directions, degree, backend="torch").view(shape)

    def _check(self, checkpoint: Path) -> None:
        """Draw the mean head once.

        Raises:
            TgbenchError: the network does not do what GGHead's does.
        """
        try:
            with torch.inference_mode():
                heads = self.heads(self.mean_code()[None])
            count = heads.means.shape[1]
            shapes = [(1, count, 3), (1, count, 4), (1, count, 3), (1, count), (1, count, 3)]
            fits = [tuple(each.shape) for each in vars(heads).values()] == shapes
        # The checkout's code may fail in any way; the cause is kept for --debug.
        except Exception as error:
            raise TgbenchError(
                f"{checkpoint}: its network makes no head ({type(error).__name__}: {error}); "
                "use GGHead's own checkpoint and checkout"
            ) from error
        if not fits or not all(bool(each.isfinite().all()) for each in vars(heads).values()):
            raise TgbenchError(
                f"{checkpoint}: its mean head is no set of finite 3D Gaussians; use GGHead's own "
                "checkpoint and checkout"
            )
