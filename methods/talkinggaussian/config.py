"""Settings of TalkingGaussian, and where their values come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .config_checks import check_settings

BranchName = Literal["face", "mouth"]


@dataclass(frozen=True)
class TalkingGaussianConfig:
    """All settings, flat. Sources: [P] paper, [S] its supplement, [O] official implementation.

    [O] is what the official code does when it is run, at commit 9bd34f7. Lengths are metres, times
    are iterations, learning rates those of Adam.

    Attributes:
        audio_features: name of the audio encoder; `tgbench list audio-encoders` shows them
            [S: deepspeech; mel needs no pretrained network].
        audio_input: audio features as they are, or normalised by the mean and deviation of each
            channel of the training frames [O: raw].
        audio_outside: what windows hold beyond the ends of the sound: the nearest window, or
            zeros [O: zeros].
        frame_rounding: how rendered frames become 8-bit numbers: to the nearest, or cut down
            [O: down].
        cache_megabytes: memory for decoded training frames; what does not fit is read again.
        checkpoint_every: iterations between the checkpoints that a stopped fit resumes from.

        motion: what a motion field changes: the deformation of equation 5, or the appearance, that
            is colour and opacity, of Gaussians that stay where they are [P: table 4].
        face_mouth_decomposition: one branch for the face and one for the inside of the mouth, or
            one for all of the head, as large as both [P: table 4].
        predict_opacity, predict_color: decode a change of opacity (`+alpha`) and of colour
            (`+RGB`) beside the deformation [S: table 5].
        unused_opacity: the face decodes a change of opacity that is charged as a deformation and
            left out of the rendering [O: on].
        expression_units: the seven upper-face action units of the paper, or the six without AU02
            [S: seven; O: six].

        listening_iterations: before it the audio encoders learn the lips' shapes from sound
            [0: not at all, as paper and official code].
        static_iterations: static initialisation, equation 10 [O: 3000].
        motion_iterations: motion learning, equation 11 [P: 50,000 with the initialisation].
        finetune_iterations: colour fine-tuning, equation 12 [P: 10,000].

        scene_extent: metres; factor of the position rates, `dense_size` and `prune_size`. 0
            measures it: 1.1 times the largest distance of a training camera from their mean
            [O: measured].
        face_gaussians, mouth_gaussians: size of the random initial clouds [O].
        face_gaussian_limit, mouth_gaussian_limit: densification stops at these [O: no limit].
        initial_cloud: drawn from the part of the cube that the masks allow, the mouth's about the
            lips, or from all of the cube about the origin [O: cube].
        initial_extent: half side of the cube [O: 0.1].
        mouth_extent: the same of the mouth's cloud about the lips.
        initial_colors: random, or a grey of 0.498 [O: grey].
        harmonics_degree: highest degree of the spherical harmonics [O: 2].
        harmonics_every: iterations between two degrees [O: 1000].
        position_lr, position_lr_final, position_lr_iterations: exponential decay, times the
            scene's extent [O].
        color_lr, opacity_lr, scale_lr, rotation_lr: of the other parameters [O]; the higher
            harmonics learn at a twentieth of `color_lr`.
        finetune_color_lr: of the colours in fine-tuning [O: as before].
        finetune_opacity_lr: of the face's opacities in fine-tuning, 0 to keep them
            [P: 0; O: 0.05, whatever its script asks for].
        finetune_moments: fine-tuning starts with new moments of Adam, or goes on with those of
            the branches [O: kept].

        densify_from, densify_every: when Gaussians are added and removed [O: 500, 100].
        face_densify_until, mouth_densify_until: until when, from 0 to 1 of the branch's
            iterations [O: 49,000 and 45,000 of 50,000].
        face_densify_gradient, mouth_densify_gradient: mean screen gradient, in half images,
            above which a Gaussian is cloned or split [O: 5e-4, 2e-4].
        dense_size: share of the scene's extent; a Gaussian with a longer axis is split, a smaller
            one cloned [O: 0.005].
        prune_opacity, prune_opacity_final: opacity below which a Gaussian is removed, at the
            start and at the last densification [O: 0.05 to 0.3].
        prune_size: share of the scene's extent; a Gaussian with a longer axis is removed, after
            the static stage [O: 0.1].
        random_background: train over a new random colour in every iteration, which leaves no
            colour to imitate, instead of over green [O: green].
        background_tolerance: largest channel difference, seen from the frame's camera, at which a
            Gaussian counts as painted in the colour of the training background [O: 30 of 255].
        mouth_background: Gaussians of the mouth in that colour become faint and are shrunk, or
            enlarged so that the next pruning by size removes them [O: enlarge].

        grid_layout: of the hash grids: that of tiny-cuda-nn, with the nearest face's value outside
            the cube, or that of torch-ngp, with one more vertex on each axis and zeros outside
            [O: torch_ngp].
        grid_levels, grid_log2_size, grid_bound: of the hash grids; the cube they cover is
            [-bound, bound] [S: 12 levels; O: 17, 0.15].
        face_grid_coarsest, face_grid_finest, mouth_grid_coarsest, mouth_grid_finest: their
            resolutions over the cube [S: 16 to 256 and 64 to 384; O: 16 to 38.4, 64 to 57.6].
        face_hidden, mouth_hidden: width of the motion decoders, three layers [S: 64, 32].
        audio_dim: length of the audio feature [O: 32].
        network_biases: of decoders, region attention and expression network [O: none].
        network_start: torch's own start, or the audio network scaled to keep sounds apart and the
            decoder's last layer at zero [O: torch].
        expression_attention: activation that ends the attention to action units [O: relu].
        motion_moves_positions: the gradient of the motion field reaches the canonical positions
            that it is asked at [O: on].
        position_scale: metres of movement for a decoder output of 1 [O: 0.01].
        mouth_sideways: share of the decoded translation that the inside of the mouth follows to
            the sides and in depth [P: 1; O: 0.2].
        grid_lr, network_lr: of AdamW for hash grids and all else [S: 5e-3, 5e-4].
        audio_lr: factor on `network_lr` for the network that encodes windows of sound [O: 1].
        audio_attention_lr: factor on `network_lr` for the attention over windows [O: 5].
        motion_lr_schedule: one exponential over motion learning [S], or halved until the windows
            of equation 6 arrive, then a tenth over all of the branch's iterations [O: steps].
        motion_lr_final: share of the rates left at the end of the exponential.
        grid_weight_decay, audio_weight_decay, audio_attention_weight_decay: of AdamW on the hash
            grid, the audio network and its attention over windows [O: 0.01, 0, 1e-4].
        audio_noise: standard deviation of noise added to audio windows when training, in units
            of the feature [0: none, as the paper].
        audio_jitter: largest random shift of the audio windows when training, in video frames.

        loss_mean: photometric and alpha terms of the branches are means over the window that is
            drawn, or over the whole image [P, O: image].
        ssim_weight: lambda [P: 0.2].
        lpips_weight: gamma, in fine-tuning, where LPIPS weights are [P: 0.5].
        lpips_patches: compare tiles of a random size in fine-tuning, in its second half, instead
            of whole images in all of it [P: off; O: on].
        face_lpips_iterations, mouth_lpips_iterations: last iterations of motion learning that
            have an LPIPS term of their own [P: 0; O: 3000 and 1000].
        mouth_finish_iterations: last iterations of the mouth, over black, in which only its
            colours learn [O: 1000].
        mouth_pixels: the mouth is compared inside its mask [S], or also outside the square about
            the lips, where it must not show [O: outside_lips].
        hair_every: the face branch learns motion with hair in every such iteration, else from
            the skin alone [O: 7].
        hair_last_iterations: last iterations of the face that all see hair [O: 4000].
        alpha_weight: L1 between rendered alpha and mask [O: 1e-3].
        alpha_in_static: charge alpha in static initialisation, too [O: off].
        teeth_alpha: the face's alpha where teeth show inside the mouth: 0 as in the rest of the
            hole, or 1 [O: face, by an exclusive or of its masks].
        mouth_alpha: the mouth's alpha inside the square about the lips: free, or pulled to 1
            [O: filled].
        deformation_weight: mean absolute deformation of the face, each part [O: 1e-5].
        lips_attention_weight: expression attention on the square about the lips, a mean over its
            pixels [O: 1e-4].
        hair_attention_weight: audio and expression attention on hair, a mean over its pixels
            [O: 1e-4].

        static_sampling: frames that static initialisation prefers: those with the widest mouths,
            or for the face the window of equation 6 over the lips, and for the mouth the
            twentieth with the greatest AU25 [O: official].
        open_share: share of the frames that count as those with the widest mouths.
        face_open_every, mouth_open_every: widest mouths are asked for once in so many iterations.
        incremental_sampling: equation 6 on or off [P: on].
        face_sampling: motions that the face's window slides over in motion learning: lips and
            eyes in turns [P], or eyes alone, in a wider window [O: eyes].
        mouth_sampling: the mouth's window slides from closed to open, or widens from the most
            open frames down to the lower quartile of AU25 [O: closing].
        face_incremental_every, mouth_incremental_every: K of the sampling [O: 15, 7].
        incremental_width: width of the sliding window over the metric's range [O: 0.3].
        face_incremental_until, mouth_incremental_until: share of the branch's iterations after
            which the window has arrived [O: 0.8, 0.78].
    """

    audio_features: str = "mel"
    audio_input: Literal["normalised", "raw"] = "normalised"
    audio_outside: Literal["nearest", "zeros"] = "nearest"
    frame_rounding: Literal["nearest", "down"] = "nearest"
    motion: Literal["deformation", "appearance"] = "deformation"
    face_mouth_decomposition: bool = True
    predict_opacity: bool = False
    predict_color: bool = False
    unused_opacity: bool = False
    expression_units: Literal["seven", "six"] = "seven"
    cache_megabytes: int = 512
    checkpoint_every: int = 1000

    listening_iterations: int = 0
    static_iterations: int = 3_000
    motion_iterations: int = 47_000
    finetune_iterations: int = 10_000

    scene_extent: float = 1.0
    face_gaussians: int = 2_000
    mouth_gaussians: int = 10_000
    face_gaussian_limit: int = 60_000
    mouth_gaussian_limit: int = 20_000
    initial_cloud: Literal["masks", "cube"] = "masks"
    initial_extent: float = 0.1
    mouth_extent: float = 0.05
    initial_colors: Literal["random", "grey"] = "random"
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
    finetune_moments: Literal["new", "kept"] = "new"

    densify_from: int = 500
    densify_every: int = 100
    face_densify_until: float = 0.98
    mouth_densify_until: float = 0.9
    face_densify_gradient: float = 5e-4
    mouth_densify_gradient: float = 2e-4
    dense_size: float = 5e-3
    prune_opacity: float = 0.05
    prune_opacity_final: float = 0.3
    prune_size: float = 0.1
    random_background: bool = False
    background_tolerance: float = 30 / 255
    mouth_background: Literal["shrink", "enlarge"] = "shrink"

    grid_layout: Literal["tiny_cuda_nn", "torch_ngp"] = "tiny_cuda_nn"
    grid_levels: int = 12
    grid_log2_size: int = 17
    grid_bound: float = 0.15
    face_grid_coarsest: int = 16
    face_grid_finest: float = 256.0
    mouth_grid_coarsest: int = 64
    mouth_grid_finest: float = 384.0
    face_hidden: int = 64
    mouth_hidden: int = 32
    audio_dim: int = 32
    network_biases: bool = True
    network_start: Literal["scaled", "torch"] = "scaled"
    expression_attention: Literal["softplus", "relu"] = "softplus"
    motion_moves_positions: bool = False
    position_scale: float = 0.01
    mouth_sideways: float = 1.0
    grid_lr: float = 5e-3
    network_lr: float = 5e-4
    audio_lr: float = 1.0
    audio_attention_lr: float = 5.0
    motion_lr_schedule: Literal["exponential", "steps"] = "exponential"
    motion_lr_final: float = 0.05
    grid_weight_decay: float = 0.0
    audio_weight_decay: float = 1e-4
    audio_attention_weight_decay: float = 1e-4
    audio_noise: float = 0.0
    audio_jitter: float = 0.0

    loss_mean: Literal["window", "image"] = "window"
    ssim_weight: float = 0.2
    lpips_weight: float = 0.5
    lpips_patches: bool = False
    face_lpips_iterations: int = 0
    mouth_lpips_iterations: int = 0
    mouth_finish_iterations: int = 0
    mouth_pixels: Literal["mask", "outside_lips"] = "mask"
    hair_every: int = 7
    hair_last_iterations: int = 0
    alpha_weight: float = 1e-3
    alpha_in_static: bool = True
    teeth_alpha: Literal["hole", "face"] = "hole"
    mouth_alpha: Literal["free", "filled"] = "free"
    deformation_weight: float = 1e-5
    lips_attention_weight: float = 1e-4
    hair_attention_weight: float = 1e-4

    static_sampling: Literal["widest", "official"] = "widest"
    open_share: float = 0.1
    face_open_every: int = 15
    mouth_open_every: int = 1
    incremental_sampling: bool = True
    face_sampling: Literal["lips_and_eyes", "eyes"] = "lips_and_eyes"
    mouth_sampling: Literal["opening", "closing"] = "opening"
    face_incremental_every: int = 15
    mouth_incremental_every: int = 7
    incremental_width: float = 0.3
    face_incremental_until: float = 0.8
    mouth_incremental_until: float = 0.78

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            TgbenchError: a value is out of range; the message names it.
        """
        check_settings(self)

    @property
    def charges_attention(self) -> bool:
        """Whether the region attention has to be rendered when training."""
        return self.lips_attention_weight > 0 or self.hair_attention_weight > 0

    @property
    def sees_whole_lips(self) -> bool:
        """Whether the mouth branch is charged for pixels all over the square about the lips."""
        return self.mouth_alpha == "filled" or self.mouth_pixels == "outside_lips"

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

    def densify_last(self, branch: BranchName) -> float:
        """Iteration of the last densification of a branch."""
        until = self.face_densify_until if branch == "face" else self.mouth_densify_until
        return until * self.branch_iterations

    def window_end(self, branch: BranchName) -> int:
        """Iteration in which a branch's window of equation 6 arrives."""
        face = branch == "face"
        share = self.face_incremental_until if face else self.mouth_incremental_until
        return round(share * self.branch_iterations)

    def finishes_mouth(self, branch: BranchName, iteration: int) -> bool:
        """Whether only the colours of the mouth learn in an iteration."""
        left = self.branch_iterations - iteration
        return branch == "mouth" and left <= self.mouth_finish_iterations
