"""Settings of ER-NeRF."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tgbench.configs import Range
from tgbench.errors import TgbenchError

Count = Annotated[int, Range(1)]
Whole = Annotated[int, Range(0)]
Amount = Annotated[float, Range(0)]
Positive = Annotated[float, Range(above=0)]
Share = Annotated[float, Range(0, 1)]


@dataclass(frozen=True)
class HeadConfig:
    """The radiance field of the head."""

    expression: Literal["blink", "six", "seven"] = "blink"
    """What drives the upper face: the action unit of closed eyes [P], or the action units that
    drive TalkingGaussian in its official code (six) or in its paper (seven)."""

    levels: Count = 12
    """Resolutions of each of the three planes [O: 12]."""

    coarsest: Count = 64
    """Vertices along the box's side of the coarsest level [O: 64]."""

    finest: Count = 512
    """The same of the finest [O: 512]."""

    log2_size: Annotated[int, Range(1, 24)] = 14
    """Logarithm of the most entries of a level [O: 14]."""

    hidden: Count = 64
    """Width of the hidden layers [O: 64]."""

    audio_dim: Count = 32
    """Length of the audio feature of a frame [O: 32]."""

    code_dim: Whole = 4
    """Length of the code of a training frame's own appearance [O: 4]."""

    scale: Positive = 4.0
    """Units of the field for a unit of the identity's cameras [O: 4]."""

    depth: Share = 0.5
    """Half the depth of the box that holds the head, of half its width [O: 0.5]."""

    samples: Count = 16
    """Most samples of a ray [O: 16]."""

    step: Positive = 2 * 3**0.5 / 128
    """Distance of two samples: the diagonal of one of 128 cells [O]."""

    cells: Count = 128
    """Cells of the occupancy grid along the box's side [O: 128]."""


@dataclass(frozen=True)
class DeformationConfig:
    """The motion field of TalkingGaussian, where `motion` is deformation."""

    coarsest: Count = 16
    """Vertices along the box's side of its coarsest level [S of TalkingGaussian: 16]."""

    finest: Count = 256
    """The same of the finest [S of TalkingGaussian: 256]."""

    log2_size: Annotated[int, Range(1, 24)] = 17
    """Logarithm of the most entries of a level [O of TalkingGaussian: 17]."""

    offset: Positive = 0.01
    """Way that an output of 1 moves a point, in units of the identity's cameras
    [O of TalkingGaussian: 0.01]."""


@dataclass(frozen=True)
class ScheduleConfig:
    """How long training takes."""

    audio_pretraining_iterations: Whole = 0
    """Before the head, of the audio network learning the shapes of the lips [O: 0]."""

    iterations: Count = 100_000
    """Of the head [O: 100,000]."""

    lips_iterations: Whole = 25_000
    """Of fine-tuning on the lips, afterwards [O: 25,000]."""

    rays: Count = 65_536
    """Rays of an iteration, all of one frame [O: 65,536]."""

    head_share: Share = 0.0
    """Share of the rays that is drawn in the rectangle of the head [O: 0]. Those that no
    rectangle has are drawn in the whole image."""

    eyes_share: Share = 0.0
    """The same of the rectangle of the eyes [O: 0]."""

    lips_share: Share = 0.0
    """The same of the square of the lips [O: 0]."""

    recoloured_share: Share = 0.0
    """Share of the rays that see a random colour behind the head and around it, so that no pixel
    of the head is a haze through which the true torso or plate is seen. Rays at the head's outline
    keep the true one [O: 0]."""

    closed_every: Whole = 0
    """Every how many iterations a frame is drawn by how far its eyes are closed; 0: never, every
    frame as often as the others [O: 0]."""

    occupancy_every: Count = 16
    """Iterations between two updates of the occupancy [O: 16]."""

    occupancy_share: Annotated[float, Range(0.01, 1)] = 1.0
    """Share of the cells that an update looks at, the first ones apart [O: 1]."""

    checkpoint_every: Count = 2_000
    """Iterations between two checkpoints, from which a stopped fit goes on."""

    def __post_init__(self) -> None:
        """Check that the shares of rays leave none over.

        Raises:
            TgbenchError: they add to more than 1.
        """
        shares = self.head_share, self.eyes_share, self.lips_share
        if sum(shares) > 1.0 + 1e-9:
            raise TgbenchError(
                f"head_share, eyes_share and lips_share of the schedule are {shares}, which add to "
                "more than 1; lower one of them"
            )


