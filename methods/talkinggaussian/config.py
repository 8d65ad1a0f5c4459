"""Settings of TalkingGaussian. The defaults are the paper's; where it is silent, the field's."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

from tgbench.errors import TgbenchError

BranchName = Literal["face", "mouth"]


@dataclass(frozen=True)
class TalkingGaussianConfig:
    """All settings, flat. Sources: [P] paper, [S] its supplement, [O] official implementation.

    Lengths are metres, times are iterations, learning rates those of Adam.

    Attributes:
        audio_features: kind of audio window, a name of `tgbench.audio.features.KINDS`
            [S: DeepSpeech; mel needs no pretrained network].
        cache_megabytes: memory for decoded training frames; what does not fit is read again.
        checkpoint_every: iterations between the checkpoints that a stopped fit resumes from.

        motion: what a motion field changes: the deformation of equation 5, or the appearance, that
            is colour and opacity, of Gaussians that stay where they are [P: table 4].
        face_mouth_decomposition: one branch for the face and one for the inside of the mouth, or
            one for all of the head, as large as both [P: table 4].
        predict_opacity, predict_color: decode a change of opacity (`+alpha`) and of colour
            (`+RGB`) beside the deformation [S: table 5].
        expression_units: the seven upper-face action units of the paper, or the six without AU02
            [S: seven; O: six].

        static_iterations: static initialisation, equation 10 [O: 3000].
        motion_iterations: motion learning, equation 11 [P: 50,000 with the initialisation].
        finetune_iterations: colour fine-tuning, equation 12 [P: 10,000].

        face_gaussians, mouth_gaussians: size of the random initial clouds [O].
        face_gaussian_limit, mouth_gaussian_limit: densification stops at these.
        initial_extent: half side of the cube that the face's cloud is drawn from [O: 0.1].
        mouth_extent: the same of the mouth's, about the lips [O: 0.1 about the origin].
        harmonics_degree: highest degree of the spherical harmonics [O: 2].
        harmonics_every: iterations between two degrees [O: 1000].
        position_lr, position_lr_final, position_lr_iterations: exponential decay [O].
        color_lr, opacity_lr, scale_lr, rotation_lr: of the other parameters [O]; the higher
            harmonics learn at a twentieth of `color_lr`.
        finetune_color_lr: of the colours in fine-tuning [O: as before].
        finetune_opacity_lr: of the face's opacities in fine-tuning, 0 to keep them
            [P: 0; O: 0.001].

        densify_from, densify_until, densify_every: when Gaussians are added and removed; from 0
            to 1 of the branch's iterations for `densify_until` [O: 500, 49,000 of 50,000, 100].
        face_densify_gradient, mouth_densify_gradient: mean screen gradient, in half images,
            above which a Gaussian is cloned or split [O: 5e-4, 2e-4].
        dense_size: a Gaussian with a larger axis is split, a smaller one cloned [O: 0.005].
        prune_opacity, prune_opacity_final: opacity below which a Gaussian is removed, at the
            first and the last densification [O: 0.05 to 0.3].
        prune_size: metres; a Gaussian with a longer axis is removed, after the static stage
            [O: a tenth of the scene's extent].
        random_background: train over a new random colour in every iteration, which leaves no
            colour to imitate, instead of over green [O: green].
        background_tolerance: largest channel difference at which a Gaussian counts as painted
            in the colour of the training background [O: prunes green ones].

        grid_levels, grid_log2_size, grid_bound: of the hash grids; the cube they cover is
            [-bound, bound] [S: 12 levels; O: 17, 0.15].
        face_grid_coarsest, face_grid_finest, mouth_grid_coarsest, mouth_grid_finest: their
            resolutions over the cube [S: 16 to 256 and 64 to 384].
        face_hidden, mouth_hidden: width of the motion decoders, three layers [S: 64, 32].
        audio_dim: length of the audio feature [O: 32].
        position_scale: metres of movement for a decoder output of 1 [O: 0.01].
        mouth_sideways: share of the decoded translation that the inside of the mouth follows to
            the sides and in depth [P: 1; O: 0.2].
        grid_lr, network_lr: of AdamW for hash grids and all else [S: 5e-3, 5e-4].
        audio_attention_lr: factor on `network_lr` for the attention over windows [O: 5].
        motion_lr_final: share of the rates left at the end, reached exponentially [O: about 0.05].
        weight_decay: of AdamW on audio networks [O: 1e-4 on the attention].
        audio_noise: standard deviation of noise added to audio windows when training, in units
            of the feature [0: none, as the paper].
        audio_jitter: largest random shift of the audio windows when training, in video frames.

        ssim_weight: lambda [P: 0.2].
        lpips_weight: gamma, in fine-tuning, where LPIPS weights are [P: 0.5].
        lpips_patches: compare random patches in fine-tuning, in its second half, instead of whole
            images in all of it [P: off; O: on].
        face_lpips_iterations, mouth_lpips_iterations: last iterations of motion learning that
            have an LPIPS term of their own [P: 0; O: 3000 and 1000].
        hair_every: the face branch learns motion with hair in every such iteration, else from
            the skin alone [O: 7].
        alpha_weight: L1 between rendered alpha and mask [O: 1e-3].
        deformation_weight: mean absolute deformation, each part [O: 1e-5].
        lips_attention_weight: expression attention on the lips [O: 1e-4].
        hair_attention_weight: audio and expression attention on hair [O: 1e-4].

        open_share: share of the frames, those with the widest mouths, that static initialisation
            prefers [O: mouth: maximal AU25; face: a window].
        face_open_every, mouth_open_every: it draws one of them once in so many iterations
            [O: 15, 1].
        incremental_sampling: equation 6 on or off [P: on].
        face_incremental_every, mouth_incremental_every: K of the sampling [O: 15, 7].
        incremental_width: width of the sliding window over the metric's range [O: 0.3].
        incremental_until: share of motion learning after which the window has arrived [O: 0.8].
    """

    audio_features: Literal["mel"] = "mel"
    motion: Literal["deformation", "appearance"] = "deformation"
    face_mouth_decomposition: bool = True
    predict_opacity: bool = False
    predict_color: bool = False
    expression_units: Literal["seven", "six"] = "seven"
    cache_megabytes: int = 512
    checkpoint_every: int = 1000

    static_iterations: int = 3_000
    motion_iterations: int = 47_000
    finetune_iterations: int = 10_000

    face_gaussians: int = 2_000
    mouth_gaussians: int = 10_000
    face_gaussian_limit: int = 60_000
    mouth_gaussian_limit: int = 20_000
    initial_extent: float = 0.1
    mouth_extent: float = 0.05
    harmonics_degree: int = 2
    harmonics_every: int = 1_000
    position_lr: float = 1.6e-4
    position_lr_final: float = 1.6e-6
    position_lr_iterations: int = 45_000
    color_lr: float = 2.5e-3
    opacity_lr: float = 0.05
    scale_lr: float = 3e-3
    rotation_lr: float = 1e-3
    finetune_color_lr: float = 2.5e-3
    finetune_opacity_lr: float = 0.0

    densify_from: int = 500
    densify_until: float = 0.94
    densify_every: int = 100
    face_densify_gradient: float = 5e-4
    mouth_densify_gradient: float = 2e-4
    dense_size: float = 5e-3
    prune_opacity: float = 0.05
    prune_opacity_final: float = 0.3
    prune_size: float = 0.1
    random_background: bool = False
    background_tolerance: float = 0.15

    grid_levels: int = 12
    grid_log2_size: int = 17
    grid_bound: float = 0.15
    face_grid_coarsest: int = 16
    face_grid_finest: int = 256
    mouth_grid_coarsest: int = 64
    mouth_grid_finest: int = 384
    face_hidden: int = 64
    mouth_hidden: int = 32
    audio_dim: int = 32
    position_scale: float = 0.01
    mouth_sideways: float = 1.0
    grid_lr: float = 5e-3
    network_lr: float = 5e-4
    audio_attention_lr: float = 5.0
    motion_lr_final: float = 0.05
    weight_decay: float = 1e-4
    audio_noise: float = 0.0
    audio_jitter: float = 0.0

    ssim_weight: float = 0.2
    lpips_weight: float = 0.5
    lpips_patches: bool = False
    face_lpips_iterations: int = 0
    mouth_lpips_iterations: int = 0
    hair_every: int = 7
    alpha_weight: float = 1e-3
    deformation_weight: float = 1e-5
    lips_attention_weight: float = 1e-4
    hair_attention_weight: float = 1e-4

    open_share: float = 0.1
    face_open_every: int = 15
    mouth_open_every: int = 1
    incremental_sampling: bool = True
    face_incremental_every: int = 15
    mouth_incremental_every: int = 7
    incremental_width: float = 0.3
    incremental_until: float = 0.8

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            TgbenchError: a value is out of range; the message names it.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise TgbenchError(f"{field.name}={value} must be a finite number")
            if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
                raise TgbenchError(f"{field.name}={value} must not be negative")
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise TgbenchError(f"{name}={getattr(self, name)} must be positive")
        for name in _SHARES:
            if getattr(self, name) > 1:
                raise TgbenchError(f"{name}={getattr(self, name)} is a share and must be at most 1")
        for name in _RESOLUTIONS:
            if getattr(self, name) < 2:
                raise TgbenchError(f"{name}={getattr(self, name)} must be at least 2")
        if self.motion == "appearance" and (self.predict_opacity or self.predict_color):
            raise TgbenchError(
                "motion=appearance decodes opacity and colour by itself; leave out "
                "predict_opacity and predict_color"
            )
        if not 1 <= self.grid_log2_size <= 24:
            raise TgbenchError(f"grid_log2_size={self.grid_log2_size} must be 1 to 24")
        if self.audio_jitter > 1:
            raise TgbenchError(f"audio_jitter={self.audio_jitter} must be at most 1 frame")
        if self.harmonics_degree > 2:
            raise TgbenchError(f"harmonics_degree={self.harmonics_degree} must be 0 to 2")

    @property
    def charges_attention(self) -> bool:
        """Whether the region attention has to be rendered when training."""
        return self.lips_attention_weight > 0 or self.hair_attention_weight > 0

    def initial_count(self, branch: BranchName) -> int:
        """Size of the random cloud that a branch starts from."""
        return self._share(branch, self.face_gaussians, self.mouth_gaussians)

    def count_limit(self, branch: BranchName) -> int:
        """Most Gaussians that densification may give a branch."""
        return self._share(branch, self.face_gaussian_limit, self.mouth_gaussian_limit)

    def _share(self, branch: BranchName, face: int, mouth: int) -> int:
        """One branch for all has what two have together, so that only the split differs."""
        if not self.face_mouth_decomposition:
            return face + mouth
        return face if branch == "face" else mouth

    @property
    def branch_iterations(self) -> int:
        """Iterations of one branch before fine-tuning."""
        return self.static_iterations + self.motion_iterations


_RESOLUTIONS = (
    "face_grid_coarsest",
    "face_grid_finest",
    "mouth_grid_coarsest",
    "mouth_grid_finest",
)
_POSITIVE = (
    "checkpoint_every",
    "static_iterations",
    "face_gaussians",
    "mouth_gaussians",
    "initial_extent",
    "mouth_extent",
    "harmonics_every",
    "position_lr",
    "position_lr_final",
    "position_lr_iterations",
    "densify_every",
    "dense_size",
    "prune_size",
    "grid_levels",
    "grid_bound",
    "face_hidden",
    "mouth_hidden",
    "audio_dim",
    "motion_lr_final",
    "hair_every",
    "face_open_every",
    "mouth_open_every",
    "face_incremental_every",
    "mouth_incremental_every",
    "incremental_width",
    "incremental_until",
)
_SHARES = (
    "open_share",
    "densify_until",
    "prune_opacity",
    "prune_opacity_final",
    "background_tolerance",
    "motion_lr_final",
    "ssim_weight",
    "incremental_width",
    "incremental_until",
)
