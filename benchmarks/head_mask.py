"""How well `prepare` finds the head: `python -m benchmarks.head_mask FOLDER [PERSON ...]`.

Films built-in people, prepares the films as any other video, and compares the parsing with the
exact one. FOLDER takes films and identities; a person that is there is not prepared again.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tgbench.identities import HAIR, HEAD, INNER_MOUTH, NECK, TORSO, Identity
from tgbench.preparation.prepare import prepare
from tgbench.synthetic import dataset
from tgbench.video.writer import VideoWriter

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SIZE, SECONDS, STEP = 256, 8.0, 10
BAND = 3.0


def main(arguments: Sequence[str]) -> None:
    """Print a line a person."""
    folder = Path(arguments[0])
    for name in arguments[1:] or list(dataset.PEOPLE):
        studio = dataset.film(name, SIZE, SECONDS)
        take = dataset.rehearse(dataset.PEOPLE[name], SECONDS)
        film = folder / f"{name}.mp4"
        if not film.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            with VideoWriter(film, SIZE, SIZE, audio=take.audio) as writer:
                for frame in range(len(take.performance)):
                    writer.write(studio.shoot(frame).image)
        identity = Identity(prepare(film, folder / name, size=SIZE))
        frames = range(0, len(identity), STEP)
        true = {frame: head(studio.shoot(frame).parsing) for frame in frames}
        found = {frame: head(identity.parsing(frame)) for frame in frames}
        overlaps = [overlap(found[frame], true[frame]) for frame in frames]
        distances = [edge_distance(found[frame], true[frame]) for frame in frames]
        leaks = [leak(identity, frame) for frame in frames]
        print(
            f"{name}: IoU {np.mean(overlaps):.3f}, edge {np.mean(distances):.3f} px, torso image "
            f"as filmed within {BAND:.0f} px of the head {np.mean(leaks):.3f}"
        )


def head(parsing: Image) -> Mask:
    """Return where a parsing map shows face, hair or mouth, bool [H, W]."""
    return np.any([(parsing == colour).all(-1) for colour in (HEAD, HAIR, INNER_MOUTH)], axis=0)


def overlap(found: Mask, true: Mask) -> float:
    """Return intersection over union."""
    return float((found & true).sum() / (found | true).sum())


def edge_distance(found: Mask, true: Mask) -> float:
    """Return the mean distance from either edge to the other, pixels."""
    ours, theirs = _edge(found), _edge(true)
    both = [cKDTree(theirs).query(ours)[0], cKDTree(ours).query(theirs)[0]]
    return float(np.concatenate(both).mean())


def leak(identity: Identity, frame: int) -> float:
    """Return which share of neck and clothes next to the head is, in the torso image, as filmed."""
    parsing, torso = identity.parsing(frame), identity.torso(frame)
    away = cv2.distanceTransform((~head(parsing)).astype(np.uint8), cv2.DIST_L2, 5)
    body = np.any([(parsing == colour).all(-1) for colour in (NECK, TORSO)], axis=0)
    band = body & (away <= BAND)
    apart = np.abs(torso[..., :3].astype(int) - identity.filmed(frame)).max(axis=-1)
    return float((apart <= 1)[band].mean()) if band.any() else float("nan")


def _edge(mask: Mask) -> NDArray[np.float64]:
    down = np.argwhere(mask[1:] != mask[:-1]) + np.array([0.5, 0.0])
    across = np.argwhere(mask[:, 1:] != mask[:, :-1]) + np.array([0.0, 0.5])
    return np.concatenate([down, across])


if __name__ == "__main__":
    main(sys.argv[1:])
