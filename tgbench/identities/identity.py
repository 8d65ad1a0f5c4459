"""Reading a prepared clip. Frames are loaded when asked for and never kept."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, map_array, over, window_of
from ..audio import AudioFeatures, Waveform, encode_once, read_features, read_waveform
from ..audio_encoders.mel import SPEC as MEL
from ..errors import TgbenchError
from ..files import sha256
from ..inputs import read_json, read_text, reason
from ..specs import AudioEncoderSpec
from . import layout
from .cameras import read_cameras
from .image_files import decode_image
from .split import Split


@dataclass(frozen=True)
class Intrinsics:
    """A pinhole camera shared by all frames of a clip, in pixels, pixel centres at +0.5."""

    focal: float
    cx: float
    cy: float
    width: int
    height: int


@dataclass(frozen=True)
class ActionUnits:
    """Facial action units per frame on OpenFace's scale.

    Attributes:
        values: name such as "AU45" to float32 [N], 0 (absent) to 5 (maximal).
        measured_by: what measured them; values of different measurers are never compared.
    """

    values: Mapping[str, NDArray[np.float32]]
    measured_by: str

    def stack(self, names: tuple[str, ...]) -> NDArray[np.float32]:
        """Return float32 [N, len(names)].

        Raises:
            TgbenchError: a unit was not measured.
        """
        missing = [name for name in names if name not in self.values]
        if missing:
            remedy = "" if self.values else "; run OpenFace's FeatureExtraction -aus on the clip"
            raise TgbenchError(
                f"action units {', '.join(missing)} are not in {layout.ACTION_UNITS}{remedy}"
            )
        return np.stack([self.values[name] for name in names], axis=1)


class Identity:
    """A person's prepared clip in the layout of AD-NeRF, RAD-NeRF, ER-NeRF and TalkingGaussian.

    Frame arguments are positions 0..len-1 in the clip; file names carry `img_id`, which need
    not be the same when a tracker skipped frames.
    """

    fps = layout.FPS

    def __init__(self, folder: Path) -> None:
        """Open a folder.

        Raises:
            TgbenchError: the folder or its transforms are missing or unreadable. For everything
                that may be wrong with a folder at once, call `validate`.
        """
        self.folder = folder
        self.name = folder.resolve().name
        if not folder.is_dir():
            raise TgbenchError(f"{folder}: no such identity folder")
        train = read_cameras(folder / layout.TRANSFORMS_TRAIN)
        held_out = read_cameras(folder / layout.TRANSFORMS_VAL)
        self.image_ids: list[int] = train.image_ids + held_out.image_ids
        self.poses: NDArray[np.float32] = np.concatenate([train.poses, held_out.poses]).astype(
            np.float32
        )
        """float32 [N, 4, 4], camera to world, OpenGL axes, metres, head at the origin."""
        self._train_frames = len(train.image_ids)
        self.intrinsics = Intrinsics(train.focal, train.cx, train.cy, *train.size)

    def __len__(self) -> int:
        return len(self.image_ids)

    def split(self) -> Split:
        """Return the split that the transforms files carry (10/11 by default)."""
        return Split(range(self._train_frames), range(self._train_frames, len(self)))

    def path(self, pattern: str, frame: int) -> Path:
        """Return the file of a frame for one of the patterns of `layout`."""
        return self.folder / pattern.format(self.image_ids[frame])

    def frame(self, frame: int) -> Image:
        """Return the ground-truth image, uint8 RGB [H, W, 3]: head and torso over the plate."""
        return self._image(self.truth_path(frame))

    def truth_path(self, frame: int) -> Path:
        """Return the file of the ground-truth image, whether it exists or not."""
        paths = [self.path(pattern, frame) for pattern in layout.TRUTHS]
        return next((path for path in paths if path.is_file()), paths[-1])

    def filmed(self, frame: int) -> Image:
        """Return the frame as filmed, with the background that was there, uint8 RGB [H, W, 3]."""
        return self._image(self.path(layout.ORIGINAL, frame))

    def torso(self, frame: int) -> Image:
        """Return torso and neck without the head, uint8 RGBA [H, W, 4].

        AD-NeRF's scripts make no such images: there they are cut out along the parsing, with
        nothing beneath the head.
        """
        path = self.path(layout.TORSO_IMAGE, frame)
        if not path.is_file() and self.path(layout.COMPOSITE, frame).is_file():
            return self._cut_torso(frame)
        image = decode_image(path, cv2.IMREAD_UNCHANGED)
        if image.ndim != 3 or image.shape[2] != 4:
            raise TgbenchError(f"{path}: must be RGBA; prepare the identity again")
        return self._sized(image, path)

    def _cut_torso(self, frame: int) -> NDArray[np.uint8]:
        parsing = self.parsing(frame)
        body = np.zeros(parsing.shape[:2], np.bool_)
        for colour in (layout.NECK, layout.TORSO):
            body |= (parsing == colour).all(axis=-1)
        opaque = np.dstack([self.frame(frame), np.full(body.shape, 255, np.uint8)])
        return np.where(body[..., None], opaque, 0).astype(np.uint8)

    @cached_property
    def background(self) -> Image:
        """The plate behind the person, uint8 RGB [H, W, 3]."""
        return self._image(self.folder / layout.BACKGROUND)

    def torso_over_background(self, frame: int) -> Image:
        """Return what stands behind the head: torso over plate, uint8 RGB [H, W, 3]."""
        torso, image = self.torso(frame), self.background.copy()
        alpha = np.asarray(cv2.extractChannel(torso, 3), np.uint8)
        rows, _ = window_of(alpha > 0)
        colours = np.asarray(cv2.cvtColor(torso[rows], cv2.COLOR_RGBA2RGB), np.uint8)
        image[rows] = over(colours, alpha[rows], image[rows])
        return image

    def parsing(self, frame: int) -> Image:
        """Return the segmentation in the layout's colours, uint8 RGB [H, W, 3]."""
        return self._image(self.path(layout.PARSING, frame))

    def teeth_mask(self, frame: int) -> NDArray[np.bool_]:
        """Return the mask of teeth, bool [H, W]; all false where the folder has none."""
        path = self.path(layout.TEETH, frame)
        if not path.is_file():
            return np.zeros((self.intrinsics.height, self.intrinsics.width), np.bool_)
        return self._sized(_load_array(path), path).astype(np.bool_)

    @cached_property
    def landmarks(self) -> NDArray[np.float32]:
        """The 68 iBUG landmarks of every frame, float32 [N, 68, 2] in pixels (x, y)."""
        return np.stack([self.landmarks_of(frame) for frame in range(len(self))])

    @cached_property
    def action_units(self) -> ActionUnits:
        """Action units of every frame, from OpenFace's table or one of its shape.

        None at all where the folder has no table: the scripts of AD-NeRF, RAD-NeRF and GeneFace
        measure none.
        """
        path = self.folder / layout.ACTION_UNITS
        if not path.is_file():
            return ActionUnits({}, "nothing")
        return _read_action_units(path, self.image_ids)

    @cached_property
    def provenance(self) -> Mapping[str, Any]:
        """What the folder says of how it was made; empty where nothing can be read."""
        try:
            said = read_json(self.folder / layout.PROVENANCE)
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    @property
    def audio_path(self) -> Path:
        """The clip's own sound."""
        return self.folder / layout.AUDIO

    @cached_property
    def audio(self) -> Waveform:
        """The clip's own sound, mono at 16 kHz."""
        return read_waveform(self.audio_path)

    def features_file(self, encoder: AudioEncoderSpec = MEL) -> Path | None:
        """Return the file of an audio encoder's features; None where the folder has none."""
        return features_file(self.folder, encoder)

    def audio_features(self, encoder: AudioEncoderSpec = MEL) -> AudioFeatures:
        """Return the audio window of every frame: from its file, else by running the encoder.

        Raises:
            TgbenchError: the file is not such features of the whole clip, or there is none and
                the encoder cannot be run here.
        """
        frames, path = max(self.image_ids) + 1, self.features_file(encoder)
        if path is not None:
            windows = read_features(path, encoder, frames)
        else:
            windows = self._encoded(encoder, frames)
        return AudioFeatures(windows[self.image_ids], encoder.name, path)

    def _encoded(self, encoder: AudioEncoderSpec, frames: int) -> NDArray[np.float32]:
        try:
            windows = encode_once(encoder, self.audio)
        except TgbenchError as error:
            raise TgbenchError(f"{self.folder / encoder.file}: missing, and {error}") from error
        if len(windows) < frames:
            raise TgbenchError(
                f"{self.audio_path}: lasts {len(windows)} frames, the video {frames}; give the "
                "sound of the whole clip"
            )
        return windows

    def input_hashes(self) -> dict[str, str]:
        """Return the SHA-256 of the files that training and scoring read, by relative name.

        Of audio features, only those of mel: others are hashed by what uses them.
        """
        tables = [layout.TRANSFORMS_TRAIN, layout.TRANSFORMS_VAL, layout.BACKGROUND, layout.AUDIO]
        tables += [layout.ACTION_UNITS, MEL.file]
        names = [name for name in tables if (self.folder / name).is_file()]
        for pattern in (
            *layout.TRUTHS,
            layout.LANDMARKS,
            layout.PARSING,
            layout.TORSO_IMAGE,
            layout.TEETH,
        ):
            names += [
                pattern.format(image_id)
                for image_id in self.image_ids
                if (self.folder / pattern.format(image_id)).is_file()
            ]
        return {name: sha256(self.folder / name) for name in names}

    def landmarks_of(self, frame: int) -> NDArray[np.float32]:
        """Return the 68 iBUG landmarks of one frame, float32 [68, 2] in pixels (x, y)."""
        path = self.path(layout.LANDMARKS, frame)
        try:
            points = np.loadtxt(read_text(path).splitlines(), dtype=np.float32)
        except (OSError, ValueError) as error:
            raise TgbenchError(f"{path}: cannot be read as 68 x 2 landmarks ({error})") from error
        if points.shape != (68, 2):
            raise TgbenchError(f"{path}: has shape {points.shape}, expected (68, 2)")
        return points

    def _image(self, path: Path) -> Image:
        return self._sized(decode_image(path, cv2.IMREAD_COLOR), path)

    def _sized(self, array: NDArray, path: Path) -> NDArray:
        """Drop the odd last row or column, as the field's loaders do; refuse other sizes."""
        height, width = self.intrinsics.height, self.intrinsics.width
        if array.shape[0] - height not in (0, 1) or array.shape[1] - width not in (0, 1):
            raise TgbenchError(
                f"{path}: is {array.shape[1]}x{array.shape[0]}, "
                f"the transforms say {width}x{height}; prepare the identity again"
            )
        return array[:height, :width]


