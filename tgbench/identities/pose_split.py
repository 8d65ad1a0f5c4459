"""Another split of a clip: the outermost head poses are held out, so that they are never seen.

A clip of one camera has no truth from elsewhere, but a head that turns shows its sides. Trained on
the frames in which it looks ahead and tested on those in which it turns most, a method is compared
with real pictures at angles that it has not seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..driving.cameras import directions
from ..errors import TgbenchError
from ..files import atomic_folder, link_or_copy, write_json
from . import layout
from .card import CARD, read_card, write_card
from .identity import Identity

Axis = Literal["yaw", "pitch"]

_FEWEST = 25
"""Frames to train on."""

_LEAST_DEGREES = 1.0
"""By which held-out poses must be beyond those of training, for the split to say anything."""


@dataclass(frozen=True)
class PoseSplit:
    """Frames of a clip by how far the head is turned.

    Attributes:
        train: positions of the frames to train on, in order of time.
        test: of the held-out ones.
        left_out: of those between, and too near in time to a held-out one.
        inner: degrees from the median pose that training frames reach.
        outer: from which on frames are held out.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    left_out: NDArray[np.int64]
    inner: float
    outer: float


def split_by_pose(
    identity: Identity,
    axis: Axis = "yaw",
    share: float = 0.1,
    train_share: float = 0.8,
    guard: float = 0.5,
) -> PoseSplit:
    """Return a clip split by the angle from which its camera sees the head.

    Args:
        identity: the clip.
        axis: the angle that counts, as its distance from the clip's median.
        share: of the frames, those with the largest distance are held out.
        train_share: of the frames, those with the smallest distance train.
        guard: seconds around held-out frames that do not train.

    Raises:
        TgbenchError: the shares overlap, held-out poses are hardly beyond those of training, or too
            few frames are left.
    """
    if not (share > 0.0 and train_share > 0.0 and share + train_share <= 1.0 and guard >= 0.0):
        raise TgbenchError(
            f"held-out share {share:g} and training share {train_share:g} must be above 0 and "
            f"together 1 at most, and the guard {guard:g} not negative"
        )
    angles = directions(identity.poses)[:, ("yaw", "pitch").index(axis)]
    away = np.abs(angles - np.median(angles))
    order = np.argsort(away, kind="stable")
    count = len(order)
    held_out = max(1, math.ceil(share * count))
    test = np.sort(order[count - held_out :])
    ids = np.array(identity.image_ids)
    # Seconds in frames, which rounding must not make a frame fewer.
    near = np.abs(ids[:, None] - ids[None, test]).min(axis=1) <= guard * identity.fps + 1e-6
    inside = np.zeros(count, np.bool_)
    inside[order[: math.floor(train_share * count)]] = True
    train = np.flatnonzero(inside & ~near)
    train = train[np.argsort(ids[train], kind="stable")]
    if len(train) < _FEWEST:
        raise TgbenchError(
            f"{identity.folder}: only {len(train)} frames are left to train on, it takes "
            f"{_FEWEST}; use a longer clip, or a smaller guard than {guard:g} s"
        )
    outer, inner = float(away[test].min()), float(away[train].max())
    if outer - inner < _LEAST_DEGREES:
        raise TgbenchError(
            f"{identity.folder}: held-out frames begin {outer:.1f} degrees of {axis} from the "
            f"median, hardly beyond the {inner:.1f} of training frames; use a clip in which the "
            "head turns more, or a smaller --train-share"
        )
    used = np.concatenate([train, test])
    return PoseSplit(train, test, np.setdiff1d(np.arange(count), used), inner, outer)


def write_pose_split(identity: Identity, split: PoseSplit, axis: Axis, folder: Path) -> None:
    """Write an identity with another split; its frames are those of the first one, linked.

    Args:
        identity: the clip.
        split: of it.
        axis: by which it was split.
        folder: to make.

    Raises:
        TgbenchError: there is something at its place.
    """
    if folder.exists():
        raise TgbenchError(f"{folder}: exists already; name a new folder, or delete it")
    tables = {
        layout.TRANSFORMS_TRAIN: split.train,
        layout.TRANSFORMS_VAL: split.test,
        layout.TRANSFORMS_LEFT_OUT: split.left_out,
    }
    # The track of a head lists frames in the order of time.
    own = {*tables, layout.TRACK_PARAMS, layout.PROVENANCE}
    card = read_card(identity.folder)
    with atomic_folder(folder) as made:
        for path in sorted(identity.folder.iterdir()):
            if path.name not in own:
                link_or_copy(path, made / path.name)
        for name, frames in tables.items():
            write_json(made / name, _transforms(identity, frames))
        said = {"axis": axis, "inner_degrees": split.inner, "outer_degrees": split.outer}
        write_json(made / layout.PROVENANCE, {**identity.provenance, "pose_split": said})
        if card is not None:
            # Its hashes are of the other transforms; a link would change both.
            (made / CARD).unlink(missing_ok=True)
            write_card(made, card)


def _transforms(identity: Identity, frames: NDArray[np.int64]) -> dict[str, object]:
    lens = identity.intrinsics
    return {
        "focal_len": lens.focal,
        "cx": lens.cx,
        "cy": lens.cy,
        "frames": [
            {
                "img_id": identity.image_ids[frame],
                "aud_id": identity.image_ids[frame],
                "transform_matrix": np.asarray(identity.poses[frame], np.float64).tolist(),
            }
            for frame in frames
        ],
    }
