"""What AD-NeRF and DFRF want of an identity's folder beyond what their successors read.

Names, rectangles and depths follow `data_util/process_data.py` of both repositories.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tgbench.arrays import Image
from tgbench.errors import TgbenchError
from tgbench.files import write_json
from tgbench.identities import HAIR, HEAD, INNER_MOUTH
from tgbench.identities.image_files import decode_image
from tgbench.inputs import read_json, read_text

_HEAD_COLOURS = (HEAD, INNER_MOUTH, HAIR)
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 98]

_NEARER, _FARTHER = 0.2, 0.4
"""Metres from the mean depth of the head to the planes between which rays are sampled."""

Points = NDArray[np.float64]


def finish(folder: Path) -> None:
    """Add to a folder in the layout of RAD-NeRF what AD-NeRF and DFRF read.

    These are `head_imgs` (the head over the plate), `com_imgs` (the whole frame) and `torso_imgs`
    (torso over the plate) as JPEG; `face_rect` and `lip_rect` of every frame in the transforms;
    and `depth.txt`, the planes between which rays are sampled, as settings of their programs.

    Raises:
        TgbenchError: the folder lacks a file.
    """
    depths: list[float] = []
    plate = decode_image(folder / "bc.jpg", cv2.IMREAD_COLOR)
    height, width = plate.shape[:2]
    for split in ("train", "val"):
        path = folder / f"transforms_{split}.json"
        content = _read(path)
        for frame in content["frames"]:
            points = _landmarks(folder / f"ori_imgs/{frame['img_id']}.lms")
            frame["face_rect"] = face_rect(points, width, height)
            frame["lip_rect"] = lip_rect(points, width, height)
            if split == "train":
                # So that a fit and what is rendered later sample rays between the same planes.
                depths.append(depth(np.array(frame["transform_matrix"])))
            _write_images(folder, frame["img_id"], plate)
        write_json(path, content)
    mean = float(np.mean(depths))
    text = f"near = {mean - _NEARER}\nfar = {mean + _FARTHER}\n"
    (folder / "depth.txt").write_text(text, encoding="utf-8")


def depth(pose: NDArray[np.floating]) -> float:
    """Return how far the head's origin is from a camera along its axis.

    Args:
        pose: [4, 4], camera to world, OpenGL axes.
    """
    return float(pose[:3, 2] @ pose[:3, 3])


def face_rect(points: Points, width: int, height: int) -> list[int]:
    """Return left, top, width and height in pixels of where most rays are sampled.

    Args:
        points: the 68 iBUG landmarks [68, 2] in pixels.
        width: of the image.
        height: of it.
    """
    middle = (int((points[:, 0].min() + points[:, 0].max()) / 2), int(points[27, 1]))
    half = int((points[:, 0].max() - middle[0]) * 1.5), int((points[8, 1] - middle[1]) * 1.15)
    return _rect(middle, half, width, height)


def lip_rect(points: Points, width: int, height: int) -> list[int]:
    """Return left, top, width and height in pixels of the lips; see `face_rect`."""
    middle = (int((points[:, 0].min() + points[:, 0].max()) / 2), int(points[66, 1]))
    half = int((points[54, 0] - middle[0]) * 1.2), int((points[57, 1] - middle[1]) * 1.2)
    return _rect(middle, half, width, height)


def _rect(middle: tuple[int, int], half: tuple[int, int], width: int, height: int) -> list[int]:
    left, top = max(middle[0] - half[0], 0), max(middle[1] - half[1], 0)
    return [left, top, min(width - 1 - left, 2 * half[0]), min(height - 1 - top, 2 * half[1])]


def _write_images(folder: Path, name: int, plate: Image) -> None:
    whole = decode_image(folder / f"gt_imgs/{name}.jpg", cv2.IMREAD_COLOR)
    parsing = decode_image(folder / f"parsing/{name}.png", cv2.IMREAD_COLOR)
    torso = decode_image(folder / f"torso_imgs/{name}.png", cv2.IMREAD_UNCHANGED)
    is_head = np.zeros(parsing.shape[:2], np.bool_)
    for colour in _HEAD_COLOURS:
        is_head |= (parsing == colour).all(axis=-1)
    share = torso[..., 3:].astype(np.float32) / 255
    made = {
        "com_imgs": whole,
        "head_imgs": np.where(is_head[..., None], whole, plate),
        "torso_imgs": np.rint(torso[..., :3] * share + plate * (1 - share)).astype(np.uint8),
    }
    for place, image in made.items():
        (folder / place).mkdir(exist_ok=True)
        path = folder / place / f"{name}.jpg"
        if not cv2.imwrite(str(path), image[..., ::-1], _JPEG):
            raise TgbenchError(f"{path}: cannot be written; free space and repeat")


def _landmarks(path: Path) -> Points:
    try:
        return np.loadtxt(read_text(path).splitlines()).reshape(68, 2)
    except (OSError, ValueError) as error:
        raise TgbenchError(f"{path}: cannot be read as 68 x 2 landmarks ({error})") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = read_json(path)
    except (OSError, json.JSONDecodeError) as error:
        raise TgbenchError(f"{path}: cannot be read ({error})") from error
    return content
