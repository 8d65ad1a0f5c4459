"""How far a preparation moves: `python -m benchmarks.preparation_noise FOLDER IDENTITY ...`.

Films the first frames of identities, disturbs the films a little, prepares all of them, and
compares each with the preparation of the undisturbed film. Then the same film by every other
backend that is available here. An IDENTITY is a prepared folder or the name of a built-in person;
FOLDER takes films and identities, and one that is there is not prepared again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from benchmarks.head_mask import head, overlap
from tgbench import plugins
from tgbench.errors import Unavailable
from tgbench.identities import Identity
from tgbench.identities.resolve import resolve_identity
from tgbench.preparation.backends.choice import choose_backends
from tgbench.preparation.prepare import prepare
from tgbench.specs import BackendSpec
from tgbench.video.writer import VideoWriter

Image = NDArray[np.uint8]
Units = Mapping[str, NDArray[np.floating]]

SIZE, FRAMES, STEP = 256, 100, 5
SHIFT = 3
QUALITY = 50
SMALLER = 0.85


@dataclass(frozen=True)
class Moved:
    """How far one preparation is from another of the same frames.

    Attributes:
        landmarks: mean distance of the 68, pixels.
        turn: mean angle between the head's rotations, degrees.
        unsteady: the same without the mean rotation between the two.
        focal: change of the focal length, a share.
        units: mean difference of the action units, 0 to 5.
        head: intersection over union of the head's masks.
    """

    landmarks: float
    turn: float
    unsteady: float
    focal: float
    units: float
    head: float

    def __str__(self) -> str:
        """Return a table's row."""
        return (
            f"{self.landmarks:.2f} | {self.turn:.2f} | {self.unsteady:.2f} | {self.focal:+.1%} | "
            f"{self.units:.3f} | {self.head:.3f}"
        )


def main(arguments: Sequence[str]) -> None:
    """Print a table an identity."""
    folder = Path(arguments[0])
    for name in arguments[1:]:
        source = resolve_identity(name, SIZE)
        place = folder / Path(name).name
        print(f"\n{place.name}: landmarks [px] | turn [deg] | unsteady | focal | units | head IoU")
        base = prepared(source, place / "base", lambda image: image)
        for title, change, back in DISTURBANCES:
            other = prepared(source, place / title.replace(" ", "-"), change)
            print(f"{title} | {moved(base, other, back)}", flush=True)
        for spec in plugins.backends().values():
            if spec.name != plugins.DEFAULT_BACKENDS[spec.kind]:
                print(f"{spec.kind}={spec.name} | {by(spec, place, base)}", flush=True)


def shifted(image: Image) -> Image:
    """Return what a crop shows that begins `SHIFT` pixels further right and down."""
    edges = cv2.copyMakeBorder(image, 0, SHIFT, 0, SHIFT, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(edges[SHIFT:, SHIFT:])


def as_jpeg(image: Image) -> Image:
    """Return the frame as a JPEG file of `QUALITY` keeps it."""
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, options)[1], -1), np.uint8)


def smaller(image: Image) -> Image:
    """Return the frame at 85 % of its size."""
    side = round(SMALLER * image.shape[0] / 2) * 2
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


DISTURBANCES: tuple[tuple[str, Callable[[Image], Image], int], ...] = (
    (f"shifted by {SHIFT} px", shifted, SHIFT),
    (f"JPEG quality {QUALITY}", as_jpeg, 0),
    ("15 % smaller", smaller, 0),
)
"""Title, what is done to a frame, and by how many pixels it goes left and up."""


def prepared(source: Identity, place: Path, change: Callable[[Image], Image]) -> Identity:
    """Film the frames of an identity as changed, and prepare the film."""
    film = place.with_suffix(".mp4")
    count = min(FRAMES, len(source))
    if not film.is_file():
        film.parent.mkdir(parents=True, exist_ok=True)
        side = change(np.zeros((SIZE, SIZE, 3), np.uint8)).shape[0]
        with VideoWriter(film, side, side, audio=source.audio.cut(0.0, count / 25.0)) as writer:
            for frame in range(count):
                image = cv2.resize(source.filmed(frame), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
                writer.write(change(np.asarray(image, np.uint8)))
    return Identity(prepare(film, place, size=SIZE))


def by(spec: BackendSpec, place: Path, base: Identity) -> str:
    """Return how far another backend is from the embedded one, or why it does not run here."""
    try:
        chosen = choose_backends({spec.kind: spec.name}, {})
    except Unavailable as reason:
        return f"not measured: {reason}"
    out = place / f"{spec.kind}-{spec.name}"
    other = Identity(prepare(place / "base.mp4", out, size=SIZE, backends=chosen))
    return str(moved(base, other, 0))


def moved(base: Identity, other: Identity, shift: int) -> Moved:
    """Compare two preparations; `other` shows everything `shift` pixels further left and up."""
    count = min(len(base), len(other))
    points = base.landmarks[:count] - (other.landmarks[:count] + shift)
    first, second = (Rotation.from_matrix(each.poses[:count, :3, :3]) for each in (base, other))
    between = first.inv() * second
    steady = between * between.mean().inv()
    kept = slice(shift, SIZE), slice(shift, SIZE)
    shown = slice(0, SIZE - shift), slice(0, SIZE - shift)
    heads = [
        overlap(head(base.parsing(frame))[kept], head(other.parsing(frame))[shown])
        for frame in range(0, count, STEP)
    ]
    return Moved(
        float(np.linalg.norm(points, axis=-1).mean()),
        float(np.degrees(between.magnitude()).mean()),
        float(np.degrees(steady.magnitude()).mean()),
        other.intrinsics.focal / base.intrinsics.focal - 1.0,
        _unit_difference(base.action_units.values, other.action_units.values, count),
        float(np.mean(heads)),
    )


def _unit_difference(
    first: Mapping[str, NDArray[np.floating]],
    second: Mapping[str, NDArray[np.floating]],
    count: int,
) -> float:
    apart = [np.abs(first[unit][:count] - second[unit][:count]) for unit in first]
    return float(np.nanmean(np.stack(apart)))


if __name__ == "__main__":
    main(sys.argv[1:])
