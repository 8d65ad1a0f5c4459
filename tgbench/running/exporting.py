"""From the options of a run to a file of what it fitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .. import plugins
from ..audio_encoders.mel import SPEC as MEL
from ..errors import TgbenchError
from ..files import hash_of, make_folder
from ..identities import Identity
from ..identities.resolve import resolve_identity
from ..interfaces import Drive, Exports, Method
from ..progress import Progress
from ..specs import AudioEncoderSpec
from .fitting import Fitting, MethodConfig, NoFit, load_fitted
from .folders import MODELS
from .request import default_size
from .settings import configure


@dataclass(frozen=True)
class ExportRequest:
    """One `tgbench export`.

    Attributes:
        method, identity, preset, overrides, size, device, seed, out: of the run that fitted.
        output: the file to write.
        part: what of the fitted state.
        frame: of the identity, whose sound and expression deform it; None for canonical.
    """

    method: str
    identity: str
    output: Path
    preset: str = "quick"
    overrides: dict[str, str] = field(default_factory=dict)
    size: int = 256
    device: str = "cpu"
    seed: int = 0
    out: Path = Path("results")
    part: str = "all"
    frame: int | None = None


def export(request: ExportRequest, progress: Progress) -> str:
    """Write what a run fitted, and return what the file holds in words.

    Raises:
        TgbenchError: bad input, a method that exports nothing, or no such fit.
    """
    spec = plugins.method(request.method)
    method_config = MethodConfig(
        spec, configure(spec, request.preset, request.overrides), request.preset
    )
    method: Method = spec.load()(method_config.config)
    if not isinstance(method, Exports):
        raise TgbenchError(f"method '{spec.name}' has nothing to export")
    make_folder(request.output.parent)
    identity = resolve_identity(request.identity, request.size, progress)
    drive = None
    if request.frame is not None:
        drive = drive_of_frame(identity, request.frame, method_config.encoder)
    fitting = Fitting(
        method_config,
        identity,
        hash_of(identity.input_hashes()),
        identity.split(),
        request.seed,
        request.device,
        request.out / MODELS,
    )
    try:
        load_fitted(method, fitting)
    except NoFit as error:
        raise TgbenchError(
            f"{error}; make it with `{_command(request)}` (where --out holds other results, with "
            "another --out, and here too)"
        ) from error
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


def _command(request: ExportRequest) -> str:
    """Return the command that makes the fit, options at their defaults left out."""
    words = ["tgbench run", f"--method {request.method} --protocol self_reconstruction"]
    words.append(f"--identity {request.identity}")
    if request.preset != "quick":
        words.append(f"--preset {request.preset}")
    words += [f"--set {key}={value}" for key, value in request.overrides.items()]
    if request.size != default_size([request.method], request.preset):
        words.append(f"--size {request.size}")
    if request.seed:
        words.append(f"--seed {request.seed}")
    if request.out != Path("results"):
        words.append(f"--out {request.out}")
    return " ".join(words)
