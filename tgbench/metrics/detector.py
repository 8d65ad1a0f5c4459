"""How wrong the landmark detector itself is, where the landmarks are known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..identities import Identity
from ..progress import SILENT, Progress
from .landmark_geometry import MOUTH, inter_ocular_distance
from .lips.lmd import mouth_landmark_distance
from .suite import LandmarkFinder


@dataclass(frozen=True)
class DetectorError:
    """Found against exact landmarks of a clip.

    Attributes:
        found, total: frames with a face, of how many.
        lmd: mean over frames of the mouth's landmark distance, pixels: the LMD that a perfect
            rendering would get if its landmarks were exact and the truth's were detected.
        random_lmd: the same without each point's mean offset over the clip. The offset (the
            detector marks another spot of the lip) is alike in both videos of a comparison and
            cancels; this part does not.
        inter_ocular: mean distance of the eyes, pixels, to put the others in proportion.
    """

    found: int
    total: int
    lmd: float
    random_lmd: float
    inter_ocular: float


def detector_error(
    identity: Identity, finder: LandmarkFinder, progress: Progress = SILENT
) -> DetectorError:
    """Compare a detector's landmarks with those of an identity's folder.

    Args:
        identity: a clip whose landmarks are exact, such as a synthetic one.
        finder: the detector.
        progress: where to report.

    Raises:
        TgbenchError: no face was found in any frame.
    """
    found: list[NDArray[np.float32]] = []
    exact: list[NDArray[np.float32]] = []
    with progress.task("finding landmarks that are known", len(identity)) as task:
        for frame in range(len(identity)):
            points = finder.find(identity.frame(frame))
            if points is not None:
                found.append(points)
                exact.append(identity.landmarks[frame])
            task.advance()
    if not found:
        raise TgbenchError(f"{identity.folder}: the detector finds no face in any frame")
    return error_of_landmarks(np.stack(found), np.stack(exact), len(identity))


def error_of_landmarks(
    found: NDArray[np.floating], exact: NDArray[np.floating], total: int
) -> DetectorError:
    """Return the error of landmarks [T, 68, 2] found in T of `total` frames."""
    centred = [np.asarray(points, np.float64) - _mouth_centre(points) for points in (found, exact)]
    unbiased = centred[0] - (centred[0] - centred[1]).mean(axis=0)
    return DetectorError(
        found=len(found),
        total=total,
        lmd=float(np.mean([mouth_landmark_distance(*pair) for pair in zip(*centred, strict=True)])),
        random_lmd=float(
            np.mean(
                [mouth_landmark_distance(*pair) for pair in zip(unbiased, centred[1], strict=True)]
            )
        ),
        inter_ocular=float(np.mean([inter_ocular_distance(points) for points in exact])),
    )


def _mouth_centre(points: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(points)[:, MOUTH].mean(axis=1, keepdims=True)
