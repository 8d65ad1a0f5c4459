"""The conditions of a frame: audio windows and upper-face action units."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tgbench.errors import TgbenchError
from tgbench.identities import ActionUnits, Identity
from tgbench.identities.layout import ACTION_UNITS
from tgbench.interfaces import Drive
from tgbench.specs import AudioEncoderSpec

from .audio_network import window_rows


class Conditions:
    """Audio features and action units of a run of frames."""

    def __init__(
        self,
        features: NDArray[np.float32],
        rows: NDArray[np.int64],
        units: ActionUnits,
        names: tuple[str, ...],
        *,
        device: torch.device,
        silent_outside: bool = False,
        sound: object = "driving audio features",
        faces: object = "driving action units",
    ) -> None:
        """Hold what drives N frames.

        Args:
            features: float32 [M, steps, channels] of a sound.
            rows: int [N], the row of `features` at each frame.
            units: of N frames.
            names: of the action units that drive the face, in their order.
            device: where they are wanted.
            silent_outside: whether windows beyond the ends of the sound are zeros, instead of
                the nearest ones.
            sound: what errors call the source of the features.
            faces: what errors call the source of the units.

        Raises:
            TgbenchError: an upper-face action unit is missing, or a value is not finite.
        """
        expression = units.stack(names)
        for what, values in ((sound, features), (faces, expression)):
            if not np.isfinite(values).all():
                raise TgbenchError(
                    f"{what}: holds NaN or infinity; measure it again or prepare the clip again"
                )
        self._features = torch.from_numpy(np.array(features, np.float32)).to(device)
        outside = None
        if silent_outside:
            outside = len(features)
            self._features = torch.cat([self._features, torch.zeros_like(self._features[:1])])
        self._count = len(features)
        self._windows = window_rows(rows, len(features), outside).to(device)
        self._expression = torch.from_numpy(np.array(expression, np.float32)).to(device)

    @classmethod
    def of_training(
        cls,
        identity: Identity,
        frames: range,
        encoder: AudioEncoderSpec,
        names: tuple[str, ...],
        *,
        device: torch.device,
        silent_outside: bool = False,
    ) -> Conditions:
        """Hold what drives the training frames, and no sound from outside them."""
        inside = slice(frames.start, frames.stop)
        units, table = identity.action_units, identity.folder / ACTION_UNITS
        missing = [f"{name}_r" for name in names if name not in units.values]
        if missing and not table.is_file():
            raise TgbenchError(
                f"{table}: is not there, and action units drive the face; measure the clip with "
                "OpenFace's FeatureExtraction -aus or `tgbench prepare`"
            )
        if missing:
            raise TgbenchError(
                f"{table}: no column {', '.join(missing)}, which drive the face; measure the clip "
                "again with OpenFace's FeatureExtraction -aus or `tgbench prepare`"
            )
        features = identity.audio_features(encoder)
        return cls(
            features.windows[inside],
            np.arange(len(frames)),
            ActionUnits(
                {name: values[inside] for name, values in units.values.items()}, units.measured_by
            ),
            names,
            device=device,
            silent_outside=silent_outside,
            sound=features.file or identity.audio_path,
            faces=table,
        )

    @classmethod
    def of_drive(
        cls,
        drive: Drive,
        names: tuple[str, ...],
        *,
        device: torch.device,
        silent_outside: bool = False,
    ) -> Conditions:
        """Hold what drives the frames to render."""
        return cls(
            drive.features,
            drive.feature_index,
            drive.action_units,
            names,
            device=device,
            silent_outside=silent_outside,
        )

    @property
    def channels(self) -> int:
        """Channels of a step of the audio features."""
        return self._features.shape[2]

    @property
    def features(self) -> Tensor:
        """All audio features, [M, steps, channels], and one of zeros if those are outside."""
        return self._features

    @property
    def heard(self) -> Tensor:
        """The audio features of the sound alone, [M, steps, channels]."""
        return self._features[: self._count]

    @property
    def windows(self) -> Tensor:
        """The rows of `features` around each frame, int64 [N, 8]."""
        return self._windows

    @property
    def expressions(self) -> Tensor:
        """The action units of all frames, [N, units]."""
        return self._expression

    @property
    def silent(self) -> bool:
        """Whether the audio features never change."""
        return bool((self.heard == self.heard[:1, :1]).all())

    def audio(self, position: int) -> Tensor:
        """Return the eight windows about a frame, [8, channels, steps]."""
        return self._features[self._windows[position]].transpose(1, 2)

    def expression(self, position: int) -> Tensor:
        """Return the action units of a frame, [units]."""
        return self._expression[position]


class Jitter:
    """Small random changes of the audio windows, against overfitting a short clip."""

    def __init__(self, noise: float, shift: float, generator: torch.Generator) -> None:
        """Add noise of this deviation, and shift by up to `shift` video frames."""
        self._noise, self._shift, self._generator = noise, shift, generator

    def __call__(self, windows: Tensor) -> Tensor:
        """Return changed windows [8, channels, steps]."""
        if self._shift:
            share = (2.0 * torch.rand(1, generator=self._generator) - 1.0) * self._shift
            neighbour = torch.roll(windows, -1 if share > 0 else 1, dims=0)
            edge = -1 if share > 0 else 0
            neighbour[edge] = windows[edge]
            windows = torch.lerp(windows, neighbour, float(share.abs()))
        if self._noise:
            noise = torch.randn(windows.shape, generator=self._generator)
            windows = windows + self._noise * noise.to(windows.device)
        return windows
