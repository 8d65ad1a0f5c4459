"""Putting what a system wants of a person where it looks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from .. import plugins
from ..arrays import Image
from ..audio import Waveform, write_wav
from ..errors import TgbenchError
from ..identities import layout
from ..specs import AudioEncoderSpec
from ..video.writer import Origin, VideoWriter
from .clips import Clip, DrivenClip, TrainingClip
from .converters import load_beside
from .declaration import Declaration
from .fields import Input, Phase
from .identity_view import copy_file, write_driven_view, write_training_view
from .placeholders import OF_INPUTS, expand
from .tables import write_action_units, write_landmarks

_RATE_FACTOR = 3
"""Of x264: what a face is pasted on should lose nothing that counts."""

_ORIGIN = Origin("frames that a system was given by tgbench")


def stage(
    declaration: Declaration, clip: TrainingClip | DrivenClip, folder: Path, name: str
) -> None:
    """Write all inputs of a system for fitting, or for rendering.

    Args:
        declaration: of the system.
        clip: what it is to learn from, or to render.
        folder: `{identity}`.
        name: `{name}`.

    Raises:
        TgbenchError: the identity lacks something.
    """
    folder.mkdir(parents=True, exist_ok=True)
    inputs = declaration.inputs_of(phase_of(clip))
    # The whole layout first: other inputs may replace parts of it.
    for each in sorted(inputs, key=lambda given: given.what != "identity"):
        target = _place(each, folder, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[each.what](_Staged(declaration, each, clip), target)
    for each in inputs:
        if each.converter:
            load_beside(declaration.path, each.converter)(folder)


def places(declaration: Declaration, phase: Phase, folder: Path, name: str) -> dict[str, Path]:
    """Return the files of inputs that have a placeholder, by its name; see `stage`."""
    inputs = declaration.inputs_of(phase)
    return {each.what: _place(each, folder, name) for each in inputs if each.what in OF_INPUTS}


def phase_of(clip: TrainingClip | DrivenClip) -> Phase:
    """Return for what a clip is staged."""
    return "render" if isinstance(clip, DrivenClip) else "fit"


def _place(each: Input, folder: Path, name: str) -> Path:
    return folder / expand(each.name, {"name": name})


class _Staged:
    """An input of a system, and what it is made of."""

    def __init__(
        self, declaration: Declaration, wanted: Input, clip: TrainingClip | DrivenClip
    ) -> None:
        self.wanted, self.clip = wanted, clip
        self.truth = wanted.shows == "truth"
        self.encoder: AudioEncoderSpec | None = None
        if declaration.audio_features:
            self.encoder = plugins.audio_encoders()[declaration.audio_features]

    @property
    def training(self) -> TrainingClip:
        return self.clip.training if isinstance(self.clip, DrivenClip) else self.clip

    @property
    def size(self) -> tuple[int, int]:
        lens = self.clip.identity.intrinsics
        return self.wanted.size or (lens.width, lens.height)

    @property
    def fps(self) -> float:
        return self.wanted.rate or layout.FPS

    def pictures(self) -> Iterator[Image]:
        """Yield the frames at the rate and in the size that are wanted."""
        shown, last = -1, np.empty(0, np.uint8)
        step = Fraction(layout.FPS) / Fraction(self.fps).limit_denominator(1001)
        for index in range(round(len(self.clip) / step)):
            place = min(int(index * step), len(self.clip) - 1)
            if place != shown:
                shown, last = place, self.sized(self.clip.picture(place, self.truth))
            yield last

    def sized(self, image: Image) -> Image:
        if image.shape[1::-1] == self.size:
            return image
        smaller = image.shape[0] > self.size[1]
        scaling = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(image, self.size, interpolation=scaling))


def _write_identity(staged: _Staged, target: Path) -> None:
    clip, blanks = staged.clip, staged.wanted.leading_blanks
    lens = clip.identity.intrinsics
    if staged.size != (lens.width, lens.height):
        width, height = staged.size
        raise TgbenchError(
            f"{clip.identity.folder}: is {lens.width}x{lens.height}, the system wants "
            f"{width}x{height}; prepare the identity in that size"
        )
    if isinstance(clip, DrivenClip):
        write_driven_view(target, clip, staged.truth, staged.encoder, blanks)
    else:
        write_training_view(target, clip, staged.encoder, blanks)


def _write_video(staged: _Staged, target: Path) -> None:
    width, height = staged.size
    if (staged.wanted.format or target.suffix.lstrip(".")) == "avi":
        _write_avi(staged, target)
        return
    with VideoWriter(
        target,
        width,
        height,
        fps=staged.fps,
        origin=_ORIGIN,
        audio=staged.clip.sound if staged.wanted.sound else None,
        rate_factor=_RATE_FACTOR,
        preset="veryfast",
    ) as video:
        for image in staged.pictures():
            video.write(image)


def _write_avi(staged: _Staged, target: Path) -> None:
    code = cv2.VideoWriter.fourcc(*"MJPG")
    video = cv2.VideoWriter(str(target), code, staged.fps, staged.size)
    video.set(cv2.VIDEOWRITER_PROP_QUALITY, 98)
    try:
        if not video.isOpened():
            raise TgbenchError(f"{target}: cannot be written")
        for image in staged.pictures():
            video.write(image[..., ::-1])
    finally:
        video.release()


def _write_frames(staged: _Staged, target: Path) -> None:
    folder, pattern = target.parent, target.name
    if "%" not in pattern:
        folder, pattern = target, f"%d.{staged.wanted.format or 'png'}"
    folder.mkdir(parents=True, exist_ok=True)
    for index, image in enumerate(staged.pictures()):
        _write_image(folder / (pattern % index), image)


def _write_first_image(staged: _Staged, target: Path) -> None:
    # Of a frame to render nothing may be seen; a portrait is one of the training frames.
    _write_image(target, staged.sized(staged.training.picture(0, truth=True)))


def _write_image(path: Path, image: Image) -> None:
    if not cv2.imwrite(str(path), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98]):
        raise TgbenchError(f"{path}: cannot be written; free space and repeat")


def _write_audio(staged: _Staged, target: Path) -> None:
    sound = staged.clip.sound
    samples = np.pad(sound.samples, (0, round(staged.wanted.silence * sound.rate)))
    rate = round(staged.wanted.rate or sound.rate)
    if rate != sound.rate:
        from scipy.signal import resample_poly

        ratio = Fraction(rate, sound.rate)
        samples = resample_poly(samples, ratio.numerator, ratio.denominator).astype(np.float32)
    write_wav(target, Waveform(samples, rate))


def _write_features(staged: _Staged, target: Path) -> None:
    assert staged.encoder is not None
    with target.open("wb") as stream:
        np.save(stream, staged.clip.features(staged.encoder))


def _write_action_units(staged: _Staged, target: Path) -> None:
    units = staged.clip.action_units
    if not units.values:
        folder = staged.clip.identity.folder
        raise TgbenchError(f"{folder}: has no {layout.ACTION_UNITS}; `tgbench prepare` makes it")
    write_action_units(target, units, staged.wanted.leading_blanks)


def _write_landmarks(staged: _Staged, target: Path) -> None:
    clip: Clip = staged.clip
    points = [clip.landmarks(index, staged.truth) for index in range(len(clip))]
    if (staged.wanted.format or target.suffix.lstrip(".")) == "npy":
        with target.open("wb") as stream:
            np.save(stream, np.stack(points))
    else:
        write_landmarks(target, points, staged.wanted.leading_blanks)


def _write_background(staged: _Staged, target: Path) -> None:
    copy_file(staged.clip.identity.folder / layout.BACKGROUND, target)


_WRITERS: dict[str, Callable[[_Staged, Path], None]] = {
    "identity": _write_identity,
    "video": _write_video,
    "frames": _write_frames,
    "image": _write_first_image,
    "audio": _write_audio,
    "features": _write_features,
    "action_units": _write_action_units,
    "background": _write_background,
    "landmarks": _write_landmarks,
}
