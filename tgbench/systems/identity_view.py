"""A prepared identity as a system may see it, in the layout that the field's systems read.

Everything in it is a copy: what a system does to it changes nothing of the identity.
"""

from __future__ import annotations

import fcntl
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..audio import Waveform, write_wav
from ..errors import TgbenchError
from ..files import require_file
from ..identities import Identity, IdentityWriter, layout
from ..identities.identity import ActionUnits
from ..identities.split import Split
from ..specs import AudioEncoderSpec
from .clips import DrivenClip, TrainingClip
from .tables import write_action_units

_CLONE = 0x40049409
"""FICLONE of ioctl(2): a copy that shares its blocks with the original until one is changed."""


def write_training_view(
    folder: Path, clip: TrainingClip, encoder: AudioEncoderSpec | None, blanks: bool
) -> None:
    """Write an identity that consists of the training frames, numbered from 0.

    Where the layout has held-out frames, the last training frames stand a second time.

    Args:
        folder: to write to.
        clip: the training frames.
        encoder: whose features are added; None: none.
        blanks: whether columns of action units begin with a blank.
    """
    view = _View(folder, clip.identity)
    count = len(clip)
    for number, frame in enumerate(clip.frames):
        view.copy_frame(number, frame)
    held_out = min(max(clip.held_out, 1), count)
    view.write_transforms(clip.poses, Split(range(count), range(count - held_out, count)))
    view.finish(clip.sound, clip.action_units, blanks)
    if encoder is not None:
        np.save(folder / encoder.file, clip.features(encoder))


def write_driven_view(
    folder: Path, clip: DrivenClip, truth: bool, encoder: AudioEncoderSpec | None, blanks: bool
) -> None:
    """Write an identity whose held-out frames are those to render, numbered from 0.

    The training frames follow them. So a system renders a whole case by testing itself on the
    held-out frames, whatever drives them.

    Args:
        folder: to write to.
        clip: the frames to render.
        truth: whether the system is shown the true frames.
        encoder: whose features are added; None: none.
        blanks: whether columns of action units begin with a blank.
    """
    view = _View(folder, clip.identity)
    training, count = clip.training, len(clip)
    for number in range(count):
        if truth:
            view.copy_frame(number, clip.source(number))
        else:
            view.write_driven(number, clip)
    for number, frame in enumerate(training.frames, start=count):
        view.copy_frame(number, frame)
    poses = np.concatenate([clip.poses, training.poses])
    view.write_transforms(poses, Split(range(count, len(poses)), range(count)))
    sound = Waveform(np.concatenate([clip.sound.samples, training.sound.samples]), clip.sound.rate)
    own, known = clip.action_units, training.action_units
    values = {name: np.concatenate([row, known.values[name]]) for name, row in own.values.items()}
    view.finish(sound, ActionUnits(values, own.measured_by), blanks)
    if encoder is not None:
        both = np.concatenate([clip.features(encoder), training.features(encoder)])
        np.save(folder / encoder.file, both)


class _View:
    def __init__(self, folder: Path, identity: Identity) -> None:
        lens = identity.intrinsics
        self._folder, self._identity = folder, identity
        self._writer = IdentityWriter(folder, (lens.width, lens.height))

    def copy_frame(self, number: int, frame: int) -> None:
        """Copy all files of a frame of the identity."""
        original = self._identity.path(layout.ORIGINAL, frame)
        truth = self._identity.truth_path(frame)
        # Where there is one of the two, it stands for both, as in `Identity.frame`.
        self._copy(original if original.is_file() else truth, layout.ORIGINAL, number)
        self._copy(truth, layout.GROUND_TRUTH, number)
        self._copy_torso(number, frame)
        for pattern in (layout.PARSING, layout.LANDMARKS, layout.TEETH):
            self._copy(self._identity.path(pattern, frame), pattern, number)

    def write_driven(self, number: int, clip: DrivenClip) -> None:
        """Write a frame to render without its head."""
        stand_in = clip.stand_in(number)
        shown = clip.picture(number, truth=False)
        self._writer.write_frame(
            number, image=shown, ground_truth=shown, landmarks=clip.landmarks(number, truth=False)
        )
        for pattern in (layout.PARSING, layout.TEETH):
            self._copy(self._identity.path(pattern, stand_in), pattern, number)
        torso = clip.source(number) if clip.gives_torso else stand_in
        self._copy_torso(number, torso)

    def write_transforms(self, poses: np.ndarray, split: Split) -> None:
        """Write the cameras, with the focal length of the identity."""
        self._writer.write_transforms(self._identity.intrinsics.focal, poses, split)

    def finish(self, sound: Waveform, units: ActionUnits, blanks: bool) -> None:
        """Write what is of all frames."""
        write_wav(self._folder / layout.AUDIO, sound)
        # The scripts of AD-NeRF and RAD-NeRF make no table, and their systems read none.
        if units.values:
            write_action_units(self._folder / layout.ACTION_UNITS, units, blanks)
        plate = self._identity.folder / layout.BACKGROUND
        require_file(plate, "prepare the identity again")
        copy_file(plate, self._folder / layout.BACKGROUND)

    def _copy_torso(self, number: int, frame: int) -> None:
        source = self._identity.path(layout.TORSO_IMAGE, frame)
        if source.is_file():
            copy_file(source, self._folder / layout.TORSO_IMAGE.format(number))
        else:
            self._writer.write_frame(number, torso=self._identity.torso(frame))

    def _copy(self, source: Path, pattern: str, number: int) -> None:
        if source.is_file():
            copy_file(source, self._folder / pattern.format(number))
        # Identities that other scripts prepared have no masks of teeth.
        elif pattern != layout.TEETH:
            raise TgbenchError(f"{source}: missing; prepare the identity again, or validate it")


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; where the file system can, the copy takes no room until it is changed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as stream, target.open("wb") as copy, suppress(OSError):
        fcntl.ioctl(copy.fileno(), _CLONE, stream.fileno())
        return
    shutil.copyfile(source, target)
