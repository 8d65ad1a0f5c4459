"""Settings that the face and the inside of the mouth each have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from tgbench.configs import Range

BranchName = Literal["face", "mouth"]

Whole = Annotated[int, Range(0)]
Count = Annotated[int, Range(1)]
Amount = Annotated[float, Range(0)]
Positive = Annotated[float, Range(above=0)]
Share = Annotated[float, Range(0, 1)]
PositiveShare = Annotated[float, Range(above=0, most=1)]


@dataclass(frozen=True, kw_only=True)
class BranchConfig:
    """Settings of one branch. Each branch has its own defaults."""

    gaussians: Count
    """Gaussians of the random initial cloud [O: 2,000 face, 10,000 mouth]."""

    gaussian_limit: Whole
    """Densification stops at this number of Gaussians [O: no limit]."""

    densify_until: Share
    """Share of the branch's iterations after which densification ends
    [O: 49,000 (face) and 45,000 (mouth) of 50,000]."""

    densify_gradient: Amount
    """A Gaussian is cloned or split where the mean gradient of its position in the image, in half
    images, is above this [O: 5e-4 face, 2e-4 mouth]."""

    grid_coarsest: Annotated[int, Range(2)]
    """Coarsest resolution of the hash grid over its cube [S: 16 face, 64 mouth]."""

    grid_finest: Annotated[float, Range(2)]
    """Finest resolution of the hash grid [S: 256 face, 384 mouth; O: 38.4 and 57.6]."""

    hidden: Count
    """Width of the motion decoder, which has three layers [S: 64 face, 32 mouth]."""

    lpips_iterations: Whole = 0
    """Last iterations of motion learning that have an LPIPS term
    [P: 0; O: 3,000 face, 1,000 mouth]."""

    open_every: Count
    """With `sampling.static=widest`, static initialisation asks for a frame with a wide open mouth
    once in this many iterations."""

    incremental_every: Count
    """K of equation 6: once in this many iterations the frame comes from the sliding window
    [O: 15 face, 7 mouth]."""

    incremental_until: PositiveShare
    """Share of the branch's iterations after which the sliding window of equation 6 has arrived
    [O: 0.8 face, 0.78 mouth]."""


@dataclass(frozen=True, kw_only=True)
class FaceConfig(BranchConfig):
    """Settings of the face branch: all of the head but the inside of the mouth."""

    gaussians: Count = 2_000
    gaussian_limit: Whole = 60_000
    densify_until: Share = 0.98
    densify_gradient: Amount = 5e-4
    grid_coarsest: Annotated[int, Range(2)] = 16
    grid_finest: Annotated[float, Range(2)] = 256.0
    hidden: Count = 64
    open_every: Count = 15
    incremental_every: Count = 15
    incremental_until: PositiveShare = 0.8

    sampling: Literal["lips_and_eyes", "eyes"] = "lips_and_eyes"
    """Motions that the window of equation 6 slides over in motion learning: lips and eyes in turn
    [P], or eyes alone, in a wider window [O: eyes]."""

    hair_every: Count = 7
    """Motion is learned with hair once in this many iterations, and from the skin alone in the
    others [O: 7]."""

    hair_last_iterations: Whole = 0
    """Last iterations that all see hair [O: 4,000]."""

    teeth_alpha: Literal["hole", "face"] = "hole"
    """Target of the face's alpha where teeth show: 0 as in the rest of the mouth, or 1
    [O: face, because it combines the two masks by exclusive or]."""


@dataclass(frozen=True, kw_only=True)
class MouthConfig(BranchConfig):
    """Settings of the branch for the inside of the mouth."""

    gaussians: Count = 10_000
    gaussian_limit: Whole = 20_000
    densify_until: Share = 0.9
    densify_gradient: Amount = 2e-4
    grid_coarsest: Annotated[int, Range(2)] = 64
    grid_finest: Annotated[float, Range(2)] = 384.0
    hidden: Count = 32
    open_every: Count = 1
    incremental_every: Count = 7
    incremental_until: PositiveShare = 0.78

    sampling: Literal["opening", "closing"] = "opening"
    """The window of equation 6 slides from closed to open mouths, or widens from the most open
    frames down to the lower quartile of AU25 [O: closing]."""

    extent: Positive = 0.05
    """Metres: half side of the cube about the lips that the initial cloud is drawn from, with
    `gaussians.cloud=masks`."""

    finish_iterations: Whole = 0
    """Last iterations, over black, in which only colours learn [O: 1,000]."""

    pixels: Literal["mask", "outside_lips"] = "mask"
    """Pixels that are compared: those of the mouth's mask [S], or also all pixels outside the
    square around the lips, where the branch must not show [O: outside_lips]."""

    alpha: Literal["free", "filled"] = "free"
    """Alpha inside the square around the lips: free, or pulled to 1 [O: filled]."""

    background: Literal["shrink", "enlarge"] = "shrink"
    """What happens to Gaussians in the colour of the training background, besides becoming faint:
    they shrink, or grow so that the next pruning by size removes them [O: enlarge]."""

    sideways: Amount = 1.0
    """Share of the decoded translation that the mouth follows sideways and in depth
    [P: 1; O: 0.2]."""
