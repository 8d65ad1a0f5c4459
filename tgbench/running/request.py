"""What a user asked to run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .. import plugins
from ..specs import PAPER_SIZE


def default_size(methods: Iterable[str], preset: str) -> int:
    """Return the side in pixels of built-in identities: the smallest a method's preset is for."""
    installed = plugins.methods()
    sizes = (installed[name].image_size(preset) for name in methods if name in installed)
    return min(sizes, default=PAPER_SIZE)


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
