"""The provenance of an identity and the quality of its tracking, for `identity.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..faces import landmarks, segmentation
from ..faces.head_track import HeadTrack
from ..identities import layout
from ..identities.layout import FPS
from ..specs import BackendKind
from ..version import __version__
from .crop import Crop
from .faces import FaceBoxes
from .frames import SEEN_AT, Measured
from .source import Source

FILES = {
    BackendKind.LANDMARKS: (layout.LANDMARKS,),
    BackendKind.POSE: (
        layout.TRANSFORMS_TRAIN,
        layout.TRANSFORMS_VAL,
        layout.TRACK_PARAMS,
    ),
    BackendKind.PARSING: (layout.PARSING, layout.TEETH),
    BackendKind.ACTION_UNITS: (layout.ACTION_UNITS,),
}
"""What the backends of each kind make."""


@dataclass(frozen=True)
class MadeBy:
    """Which backend made a part of an identity.

    Attributes:
        backend: its name.
        settings: of the backend.
        measured_by: versions and weights.
    """

    backend: str
    settings: Mapping[str, Any]
    measured_by: str


def provenance(
    source: Source,
    seen: Measured,
    track: HeadTrack,
    crop: Crop,
    faces: FaceBoxes,
    size: int,
    made_by: Mapping[BackendKind, MadeBy],
) -> dict[str, Any]:
    """Return the content of `identity.json`. Pixels are those of the identity's own images."""
    info, scale = source.info, size / SEEN_AT
    turn = np.degrees(np.ptp(track.motion.turn, axis=0))
    return {
        "made_by": f"tgbench {__version__} prepare",
        "source": {
            "video": source.video.name,
            "video_sha256": source.hashes["video"],
            "audio": source.audio.name,
            "audio_sha256": source.hashes["audio"],
            "width": info.width,
            "height": info.height,
            "fps": info.fps,
            "codec": info.codec,
            "rotation": info.rotation,
            "mirrored": info.mirrored,
            "deinterlaced": source.deinterlace,
            "notes": list(source.notes),
        },
        "frames": len(seen.landmarks),
        "fps": FPS,
        "size": size,
        "crop": {
            "side": crop.side,
            "left_top": crop.corners[0].round(2).tolist(),
            "follows_the_head": not crop.fixed,
        },
        "face": {
            "frames_found": int(seen.found.sum()),
            "frames_interpolated": int((~seen.found).sum()),
            "share_with_other_faces": round(faces.several, 3),
            "landmarks": landmarks.describe(tracking=True),
            "person_mask": segmentation.describe(),
        },
        "pose": {
            "focal_px": round(track.focal * scale, 2),
            "distance_m": round(float(np.median(-track.motion.place[:, 2])), 3),
            "range_deg": turn.round(1).tolist(),
            "landmark_residual_px": round(track.residual * scale, 3),
            "roughness_px": round(track.roughness * scale, 3),
            "roughness_of_landmarks_px": round(track.raw_roughness * scale, 3),
        },
        "backends": {
            kind.value: {**asdict(made), "files": [file.format("*") for file in FILES[kind]]}
            for kind, made in made_by.items()
        },
    }


def headlines(facts: dict[str, Any]) -> list[str]:
    """Return what a person wants to see beside the pictures of `provenance`, a line each."""
    source, pose, face, crop = facts["source"], facts["pose"], facts["face"], facts["crop"]
    pitch, yaw, roll = pose["range_deg"]
    window = "follows the head" if crop["follows_the_head"] else "stands still"
    return [
        f"{source['video']}: {source['width']}x{source['height']}, {source['fps']:.2f} fps, "
        f"{source['codec']} -> {facts['frames']} frames of {facts['size']}x{facts['size']} at 25 "
        f"fps; window of {crop['side']} px {window}",
        f"face in {face['frames_found']} of {facts['frames']} frames; focal {pose['focal_px']} px, "
        f"distance {pose['distance_m']} m; range of the head in degrees: pitch {pitch}, yaw {yaw}, "
        f"roll {roll}; landmark residual "
        f"{pose['landmark_residual_px']} px, roughness {pose['roughness_px']} px "
        f"({pose['roughness_of_landmarks_px']} by landmarks alone)",
        *(f"WARNING: {fault}" for fault in facts["filming_faults"]),
    ]
