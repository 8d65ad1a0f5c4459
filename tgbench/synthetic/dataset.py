"""Synthetic people and tracks as files: made once, then found in the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from ..audio import Waveform, write_wav
from ..errors import TgbenchError, suggest
from ..files import atomic_folder, cache_root, hash_of, write_json
from ..identities import IdentityWriter, default_split
from ..identities.layout import FPS
from ..progress import SILENT, Progress
from .expression import action_units
from .motion import Performance, perform
from .names import MADE_BY
from .person import PEOPLE, TRACKS, Person, Track
from .phonemes import LANGUAGES
from .script import Script, write_script
from .studio import Studio
from .voice import Voice, speak

GENERATOR_VERSION = 1
"""Raised whenever the same parameters give other files."""

SECONDS = 12.0
SIZES = (64, 512)
PHONEMES = "phonemes.json"
_WORKERS = 2


@dataclass(frozen=True)
class Take:
    """A person's performance before it is filmed.

    Attributes:
        script: what is said.
        audio: how it sounds.
        performance: how it is acted, frame by frame at 25 a second.
    """

    script: Script
    audio: Waveform
    performance: Performance


def rehearse(person: Person, seconds: float = SECONDS) -> Take:
    """Return what a person says and does; the same every time."""
    script, audio = _speech(person.seed, "first", person.voice, seconds)
    generator = np.random.default_rng([person.seed, 2])
    times = np.arange(int(seconds * FPS)) / FPS
    return Take(script, audio, perform(script, times, person.manners, generator))


def film(name: str, size: int, seconds: float = SECONDS) -> Studio:
    """Return the studio in which a built-in person performs: any frame, from any side.

    Raises:
        TgbenchError: no such person, or a size that cannot be made.
    """
    person = _known(name)
    _check_size(size)
    return Studio(person, rehearse(person, seconds).performance, size)


def ensure_identity(
    name: str, size: int = 512, seconds: float = SECONDS, progress: Progress = SILENT
) -> Path:
    """Return the folder of a built-in identity, making it if it is not in the cache.

    Args:
        name: "synth-a" or "synth-b".
        size: side of the square frames in pixels, even, 64 to 512.
        seconds: length of the clip.
        progress: where the making reports to.

    Raises:
        TgbenchError: no such person, a size that cannot be made, or an unwritable cache.
    """
    person = _known(name)
    _check_size(size)
    key = hash_of([GENERATOR_VERSION, asdict(person), size, seconds])[:16]
    folder = cache_root() / "synthetic" / f"{size}px-{key}" / name
    if not folder.is_dir():
        with atomic_folder(folder) as temporary:
            _write(temporary, name, person, size, seconds, progress)
    return folder


def ensure_driving_track(name: str) -> Path:
    """Return the WAV file of a built-in driving track, making it if it is not in the cache.

    Raises:
        TgbenchError: no such track, or an unwritable cache.
    """
    if name not in TRACKS:
        raise suggest(name, TRACKS, "audio track")
    track = TRACKS[name]
    key = hash_of([GENERATOR_VERSION, asdict(track)])[:16]
    path = cache_root() / "synthetic" / f"audio-{key}" / f"{name}.wav"
    if not path.is_file():
        script, audio = voice_track(track)
        write_json(path.with_name(PHONEMES), timeline(script))
        write_wav(path, audio)
    return path


def voice_track(track: Track) -> tuple[Script, Waveform]:
    """Return what a driving track says and how it sounds."""
    return _speech(track.seed, track.language, track.voice, track.seconds)


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


def _known(name: str) -> Person:
    if name not in PEOPLE:
        raise suggest(name, PEOPLE, "identity")
    return PEOPLE[name]


def _check_size(size: int) -> None:
    if size % 2 or not SIZES[0] <= size <= SIZES[1]:
        raise TgbenchError(
            f"synthetic frames of {size} pixels cannot be made; "
            f"use an even size from {SIZES[0]} to {SIZES[1]}"
        )


def _speech(seed: int, language: str, voice: Voice, seconds: float) -> tuple[Script, Waveform]:
    generator = np.random.default_rng([seed, 1])
    script = write_script(LANGUAGES[language], seconds, generator)
    return script, speak(script, voice, generator)


def _write(
    folder: Path, name: str, person: Person, size: int, seconds: float, progress: Progress
) -> None:
    take = rehearse(person, seconds)
    frames = len(take.performance)
    writer = IdentityWriter(folder, (size, size))
    gaps = np.zeros(frames)
    with progress.task(f"filming {name} at {size}x{size}", frames) as task:
        studio = Studio(person, take.performance, size)

        def record(frame: int) -> None:
            shot = studio.shoot(frame)
            writer.write_frame(
                frame,
                image=shot.image,
                ground_truth=shot.image,
                parsing=shot.parsing,
                teeth_mask=shot.teeth,
                torso=shot.torso,
                landmarks=shot.landmarks,
            )
            gaps[frame] = shot.lip_gap

        for _ in _in_order(record, frames):
            task.advance()
    writer.write_background(studio.plate)
    writer.write_transforms(
        studio.focal, np.stack([studio.pose(i) for i in range(frames)]), default_split(frames)
    )
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


def _in_order(record: Callable[[int], None], frames: int) -> Iterator[None]:
    """Run a task per frame on a few threads, a few frames ahead at most."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        numbers = iter(range(frames))
        waiting: list[Future[None]] = [
            pool.submit(record, n) for n in islice(numbers, 2 * _WORKERS)
        ]
        while waiting:
            waiting.pop(0).result()
            waiting.extend(pool.submit(record, n) for n in islice(numbers, 1))
            yield
