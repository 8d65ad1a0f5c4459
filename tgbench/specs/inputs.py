"""What the makers of a method's inputs declare about themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..vocabulary import BackendKind
from .base import NOTHING, ConfiguredSpec, Requires, Spec


@dataclass(frozen=True)
class AudioEncoderSpec(Spec):
    """What turns sound into windows of features, one a video frame.

    `implementation` is a class with the methods of `tgbench.interfaces.AudioEncoder`; where it is
    empty, tgbench does not run the encoder and only reads its files.

    Attributes:
        file: name of its features in an identity folder, a `.npy` [frames, steps, channels].
        window: steps and channels of a frame's window.
        requires: what must be installed to run it.
        recipe: how to make the file elsewhere, where tgbench does not or cannot run the encoder.
    """

    file: str = ""
    window: tuple[int, int] = (0, 0)
    requires: Requires = NOTHING
    recipe: str = ""


@dataclass(frozen=True)
class BackendSpec(ConfiguredSpec):
    """What makes one part of an identity in `tgbench prepare`.

    The name of one that measures action units is `measured_by` in `au.csv`.

    `implementation` is a class with the methods that `tgbench.preparation.backends.interfaces` has
    for its kind, called with the settings where it has any.

    Attributes:
        kind: the part that it makes.
        version: changes whenever it makes something else of the same clip.
        after: kinds whose outcome it reads; they come before its own in `BackendKind`.
        requires: what must be installed.
        unless: name of a setting with which nothing need be installed; may be empty.
        check: function ("module:name") of the settings and of about how many frames a clip has. It
            raises `TgbenchError` for what cannot work, before any work is done; may be empty.
        finds_person: of parsing, whether what it leaves white is the background; if not,
            MediaPipe's segmentation says what the person is.
        apart: of a pose or parsing backend, whether it gets a process of its own, as what is
            bound by Python should. It may be made there before there are any frames.
        licence: of what it runs.
    """

    kind: BackendKind = field(kw_only=True)
    version: int = 1
    after: tuple[BackendKind, ...] = ()
    requires: Requires = NOTHING
    unless: str = ""
    check: str = ""
    finds_person: bool = False
    apart: bool = False
    licence: str = ""
