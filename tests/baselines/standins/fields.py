"""What the stand-ins of radiance fields and Gaussians share: they read the same folder."""

from __future__ import annotations

import base64
import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .common import (
    Image,
    features_of,
    frames_of,
    heard,
    mirrored,
    natural,
    need,
    read_image,
    restore,
    save,
    speak,
)


def blinks(table: Path, column: str = " AU45_r") -> list[float]:
    """Return a column of OpenFace's table, by the name that the real readers ask for."""
    with need(table).open(newline="", encoding="utf-8") as stream:
        return [float(row[column]) for row in csv.DictReader(stream)]


def load(root: Path, split: str, *, lit: bool = True) -> list[dict[str, Any]]:
    """Return the frames of a split that have a picture in `gt_imgs`, with what is read of each.

    Args:
        root: the folder of the identity.
        split: "train" or "val".
        lit: whether eyes follow the blink unit.
    """
    eyes = blinks(root / "au.csv") if lit else []
    found = []
    for frame in frames_of(root / f"transforms_{split}.json"):
        name = frame["img_id"]
        picture = root / f"gt_imgs/{name}.jpg"
        if not picture.exists():
            print("[WARN]", picture, "NOT FOUND!")
            continue
        points = np.loadtxt(root / f"ori_imgs/{name}.lms")
        assert points.shape == (68, 2)
        assert np.shape(frame["transform_matrix"]) == (4, 4)
        found.append(frame | {"eye": eyes[name] if lit else 0.0, "picture": str(picture)})
    return found


def behind(root: Path, frame: int) -> Image:
    """Return the true torso over the plate, BGR."""
    torso = read_image(root / f"torso_imgs/{frame}.png", alpha=True)
    plate = read_image(root / "bc.jpg")
    share = torso[..., 3:].astype(np.float32) / 255
    return (torso[..., :3] * share + plate * (1 - share)).astype(np.uint8)


def learn(checkpoint: Path, frames: list[dict[str, Any]], stage: str, **more: Any) -> None:
    """Write a checkpoint that knows one training picture."""
    # In the checkpoint itself: of a fit, nothing else need be there when it renders.
    picture = base64.b64encode(Path(frames[0]["picture"]).read_bytes()).decode()
    save(checkpoint, picture=picture, stage=stage, **more)


def newest(folder: Path, pattern: str) -> Path:
    """Return the checkpoint with the greatest number."""
    found = natural(folder.glob(pattern))
    if not found:
        raise FileNotFoundError(f"[Errno 2] No such file or directory: '{folder}/{pattern}'")
    return found[-1]


@cache
def _picture(checkpoint: Path) -> Image:
    import cv2

    data = base64.b64decode(restore(checkpoint)["picture"])
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def head_of(checkpoint: Path, backdrop: Image, opening: float) -> Image:
    """Return a frame: the head of a checkpoint's picture over a backdrop, with an open mouth."""
    picture = _picture(checkpoint)
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width]
    head = (x - width / 2) ** 2 + (y - height * 0.42) ** 2 < (height * 0.28) ** 2
    made = backdrop.copy()
    made[head] = picture[head]
    return speak(made, opening)


def openings_of(features: Path, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return how open the mouth is at each window of features [N, *shape]."""
    windows = np.load(need(features))
    if windows.shape[1:] != shape:
        # The message of the first convolution of the real audio network.
        raise RuntimeError(
            f"Given groups=1, weight of size [32, {shape[-1]}, 3], expected input[8, "
            f"{windows.shape[-1]}, 16] to have {shape[-1]} channels, but got "
            f"{windows.shape[-1]} channels instead"
        )
    return heard(windows)


def deepspeech(words: list[str], suffix: str = ".npy") -> None:
    """`extract_ds_features.py`: DeepSpeech's 29 logits in windows of 16."""
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--deepspeech", type=Path)
    args = parser.parse_args(words)
    if not args.input.exists():
        raise Exception(f"Input file/directory doesn't exist: {args.input}")
    if args.deepspeech is None or not args.deepspeech.exists():
        # The real one would fetch it into the user's home.
        raise OSError("<urlopen error [Errno -3] Temporary failure in name resolution>")
    out = args.output or args.input.with_suffix(suffix)
    with out.open("wb") as stream:
        np.save(stream, features_of(args.input, channels=29))


__all__ = [
    "behind",
    "blinks",
    "deepspeech",
    "head_of",
    "learn",
    "load",
    "mirrored",
    "newest",
    "openings_of",
]
