"""Settings of TalkingGaussian, and where their values come from.

Each group of settings is a dataclass. `--set` names a setting with a dot, as in
`--set face.densify_gradient=1e-4`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tgbench.configs import Range, check_ranges
from tgbench.errors import TgbenchError

from .branch_config import (
    Amount,
    BranchConfig,
    BranchName,
    Count,
    FaceConfig,
    MouthConfig,
    Positive,
    PositiveShare,
    Share,
    Whole,
)
from .network_config import AudioConfig, GridConfig, MotionFieldConfig


@dataclass(frozen=True)
class ScheduleConfig:
    """Iterations of the stages, in their order."""

    audio_pretraining_iterations: Whole = 0
    """Iterations in which the audio networks learn the shapes of the lips from sound, before
    everything else [0, in paper and official code]."""

    static_iterations: Count = 3_000
    """Static initialisation, equation 10 [O: 3,000]."""

    motion_iterations: Whole = 47_000
    """Motion learning, equation 11 [P: 50,000 with static initialisation]."""

    finetune_iterations: Whole = 10_000
    """Colour fine-tuning, equation 12 [P: 10,000]."""


@dataclass(frozen=True)
class GaussianConfig:
    """Canonical Gaussians of both branches: how they start and how fast they learn."""

    cloud: Literal["masks", "cube"] = "masks"
    """Initial points are drawn from the part of a cube that the masks allow, for the mouth around
    the lips, or from all of a cube around the origin [O: cube]."""

    extent: Positive = 0.1
    """Metres: half side of that cube [O: 0.1]."""

    colors: Literal["random", "grey"] = "random"
    """First colours: random, or a grey of 0.498 [O: grey]."""

    harmonics_degree: Annotated[int, Range(0, 2)] = 2
    """Highest degree of the spherical harmonics [O: 2]."""

    harmonics_every: Count = 1_000
    """Iterations between two degrees [O: 1,000]."""

    position_lr: Positive = 1.6e-4
    """First learning rate of positions, times the scene's extent [O]."""

    position_lr_final: Positive = 1.6e-6
    """Last learning rate of positions, times the scene's extent; the decay is exponential [O]."""

    position_lr_iterations: Count = 45_000
    """Iterations of that decay [O]."""

    color_lr: Amount = 2.5e-3
    """Learning rate of colours; higher harmonics learn at a twentieth of it [O]."""

    opacity_lr: Amount = 0.05
    """Learning rate of opacities [O]."""

    scale_lr: Amount = 3e-3
    """Learning rate of scales [O]."""

    rotation_lr: Amount = 1e-3
    """Learning rate of rotations [O]."""


@dataclass(frozen=True)
class DensifyConfig:
    """When Gaussians of both branches are added and removed."""

    start: Whole = 500
    """First iteration that adds and removes Gaussians [O: 500]."""

    every: Count = 100
    """Iterations between two such iterations [O: 100]."""

    dense_size: Positive = 5e-3
    """Share of the scene's extent: Gaussians with a longer axis are split, smaller ones cloned
    [O: 0.005]."""

    prune_opacity: Share = 0.05
    """Gaussians below this opacity are removed, at the start [O: 0.05]."""

    prune_opacity_final: Share = 0.3
    """The same at the last densification; it rises in between [O: 0.3]."""

    prune_size: Positive = 0.1
    """Share of the scene's extent: Gaussians with a longer axis are removed, after static
    initialisation [O: 0.1]."""


@dataclass(frozen=True)
class LossConfig:
    """Terms of the loss before fine-tuning."""

    mean: Literal["window", "image"] = "window"
    """Photometric and alpha terms are means over the window that is drawn, or over the whole image
    [P, O: image]."""

    ssim_weight: Share = 0.2
    """Lambda: weight of D-SSIM, in fine-tuning too [P: 0.2]."""

    alpha_weight: Amount = 1e-3
    """Weight of L1 between rendered alpha and mask [O: 1e-3]."""

    alpha_in_static: bool = True
    """Whether static initialisation has the alpha term [O: false]."""

    deformation_weight: Amount = 1e-5
    """Weight of the face's mean absolute deformation, of each part [O: 1e-5]."""

    lips_attention_weight: Amount = 1e-4
    """Weight of the expression attention in the square around the lips, a mean over its pixels
    [O: 1e-4]."""

    hair_attention_weight: Amount = 1e-4
    """Weight of audio and expression attention on hair, a mean over its pixels [O: 1e-4]."""


@dataclass(frozen=True)
class SamplingConfig:
    """Which frames training prefers, besides the settings of each branch."""

    static: Literal["widest", "official"] = "widest"
    """Frames that static initialisation prefers: those with the widest mouths; or for the face the
    window of equation 6 over the lips, and for the mouth the twentieth with the greatest AU25
    [O: official]."""

    open_share: Share = 0.1
    """Share of the frames that count as those with the widest mouths."""

    width: PositiveShare = 0.3
    """Width of the sliding window of equation 6, over the metric's range [O: 0.3]."""


@dataclass(frozen=True)
class FinetuneConfig:
    """Colour fine-tuning of the fused head, equation 12."""

    color_lr: Amount = 2.5e-3
    """Learning rate of colours; higher harmonics learn at a twentieth of it [O: as before]."""

    opacity_lr: Amount = 0.0
    """Learning rate of the face's opacities, 0 to keep them
    [P: 0; O: 0.05, whatever its script asks for]."""

    moments: Literal["new", "kept"] = "new"
    """Adam starts with new moments, or goes on with those of the branches [O: kept]."""

    lpips_weight: Amount = 0.5
    """Gamma: weight of LPIPS, where its weights are installed [P: 0.5]."""

    lpips_patches: bool = False
    """Whether LPIPS compares tiles of a random size, in the second half of fine-tuning, instead of
    whole images in all of it [P: false; O: true]."""


