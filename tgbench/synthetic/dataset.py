"""Synthetic people and tracks as files: made once, then found in the cache."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..audio import SAMPLE_RATE, Waveform
from ..errors import TgbenchError, suggest
from ..files import atomic_folder, cache_root, hash_of, make_cache
from ..identities.layout import FPS
from ..progress import SILENT, Progress
from .motion import Performance, perform
from .names import built_in, seed_of
from .person import PEOPLE, TRACKS, Person, SungTrack, Track, Wordless
from .phonemes import LANGUAGES
from .population import drawn_person
from .portable import run_portably
from .script import Script, unspoken, write_script
from .song import write_song
from .studio import Studio
from .voice import Voice, speak

GENERATOR_VERSION = 3
"""Raised whenever the same parameters give other files."""

SECONDS = 12.0
SIZES = (64, 512)


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

    Args:
        name: "synth-a", "synth-b", or "synth:SEED" for a person of the population.
        size: side of the square frames in pixels, even, 64 to 512.
        seconds: length of the clip.

    Raises:
        TgbenchError: no such person, or a size that cannot be made.
    """
    person = person_of(name)
    _check_size(size)
    return Studio(person, rehearse(person, seconds).performance, size)


def ensure_identity(
    name: str, size: int = 512, seconds: float = SECONDS, progress: Progress = SILENT
) -> Path:
    """Return the folder of a built-in identity, making it if it is not in the cache.

    Args:
        name: "synth-a", "synth-b", or "synth:SEED" for a person of the population.
        size: side of the square frames in pixels, even, 64 to 512.
        seconds: length of the clip.
        progress: where the making reports to.

    Raises:
        TgbenchError: no such person, a size that cannot be made, or an unwritable cache.
    """
    person, name = person_of(name), built_in(name) or name
    _check_size(size)
    key = hash_of([GENERATOR_VERSION, asdict(person), size, seconds])[:16]
    folder = cache_root() / "synthetic" / f"{size}px-{key}" / name
    if not folder.is_dir():
        make_cache(folder.parent)
        with atomic_folder(folder) as temporary:
            make = ["identity", str(temporary), name, str(size), str(seconds)]
            run_portably(f"filming {name} at {size}x{size}", make, progress)
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
    folder = cache_root() / "synthetic" / f"audio-{key}"
    if not folder.is_dir():
        make_cache(folder.parent)
        with atomic_folder(folder) as temporary:
            run_portably(f"speaking {name}", ["track", str(temporary), name], SILENT)
    return folder / f"{name}.wav"


def voice_track(track: Track | Wordless) -> tuple[Script, Waveform]:
    """Return what a driving track says and how it sounds."""
    if isinstance(track, Wordless):
        noise = np.random.default_rng(track.seed).normal(size=round(track.seconds * SAMPLE_RATE))
        return unspoken(track.seconds), Waveform((track.level * noise).astype(np.float32))
    if isinstance(track, SungTrack):
        generator = np.random.default_rng([track.seed, 1])
        song = write_song(LANGUAGES[track.language], track.seconds, generator)
        return song, speak(song, track.voice, generator)
    return _speech(track.seed, track.language, track.voice, track.seconds)


def person_of(name: str) -> Person:
    """Return a built-in person, or one of the population.

    Raises:
        TgbenchError: no such person.
    """
    own = built_in(name)
    if own is None:
        raise suggest(name, PEOPLE, "identity")
    seed = seed_of(own)
    return PEOPLE[own] if seed is None else drawn_person(seed)


def _check_size(size: int) -> None:
    if size % 2 or not SIZES[0] <= size <= SIZES[1]:
        raise TgbenchError(
            f"synthetic identities cannot have frames of {size} pixels; "
            f"use an even size from {SIZES[0]} to {SIZES[1]}"
        )


def _speech(seed: int, language: str, voice: Voice, seconds: float) -> tuple[Script, Waveform]:
    generator = np.random.default_rng([seed, 1])
    script = write_script(LANGUAGES[language], seconds, generator)
    return script, speak(script, voice, generator)
