"""What is said at the frames of a case, for metrics that look at single sounds."""

from __future__ import annotations

from pathlib import Path

from .. import plugins
from ..audio.phones import Spoken, phones_beside, read_phones
from ..interfaces import Case
from ..specs import Needs


def phonemes_of(case: Case) -> Path | None:
    """Return the file that says what a case's metrics ask for; None: none asks, or there is none.

    Only a person's own sound has true lips to compare with.
    """
    specs = plugins.metrics()
    asked = any(Needs.PHONEMES in specs[name].needs for name in case.metrics if name in specs)
    own = case.target_frames is not None and case.driving_audio == case.identity.audio_path
    return phones_beside(case.driving_audio) if asked and own else None


def spoken_in(case: Case) -> Spoken | None:
    """Return what is said at each frame of a case; None as of `phonemes_of`.

    Raises:
        TgbenchError: the file cannot be read.
    """
    file = phonemes_of(case)
    if file is None or case.target_frames is None:
        return None
    frames = [case.identity.image_ids[frame] for frame in case.target_frames]
    return Spoken(read_phones(file), case.drive.fps, frames)