@dataclass(frozen=True)
class TalkingGaussianConfig:
    """Settings of TalkingGaussian.

    Sources: [P] paper, [S] its supplement, [O] official code as it runs at commit 9bd34f7. A value
    after a source is theirs. Lengths are in metres, times in iterations; learning rates are those
    of Adam.
    """

    audio_features: str = "mel"
    """Audio encoder; `tgbench list audio-encoders` shows the names [S: deepspeech; mel needs no
    pretrained network]."""

    motion: Literal["deformation", "appearance"] = "deformation"
    """What a motion field changes: the deformation of equation 5, or the colour and opacity of
    Gaussians that stay where they are [P: table 4]."""

    face_mouth_decomposition: bool = True
    """Whether face and inside of the mouth have a branch each. One branch for all of the head has
    as many Gaussians as the two together [P: table 4]."""

    incremental_sampling: bool = True
    """Whether frames are sampled by equation 6 [P: table 4]."""

    predict_opacity: bool = False
    """Whether motion fields also decode a change of opacity [S: table 5, +alpha]."""

    predict_color: bool = False
    """Whether motion fields also decode a change of colour [S: table 5, +RGB]."""

    unused_opacity: bool = False
    """Whether the face decodes a change of opacity that is charged as a deformation but not
    rendered [O: true]."""

    expression_units: Literal["seven", "six"] = "seven"
    """Upper-face action units that drive the face: the paper's seven, or six without AU02
    [S: seven; O: six]."""

    frame_rounding: Literal["nearest", "down"] = "nearest"
    """How rendered values become 8-bit numbers [O: down]."""

    scene_extent: Amount = 1.0
    """Metres: unit of the position rates, `densify.dense_size` and `densify.prune_size`. 0 measures
    it: 1.1 times the largest distance of a training camera from their mean [O: 0]."""

    random_background: bool = False
    """Whether each iteration trains over a new random colour, which Gaussians cannot imitate,
    instead of over green [O: false]."""

    background_tolerance: Share = 30 / 255
    """A Gaussian counts as painted in the colour of the training background if no channel, seen
    from the frame's camera, differs by more [O: 30 of 255]."""

    cache_megabytes: Whole = 512
    """Memory for decoded training frames; what does not fit is read again."""

    checkpoint_every: Count = 1000
    """Iterations between the checkpoints that a stopped fit resumes from."""

    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    face: FaceConfig = field(default_factory=FaceConfig)
    mouth: MouthConfig = field(default_factory=MouthConfig)
    gaussians: GaussianConfig = field(default_factory=GaussianConfig)
    densify: DensifyConfig = field(default_factory=DensifyConfig)
    grid: GridConfig = field(default_factory=GridConfig)
    audio: AudioConfig = field(default_factory=AudioConfig)
    motion_field: MotionFieldConfig = field(default_factory=MotionFieldConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            TgbenchError: a value is out of range, or two settings exclude each other.
        """
        check_ranges(self)
        appearance = self.motion == "appearance"
        if appearance and (self.predict_opacity or self.predict_color):
            raise TgbenchError(
                "motion=appearance already decodes opacity and colour; leave out predict_opacity "
                "and predict_color"
            )
        if self.unused_opacity and (self.predict_opacity or appearance):
            raise TgbenchError(
                "unused_opacity decodes an opacity that is not rendered; leave out predict_opacity "
                "and motion=appearance"
            )

    def branch(self, name: BranchName) -> BranchConfig:
        """Return the settings of one branch."""
        return self.face if name == "face" else self.mouth

    @property
    def charges_attention(self) -> bool:
        """Whether training has to render the region attention."""
        return self.loss.lips_attention_weight > 0 or self.loss.hair_attention_weight > 0

    @property
    def sees_whole_lips(self) -> bool:
        """Whether the mouth branch is charged for pixels all over the square around the lips."""
        return self.mouth.alpha == "filled" or self.mouth.pixels == "outside_lips"

    def initial_count(self, name: BranchName) -> int:
        """Return the size of the random cloud that a branch starts from."""
        return self._share(name, self.face.gaussians, self.mouth.gaussians)

    def count_limit(self, name: BranchName) -> int:
        """Return the most Gaussians that densification may give a branch."""
        return self._share(name, self.face.gaussian_limit, self.mouth.gaussian_limit)

    def _share(self, name: BranchName, face: int, mouth: int) -> int:
        """One branch for all has what two have together, so that only the split differs."""
        if not self.face_mouth_decomposition:
            return face + mouth
        return face if name == "face" else mouth

    @property
    def branch_iterations(self) -> int:
        """Iterations of one branch before fine-tuning."""
        return self.schedule.static_iterations + self.schedule.motion_iterations

    def densify_last(self, name: BranchName) -> float:
        """Return the iteration of the last densification of a branch."""
        return self.branch(name).densify_until * self.branch_iterations

    def window_end(self, name: BranchName) -> int:
        """Return the iteration in which a branch's window of equation 6 arrives."""
        return round(self.branch(name).incremental_until * self.branch_iterations)

    def finishes_mouth(self, name: BranchName, iteration: int) -> bool:
        """Return whether only the colours of the mouth learn in an iteration."""
        left = self.branch_iterations - iteration
        return name == "mouth" and left <= self.mouth.finish_iterations
