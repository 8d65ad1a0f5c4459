"""Writing synthetic people and tracks as files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..audio import write_wav
from ..files import write_json
from ..identities import IdentityWriter, default_split
from ..overlap import in_order
from .dataset import GENERATOR_VERSION, person_of, rehearse, voice_track
from .expression import action_units
from .names import MADE_BY
from .person import TRACKS
from .script import Script
from .studio import Shot, Studio

PHONEMES = "phonemes.json"
_WORKERS = 2


def write_identity(
    folder: Path, name: str, size: int, seconds: float, count: Callable[[], None]
) -> None:
    """Film a built-in person into an identity folder, with everything that is known exactly.

    Args:
        folder: where the files go.
        name: of the person.
        size: side of the square frames in pixels.
        seconds: length of the clip.
        count: called after each frame.
    """
    person = person_of(name)
    take = rehearse(person, seconds)
    frames = len(take.performance)
    writer = IdentityWriter(folder, (size, size))
    gaps = np.zeros(frames)
    studio = Studio(person, take.performance, size)

    def record(frame: int) -> None:
        shot = studio.shoot(frame)
        write_shot(writer, frame, shot)
        gaps[frame] = shot.lip_gap

    for _ in in_order(record, range(frames), _WORKERS):
        count()
    writer.write_background(studio.plate)
    poses = np.stack([studio.pose(i) for i in range(frames)])
    writer.write_transforms(studio.focal, poses, default_split(frames, name))
    writer.write_action_units(action_units(take.performance, gaps), measured_by="rig")
    writer.write_audio(take.audio)
    write_json(folder / PHONEMES, timeline(take.script))
    writer.finish(
        {
            "made_by": MADE_BY,
            "generator_version": GENERATOR_VERSION,
            "person": asdict(person),
            "size": size,
            "seconds": seconds,
            "exact": ["poses", "landmarks", "action units", "parsing", "torso", "background"],
        }
    )


def write_track(folder: Path, name: str) -> None:
    """Write a driving track and what it says."""
    script, audio = voice_track(TRACKS[name])
    write_json(folder / PHONEMES, timeline(script))
    write_wav(folder / f"{name}.wav", audio)


def timeline(script: Script) -> dict[str, object]:
    """Return a script as JSON: every sound with its times in seconds."""
    return {
        "language": script.language,
        "seconds": script.seconds,
        "segments": [
            {
                "symbol": segment.phoneme.symbol,
                "manner": segment.phoneme.manner.value,
                "start": round(segment.start, 6),
                "release": round(segment.release, 6),
                "end": round(segment.end, 6),
                "stress": segment.stress,
            }
            for segment in script.segments
        ],
    }


def write_shot(writer: IdentityWriter, number: int, shot: Shot) -> None:
    """Write a synthetic picture and what is known of it as a frame of an identity."""
    writer.write_frame(
        number,
        image=shot.image,
        ground_truth=shot.image,
        parsing=shot.parsing,
        teeth_mask=shot.teeth,
        torso=shot.torso,
        landmarks=shot.landmarks,
    )
