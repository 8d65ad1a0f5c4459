"""Pictures of procedural people from all sides: what the procedural prior learns from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tgbench.arrays import Image
from tgbench.identities import HAIR, HEAD, INNER_MOUTH
from tgbench.synthetic.motion import Performance, perform
from tgbench.synthetic.phonemes import LANGUAGES
from tgbench.synthetic.population import drawn_person
from tgbench.synthetic.script import write_script
from tgbench.synthetic.studio import DISTANCE, Studio

from .template import Positions, sampled

EXPRESSION = (
    *(f"mouth.{name}" for name in ("jaw", "part", "round", "spread")),
    *(f"mouth.{name}" for name in ("seal", "tuck", "tip", "front")),
    *("blink", "wide", "squint", "cheeks", "smile"),
    *("brow_inner", "brow_outer", "brow_lower"),
    *("gaze.0", "gaze.1"),
)
"""What moves a procedural face, in order: fields of `Performance`."""

LOWER_FACE = frozenset((*EXPRESSION[:8], "cheeks", "smile"))
"""Those that move the face below the nose."""

FIRST_PERSON, PEOPLE = 100_000, 89
"""First seed of those whom the shipped prior learned from, and how many they are."""

CENTRE = (0.0, -0.02, 0.0)
"""Where the cameras look, head frame, metres."""

SIDE = 128
"""Of the images in pixels: the middle of what the studio films."""

_FILMED = 192
_CROP = slice((_FILMED - SIDE) // 2, (_FILMED + SIDE) // 2)
_SPEECH_SECONDS = 40.0
_MOST_YAW, _MOST_PITCH = 75.0, 25.0
_STREAM = 4_711


@dataclass(frozen=True)
class PersonViews:
    """Views of one person, each with an expression and a camera of its own.

    Attributes:
        images: uint8 [V, SIDE, SIDE, 3].
        masks: bool [V, SIDE, SIDE], the head with its hair and what is in its mouth.
        poses: float32 [V, 4, 4], camera to head, OpenGL axes, metres.
        expressions: float32 [V, len(EXPRESSION)].
        skin: float16 [V, HEIGHT, WIDTH, 3], where the skin's texels are, head frame, metres.
        focal: in pixels; the principal point is the middle of the images.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    poses: NDArray[np.float32]
    expressions: NDArray[np.float32]
    skin: NDArray[np.float16]
    focal: float


def view_person(seed: int, views: int) -> PersonViews:
    """Film a person of the population; the same every time.

    Expressions are those of speech, with upper faces that do not belong to it, and with the light
    from another side in each view.

    Args:
        seed: of the person, see `synth:SEED`.
        views: how many.
    """
    random = np.random.default_rng([_STREAM, seed])
    performance = _performance(random)
    studio = Studio(drawn_person(seed), performance, _FILMED)
    frames = random.choice(len(performance), views, replace=False)
    poses = np.stack([camera(*direction) for direction in _directions(random, views)])
    shots = [studio.view(frame, pose) for frame, pose in zip(frames, poses, strict=True)]
    return PersonViews(
        images=np.stack([shot.image[_CROP, _CROP] for shot in shots]),
        masks=np.stack([_of_head(shot.parsing[_CROP, _CROP]) for shot in shots]),
        poses=poses.astype(np.float32),
        expressions=expressions_of(performance)[frames].astype(np.float32),
        skin=np.stack([_skin(studio, frame) for frame in frames]).astype(np.float16),
        focal=studio.focal,
    )


def expressions_of(performance: Performance) -> NDArray[np.float64]:
    """Return what moves the face in each frame, [N, len(EXPRESSION)]."""
    return np.stack([_track(performance, name) for name in EXPRESSION], axis=1)


def camera(yaw: float, pitch: float, distance: float = DISTANCE) -> NDArray[np.float64]:
    """Return a camera that looks at the head's centre, [4, 4] to the head, OpenGL axes, metres.

    Args:
        yaw: degrees to the person's left.
        pitch: degrees up.
        distance: metres from the centre.
    """
    a, b = np.radians(yaw), np.radians(pitch)
    back = np.array([np.sin(a) * np.cos(b), np.sin(b), np.cos(a) * np.cos(b)])
    right = np.array([np.cos(a), 0.0, -np.sin(a)])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(back, right), back], axis=1)
    pose[:3, 3] = np.array(CENTRE) + distance * back
    return pose


def _performance(random: np.random.Generator) -> Performance:
    script = write_script(LANGUAGES["first"], _SPEECH_SECONDS, random)
    times = np.arange(round(_SPEECH_SECONDS * 25)) / 25.0
    person = drawn_person(int(random.integers(1 << 16)))
    acted = perform(script, times, person.manners, random)
    count = len(acted)
    # Blinks are rare in speech, and lids matter.
    shut = np.where(random.random(count) < 0.3, random.random(count), acted.blink)
    turn = np.radians([40.0, 15.0, 5.0]) * random.uniform(-1.0, 1.0, (count, 3))
    gaze = np.radians([14.0, 8.0]) * random.normal(size=(count, 2))
    return dataclasses.replace(acted, blink=shut, turn=turn, gaze=gaze)


def _directions(random: np.random.Generator, views: int) -> Iterator[tuple[float, float, float]]:
    for _ in range(views):
        yield (
            float(_MOST_YAW * random.uniform(-1.0, 1.0)),
            float(_MOST_PITCH * random.uniform(-1.0, 1.0)),
            DISTANCE * float(random.uniform(0.95, 1.1)),
        )


def _of_head(parsing: Image) -> NDArray[np.bool_]:
    return np.stack([(parsing == colour).all(axis=-1) for colour in (HEAD, HAIR, INNER_MOUTH)]).any(
        axis=0
    )


def _skin(studio: Studio, frame: int) -> Positions:
    posed = studio.model.head(studio.performance, frame)["skin"]
    return sampled(posed, studio.model.grid)


def _track(performance: Performance, name: str) -> NDArray[np.float64]:
    name, _, axis = name.removeprefix("mouth.").partition(".")
    place = performance.mouth if hasattr(performance.mouth, name) else performance
    track: NDArray[np.float64] = getattr(place, name)
    return track[:, int(axis)] if axis else track
