"""What a bundle holds.

A zip archive, nothing in it compressed (its frames are PNG already), every date 1980-01-01:

    bundle.json                       what is in it, with the SHA-256 of each member
    cases/0000/result.json            as it was measured
    cases/0000/frames.json            values of single frames, by metric
    cases/0000/frames/0.png           what the method rendered: lossless, without a label

Videos are left out: metrics of a lossy, labelled video are not those in the result. The ground
truth and the sound are left out, too, being recordings of people; their hashes are in.
"""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, FailFast, Field, Strict

from ..interfaces import Image
from ..running.result import FRAMES_FOLDER, RESULT_FILE, Result
from ..running.schema import Record

BUNDLE_SCHEMA_VERSION = 1
"""Grows when a field changes its meaning or goes; a reader refuses newer ones."""

MANIFEST = "bundle.json"
VALUES_FILE = "frames.json"
"""Not the table beside a result: a decoder of Parquet may end the process on what it is fed."""

LARGEST_TABLE = 32 << 20
"""Bytes of values."""

MOST_MEMBERS = 200_000
"""Frames and all; a manifest of so many has about 35 MB."""

LONGEST_SIDE = 4096
"""Of a frame, in pixels."""

MEMBER = re.compile(
    rf"cases/[0-9]{{4,6}}/({re.escape(RESULT_FILE)}|{re.escape(VALUES_FILE)}"
    rf"|{FRAMES_FOLDER}/(0|[1-9][0-9]{{0,8}})\.png)"
)
"""Names that a bundle may hold beside its manifest: none of them leads out of a folder, is a
device's, or differs from another in case only."""


def _texts(value: object) -> object:
    # Pydantic would keep an error for each wrong one, which may be millions.
    if isinstance(value, dict) and not all(isinstance(text, str) for text in value.values()):
        raise ValueError("holds something else than texts")
    return value


class BundledCase(Record):
    """One case of a bundle; its result says the rest."""

    folder: str = Field(pattern=r"^cases/[0-9]{4,6}$", description="Of its members.")
    target_frames: Annotated[list[str], FailFast()] = Field(
        description="SHA-256 of each ground-truth frame, decoded; empty where there is none."
    )
    landmarks: Literal["mediapipe", "fan"] = Field(
        description="The detector of landmarks that was chosen."
    )
    weights: dict[str, str] = Field(
        description="Pretrained files that took part, with the start of their SHA-256."
    )


class FramesRecord(Record):
    """Values of single frames, null where there is none."""

    values: dict[str, Annotated[list[Annotated[float, Strict()] | None], FailFast()]]


class Manifest(Record):
    """What `bundle.json` says."""

    format: Literal["tgbench bundle"] = "tgbench bundle"
    schema_version: int = BUNDLE_SCHEMA_VERSION
    tgbench_version: str
    cases: Annotated[list[BundledCase], FailFast()]
    files: Annotated[dict[str, str], BeforeValidator(_texts)] = Field(
        description="SHA-256 of every other member, by name."
    )


def frame_hash(frame: Image) -> str:
    """Return the SHA-256 of a frame's size and its pixels, uint8 RGB [H, W, 3]."""
    height, width, _ = frame.shape
    return hashlib.sha256(f"RGB8 {width}x{height}\n".encode() + frame.tobytes()).hexdigest()


def beyond_limits(result: Result) -> str:
    """Return why a result cannot be in a bundle; empty: it can."""
    width, height = result.identity.width, result.identity.height
    if max(width, height) > LONGEST_SIDE:
        return f"frames of {width}x{height} are larger than {LONGEST_SIDE} pixels"
    return ""


def frame_name(folder: str, index: int) -> str:
    """Return the member that holds a rendered frame."""
    return f"{folder}/{FRAMES_FOLDER}/{index}.png"