def features_file(folder: Path, encoder: AudioEncoderSpec) -> Path | None:
    """Return the file of an encoder's features in a folder; None where it has none."""
    names = (encoder.file, *layout.FEATURE_ALIASES.get(encoder.file, ()))
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _read_action_units(path: Path, image_ids: list[int]) -> ActionUnits:
    """Read OpenFace's CSV, whose Windows build writes a space before every column name."""
    try:
        rows = [
            {key.strip(): value.strip() for key, value in row.items() if key and value}
            for row in csv.DictReader(io.StringIO(read_text(path), newline=""))
        ]
    except (OSError, ValueError, AttributeError, csv.Error) as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)})") from error
    if len(rows) <= max(image_ids):
        raise TgbenchError(
            f"{path}: has {len(rows)} rows for {max(image_ids) + 1} frames; measure the action "
            "units of every frame"
        )
    names = [key for key in rows[0] if key.startswith("AU") and key.endswith("_r")]
    try:
        values = {
            name.removesuffix("_r"): np.array([float(rows[i][name]) for i in image_ids], np.float32)
            for name in names
        }
    except (KeyError, ValueError) as error:
        raise TgbenchError(f"{path}: a value is missing or not a number ({error})") from error
    return ActionUnits(values, rows[0].get("measured_by", "openface"))


def _load_array(path: Path) -> NDArray:
    try:
        return map_array(path)
    except (OSError, ValueError, EOFError) as error:
        raise TgbenchError(f"{path}: cannot be read ({error})") from error
