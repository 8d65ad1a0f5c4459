"""From the options of a run to a file of what it fitted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..audio_encoders.mel import SPEC as MEL
from ..errors import TgbenchError
from ..files import make_folder
from ..identities import Identity
from ..identities.resolve import resolve_identity
from ..interfaces import Drive, Exports, Method
from ..progress import Progress
from ..specs import AudioEncoderSpec
from .finished_fit import FitRequest


@dataclass(frozen=True)
class ExportRequest:
    """One `tgbench export`.

    Attributes:
        fit: what is exported.
        output: the file to write.
        part: what of the fitted state.
        frame: of the identity, whose sound and expression deform it; None for canonical.
    """

    fit: FitRequest
    output: Path
    part: str = "all"
    frame: int | None = None


def export(request: ExportRequest, progress: Progress) -> str:
    """Write what a run fitted, and return what the file holds in words.

    Raises:
        TgbenchError: bad input, a method that exports nothing, or no such fit.
    """
    config = request.fit.configured()
    method: Method = config.spec.load()(config.config)
    if not isinstance(method, Exports):
        raise TgbenchError(f"method '{config.spec.name}' has nothing to export")
    make_folder(request.output.parent)
    request.fit.require_some(config)
    identity = resolve_identity(request.fit.identity, request.fit.size, progress)
    drive = None
    if request.frame is not None:
        drive = drive_of_frame(identity, request.frame, config.encoder)
    request.fit.load(method, config, identity)
    return method.export(request.output, request.part, drive)


def drive_of_frame(identity: Identity, frame: int, encoder: AudioEncoderSpec = MEL) -> Drive:
    """Return the drive that a frame of a clip gives, of one frame.

    Raises:
        TgbenchError: the clip has no such frame.
    """
    if not 0 <= frame < len(identity):
        raise TgbenchError(f"--frame {frame}: {identity.name} has frames 0 to {len(identity) - 1}")
    rows = np.array([frame])
    seconds = identity.image_ids[frame] / identity.fps
    sound = identity.audio.cut(seconds, seconds + 1.0 / identity.fps)
    return Drive.of_frames(identity, rows, sound, identity.audio_features(encoder), rows)
