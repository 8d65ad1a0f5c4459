"""What metrics are given of a case whose cameras moved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..interfaces import Case, FilmedClip, Image, Layers, Method, MovedCameras, RendersLayers


def moved_cameras(case: Case, method: Method) -> MovedCameras | None:
    """Return what is known of the cameras of a case; None: they are where the clip's was."""
    if case.view is None:
        return None
    drive, identity = case.drive, case.identity
    filmed = identity.poses[drive.source_frames][:, :3, :3].astype(np.float64)
    moved = drive.poses[:, :3, :3].astype(np.float64)

    def rendered() -> Iterator[Layers]:
        assert isinstance(method, RendersLayers)
        return method.layers(drive)

    def frame(index: int) -> Image:
        return identity.frame(int(drive.source_frames[index]))

    return MovedCameras(
        turns=np.swapaxes(moved, 1, 2) @ filmed,
        poses=drive.poses,
        lens=drive.intrinsics,
        filmed=frame,
        clip=FilmedClip(
            identity.poses, np.array(identity.image_ids) / identity.fps, identity.frame
        ),
        sources=drive.source_frames,
        rendered=rendered if isinstance(method, RendersLayers) else None,
        truth=case.truth,
        frozen=case.view.frozen,
    )
