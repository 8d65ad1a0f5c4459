"""Writing a prepared clip, frame by frame, so that nothing has to be held in memory."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..audio import Waveform, encode, write_wav
from ..audio_encoders.mel import SPEC as MEL
from ..errors import TgbenchError
from ..files import atomic_path, make_folder, write_json
from . import layout
from .png import encode_png
from .split import Split
from .track_params import TrackParams, write_track_params

_JPEG = [
    cv2.IMWRITE_JPEG_QUALITY,
    98,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
]


class IdentityWriter:
    """Writes the layout that `Identity` and the field's own repositories read."""

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        """Start a folder for frames of `size` = (width, height), both even.

        Raises:
            TgbenchError: the folder cannot be written, or the size is odd.
        """
        width, height = size
        if width % 2 or height % 2:
            raise TgbenchError(f"{folder}: {width}x{height} is odd; the layout needs even sizes")
        self.folder = make_folder(folder)
        self._size = size
        for pattern in (
            layout.ORIGINAL,
            layout.GROUND_TRUTH,
            layout.PARSING,
            layout.TORSO_IMAGE,
            layout.TEETH,
        ):
            (folder / pattern).parent.mkdir(exist_ok=True)

    def write_frame(
        self,
        index: int,
        *,
        image: NDArray[np.uint8] | None = None,
        ground_truth: NDArray[np.uint8] | None = None,
        parsing: NDArray[np.uint8] | None = None,
        teeth_mask: NDArray[np.bool_] | None = None,
        torso: NDArray[np.uint8] | None = None,
        landmarks: NDArray[np.floating] | None = None,
    ) -> None:
        """Write what is given of one frame.

        Args:
            index: the frame's `img_id`, from 0.
            image: the frame as filmed, uint8 RGB [H, W, 3].
            ground_truth: person over plate; where it is `image` itself, one file serves both.
            parsing: uint8 RGB [H, W, 3] in the layout's colours.
            teeth_mask: bool [H, W].
            torso: uint8 RGBA [H, W, 4].
            landmarks: [68, 2] in pixels (x, y).
        """
        if image is not None:
            self._write_image(layout.ORIGINAL, index, image)
        if ground_truth is not None and ground_truth is image:
            self._link(layout.ORIGINAL, layout.GROUND_TRUTH, index)
        elif ground_truth is not None:
            self._write_image(layout.GROUND_TRUTH, index, ground_truth)
        if parsing is not None:
            self._write_image(layout.PARSING, index, parsing)
        if torso is not None:
            self._write_image(layout.TORSO_IMAGE, index, torso)
        if teeth_mask is not None:
            np.save(self.folder / layout.TEETH.format(index), teeth_mask.astype(np.bool_))
        if landmarks is not None:
            # As `np.savetxt` writes it, in half the time.
            lines = (f"{x:.4f} {y:.4f}\n" for x, y in landmarks.tolist())
            (self.folder / layout.LANDMARKS.format(index)).write_text("".join(lines), "ascii")

    def write_background(self, plate: NDArray[np.uint8]) -> None:
        """Write the plate behind the person, uint8 RGB [H, W, 3]."""
        _encode(self.folder / layout.BACKGROUND, plate)

    def write_transforms(self, focal: float, poses: NDArray[np.floating], split: Split) -> None:
        """Write cameras: one focal length in pixels, poses [N, 4, 4] camera to world (OpenGL)."""
        for name, frames in (
            (layout.TRANSFORMS_TRAIN, split.train),
            (layout.TRANSFORMS_VAL, split.test),
        ):
            write_json(
                self.folder / name,
                {
                    "focal_len": float(focal),
                    "cx": self._size[0] / 2.0,
                    "cy": self._size[1] / 2.0,
                    "frames": [
                        {
                            "img_id": i,
                            "aud_id": i,
                            "transform_matrix": np.asarray(poses[i], np.float64).tolist(),
                        }
                        for i in frames
                    ],
                },
            )

    def write_track(self, params: TrackParams) -> None:
        """Write the head's track, from which the field's scripts make transforms."""
        write_track_params(self.folder / layout.TRACK_PARAMS, params)

    def write_action_units(
        self, values: Mapping[str, NDArray[np.floating]], measured_by: str
    ) -> None:
        """Write `au.csv` in OpenFace's shape, with who measured it in a column of its own.

        Args:
            values: name such as "AU45" to [N] on the 0 to 5 scale; NaN where there was no face.
            measured_by: name of the measurer, such as "geometry".
        """
        names = sorted(values)
        table = np.stack([np.asarray(values[name], np.float64) for name in names], axis=1)
        # The space before each name is what OpenFace's Windows build writes and what the
        # field's loaders ask for by name.
        header = ["frame", " face_id", " timestamp", " confidence", " success"]
        header += [f" {name}_r" for name in names] + [" measured_by"]
        with (
            atomic_path(self.folder / layout.ACTION_UNITS) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as stream,
        ):
            rows = csv.writer(stream)
            rows.writerow(header)
            for i, row in enumerate(table):
                found = bool(np.isfinite(row).all())
                numbers = [f"{value:.4f}" for value in (row if found else np.zeros_like(row))]
                rows.writerow(
                    [
                        i + 1,
                        0,
                        f"{i / layout.FPS:.3f}",
                        f"{found:.2f}",
                        int(found),
                        *numbers,
                        measured_by,
                    ]
                )

    def write_audio(self, waveform: Waveform) -> None:
        """Write the sound (16 kHz mono) and its mel features."""
        write_wav(self.folder / layout.AUDIO, waveform)
        with atomic_path(self.folder / MEL.file) as temporary:
            np.save(temporary, encode(MEL, waveform))

    def finish(self, provenance: Mapping[str, object]) -> None:
        """Write where the clip came from and what made each part of the folder."""
        write_json(self.folder / layout.PROVENANCE, json.loads(json.dumps(dict(provenance))))

    def _write_image(self, pattern: str, index: int, image: NDArray[np.uint8]) -> None:
        if image.shape[:2] != (self._size[1], self._size[0]):
            raise ValueError(f"frame {index} has shape {image.shape}, expected {self._size}")
        _encode(self.folder / pattern.format(index), image)

    def _link(self, source: str, target: str, index: int) -> None:
        """Give the same picture a second name; copy where the file system has no links."""
        original, second = (self.folder / name.format(index) for name in (source, target))
        second.unlink(missing_ok=True)
        try:
            os.link(original, second)
        except OSError:
            second.write_bytes(original.read_bytes())


def _encode(path: Path, image: NDArray[np.uint8]) -> None:
    content = encode_png(image) if path.suffix == ".png" else _jpeg(path, image)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def _jpeg(path: Path, image: NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _JPEG)
    if not done:
        raise TgbenchError(f"{path}: could not be encoded")
    return data.tobytes()
