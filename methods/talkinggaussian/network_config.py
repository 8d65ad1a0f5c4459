"""Settings of the networks: hash grids, audio network, motion fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from tgbench.configs import Range

from .branch_config import Amount, Count, Positive, PositiveShare


@dataclass(frozen=True)
class GridConfig:
    """Tri-plane hash grids of both branches; each branch has its own resolutions."""

    layout: Literal["tiny_cuda_nn", "torch_ngp"] = "tiny_cuda_nn"
    """Layout of tiny-cuda-nn, with the value of the nearest face outside of the cube, or of
    torch-ngp, with one more vertex on each axis and zeros outside [O: torch_ngp]."""

    levels: Count = 12
    """Resolutions of a grid [S: 12]."""

    log2_size: Annotated[int, Range(1, 24)] = 17
    """Logarithm of the most entries of a level [O: 17]."""

    bound: Positive = 0.15
    """Metres: the grid covers the cube [-bound, bound] [O: 0.15]."""

    lr: Amount = 5e-3
    """Learning rate of AdamW [S: 5e-3]."""

    weight_decay: Amount = 0.0
    """Weight decay of AdamW [O: 0.01]."""


@dataclass(frozen=True)
class AudioConfig:
    """The audio network: windows of audio features become one feature per frame."""

    input: Literal["normalised", "raw"] = "normalised"
    """Audio features as they are, or normalised by the mean and deviation of each channel over the
    training frames [O: raw]."""

    outside: Literal["nearest", "zeros"] = "nearest"
    """What windows hold beyond the ends of the sound: the nearest window, or zeros [O: zeros]."""

    dim: Count = 32
    """Length of the feature of a frame [O: 32]."""

    lr: Amount = 1.0
    """Learning rate of the network that encodes windows, as a factor on `motion_field.lr`
    [O: 1]."""

    attention_lr: Amount = 5.0
    """Learning rate of the attention over windows, as a factor on `motion_field.lr` [O: 5]."""

    weight_decay: Amount = 1e-4
    """Weight decay of the network that encodes windows [O: 0]."""

    attention_weight_decay: Amount = 1e-4
    """Weight decay of the attention over windows [O: 1e-4]."""

    noise: Amount = 0.0
    """Standard deviation of noise added to windows in training, in units of the feature
    [P: 0]."""

    jitter: Annotated[float, Range(0, 1)] = 0.0
    """Largest random shift of the windows in training, in video frames."""


@dataclass(frozen=True)
class MotionFieldConfig:
    """Motion fields: decoders, region attention, and how the fields learn."""

    lr: Amount = 5e-4
    """Learning rate of AdamW for everything but the hash grid [S: 5e-4]."""

    lr_schedule: Literal["exponential", "steps"] = "exponential"
    """How all rates of motion learning fall: one exponential [S]; or halved until the windows of
    equation 6 arrive, then a tenth over all of the branch's iterations [O: steps]."""

    lr_final: PositiveShare = 0.05
    """Share of the rates left at the end of the exponential [O: 0.1]."""

    biases: bool = True
    """Whether decoders, region attention and expression network have biases [O: false]."""

    start: Literal["scaled", "torch"] = "scaled"
    """Initial weights: torch's own, or an audio network scaled to keep sounds apart and a decoder
    whose last layer is zero [O: torch]."""

    expression_attention: Literal["softplus", "relu"] = "softplus"
    """Activation that ends the attention to action units [O: relu]."""

    moves_positions: bool = False
    """Whether the gradient of the motion field reaches the canonical positions [O: true]."""

    position_scale: Amount = 0.01
    """Metres of movement for a decoder output of 1 [O: 0.01]."""