@dataclass(frozen=True)
class OptimiserConfig:
    """How the networks learn."""

    grid_lr: Amount = 1e-2
    """Rate of the hash grids [O: 0.01]."""

    lr: Amount = 1e-3
    """Rate of the networks [O: 0.001]."""

    window_lr: Amount = 1.0
    """Rate of the network of each window of sound, as a factor on `lr` [O: 1]."""

    expression_lr: Amount = 1.0
    """Rate of the attention to the expression and of the network of action units, as a factor on
    `lr` [O: 1]."""

    audio_lr: Amount = 5.0
    """Rate of the attention over windows of sound, as a factor on `lr` [O: 5]."""

    lr_final: Share = 0.5
    """Share of the rates left at the end of the head's training [O: 0.5]."""

    lips_lr_final: Share = 0.05
    """The same of fine-tuning [O: 0.05]."""

    average: Share = 0.95
    """Weight of the past in the average of the weights that is rendered; 0: no average
    [O: 0.95]."""

    average_every: Count = 1_000
    """Iterations between two updates of that average [O: 1,000]."""


@dataclass(frozen=True)
class LossConfig:
    """What is minimised."""

    uncertainty: bool = True
    """Whether rays count by their uncertainty, which is learnt [O]."""

    entropy: Amount = 1e-4
    """Weight of the entropy of opacity [O: 1e-4]."""

    audio_attention: Amount = 1e-4
    """Weight of attention to the sound outside the face [O: 1e-4]."""

    crossed_attention: Amount = 1e-4
    """Weight of attention to sound and expression at one point of the face [O: 1e-4]."""

    smoothness: Amount = 1e-5
    """Weight of the change of uncertainty and attention over a thousandth of the box [O: 1e-5]."""

    lpips: Amount = 0.01
    """Weight of LPIPS on the lips in fine-tuning [O: 0.01]."""

    patch_lpips: Amount = 0.1
    """Weight of LPIPS on random squares of 32 pixels, every second iteration of fine-tuning
    [O: 0.1]."""


@dataclass(frozen=True)
class ErNerfConfig:
    """Settings of ER-NeRF. Sources: [P] paper, [O] official code; a value after one is theirs.

    What has no mark is this suite's.
    """

    audio_features: str = "mel"
    """Audio encoder [P: deepspeech]."""

    audio_input: Literal["normalised", "raw"] = "normalised"
    """Audio features as they are, or normalised by the mean and deviation of each channel over
    the training frames [O: raw]."""

    motion: Literal["appearance", "deformation"] = "appearance"
    """Whether sound and expression change density and colour of a point [P], or move it in a head
    at rest, as in table 4 of TalkingGaussian. Its Tri-Hash backbone with appearance is
    ER-NeRF+e: the numbers of both rows are the same there."""

    head: HeadConfig = field(default_factory=HeadConfig)
    deformation: DeformationConfig = field(default_factory=DeformationConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    cache_megabytes: Whole = 512
    """Memory for decoded training frames."""


def _with_units() -> HeadConfig:
    return HeadConfig(expression="seven")


@dataclass(frozen=True)
class ErNerfExpressionConfig(ErNerfConfig):
    """Settings of ER-NeRF+e, whose upper face more action units drive; marks as of ER-NeRF."""

    head: HeadConfig = field(default_factory=_with_units)


@dataclass(frozen=True)
class TorsoConfig:
    """The field of the torso, which is trained after the head."""

    iterations: Count = 200_000
    """Of its training [O: 200,000]."""

    pixels: Count = 65_536
    """Pixels of an iteration, all of one frame [O: 65,536]."""


@dataclass(frozen=True)
class ErNerfTorsoConfig(ErNerfConfig):
    """Settings of ER-NeRF with a torso of its own over the true plate; marks as of ER-NeRF."""

    torso: TorsoConfig = field(default_factory=TorsoConfig)
