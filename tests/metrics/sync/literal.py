"""The original's `run_pipeline.py`, told again step by step over whole lists, as a reference."""

from __future__ import annotations

import copy
from typing import Any

import cv2
import numpy as np
from scipy.interpolate import interp1d
from scipy.signal import medfilt

MIN_TRACK, MAX_GAP, MIN_FACE = 100, 25, 100


def detections(boxes_of_frames: list[Any]) -> list[list[dict[str, Any]]]:
    return [
        [{"frame": frame, "bbox": list(map(float, box))} for box in boxes]
        for frame, boxes in enumerate(boxes_of_frames)
    ]


def tracks(boxes_of_frames: list[Any], min_track: int = MIN_TRACK) -> list[dict[str, Any]]:
    """The tracks of one shot: each is followed to its end before the next one begins."""
    shot = copy.deepcopy(detections(boxes_of_frames))
    found = []
    while True:
        track: list[dict[str, Any]] = []
        for faces in shot:
            for face in faces:
                if not track:
                    track.append(face)
                    faces.remove(face)
                elif face["frame"] - track[-1]["frame"] <= MAX_GAP:
                    if _iou(face["bbox"], track[-1]["bbox"]) > 0.5:
                        track.append(face)
                        faces.remove(face)
                        continue
                else:
                    break
        if not track:
            return found
        if len(track) > min_track:
            numbers = np.array([face["frame"] for face in track])
            boxes = np.array([face["bbox"] for face in track])
            every = np.arange(numbers[0], numbers[-1] + 1)
            filled = np.stack([interp1d(numbers, boxes[:, k])(every) for k in range(4)], axis=1)
            width, height = filled[:, 2] - filled[:, 0], filled[:, 3] - filled[:, 1]
            if max(width.mean(), height.mean()) > MIN_FACE:
                found.append({"frame": every, "bbox": filled})


def _iou(a: list[float], b: list[float]) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area_a = (a[2] - a[0]) * (a[3] - a[1])
    area_b = (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (area_a + area_b - width * height)


def crops(boxes: Any, images: list[Any]) -> list[Any]:
    """The crops of a track with a box and an image a frame."""
    cs = 0.40
    s = medfilt([max(b[3] - b[1], b[2] - b[0]) / 2 for b in boxes], kernel_size=13)
    y = medfilt([(b[1] + b[3]) / 2 for b in boxes], kernel_size=13)
    x = medfilt([(b[0] + b[2]) / 2 for b in boxes], kernel_size=13)
    made = []
    for i, image in enumerate(images):
        bs = s[i]
        bsi = int(bs * (1 + 2 * cs))
        frame = np.pad(
            image, ((bsi, bsi), (bsi, bsi), (0, 0)), "constant", constant_values=(110, 110)
        )
        my, mx = y[i] + bsi, x[i] + bsi
        face = frame[
            int(my - bs) : int(my + bs * (1 + 2 * cs)),
            int(mx - bs * (1 + cs)) : int(mx + bs * (1 + cs)),
        ]
        made.append(cv2.resize(face, (224, 224)))
    return made
