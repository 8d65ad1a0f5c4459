"""What a user asked to run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

_QUICK_SIZE, _FULL_SIZE = 256, 512


def default_size(preset: str) -> int:
    """Return the side in pixels of built-in identities; the paper's clips are 512 x 512."""
    return _QUICK_SIZE if preset == "quick" else _FULL_SIZE


@dataclass(frozen=True)
class RunRequest:
    """One `tgbench run`.

    Attributes:
        methods, protocol, identities, audio: what to run; identities are built-in names or
            folders, no audio means the protocol's own choice.
        audio_features: a file of features for each driving sound, in the same order; empty: the
            methods' audio encoders are run.
        preset, overrides: of the methods' configurations.
        size: side in pixels of built-in identities.
        device: "cpu" or "cuda".
        seed: of every random choice.
        out: where results go.
        fresh: measure again what is there already.
        label: whether videos carry the visible label.
        keep_frames: whether frames are written as images, too.
        metrics: what to measure; empty for the protocol's own choice.
        landmarks: the detector of landmarks; see `MetricOptions`.
        through_codec: whether frames are measured as they come out of an H.264 file.
        command: what the user typed, for the log; empty where nothing was.
    """

    methods: tuple[str, ...]
    protocol: str
    identities: tuple[str, ...]
    audio: tuple[Path, ...]
    preset: str
    overrides: dict[str, str] = field(default_factory=dict)
    size: int = 256
    device: str = "cpu"
    seed: int = 0
    out: Path = Path("results")
    fresh: bool = False
    label: bool = True
    keep_frames: bool = False
    metrics: tuple[str, ...] = ()
    landmarks: str = "mediapipe"
    through_codec: bool = False
    audio_features: tuple[Path, ...] = ()
    command: str = ""
