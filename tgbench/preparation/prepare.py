"""From a video of one person to an identity folder, stage by stage."""

from __future__ import annotations

import hashlib
import logging
import shutil
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arrays import Image
from ..errors import TgbenchError
from ..faces import ibug68
from ..faces.action_units import MEASURED_BY, measure_action_units
from ..faces.canonical import in_head_frame
from ..faces.parsing import Parser
from ..faces.pose import HeadTrack, track_head
from ..files import make_folder, remove_parts
from ..identities import Identity, IdentityWriter, default_split, layout
from ..identities.clip_checks import filming_faults
from ..identities.track_params import TrackParams
from ..overlap import beside, in_order
from ..progress import SILENT, Progress
from ..running.locks import sole_writer
from .background import background_plate
from .crop import Crop, choose_crop
from .faces import LOOKS_PER_SECOND, FaceBoxes, find_faces
from .frames import SEEN_AT, Measured, PersonMasks, extract_frames
from .images import over, read_grey, read_rgb
from .preview import write_preview
from .provenance import headlines, provenance
from .source import Source, open_source
from .stages import StageCache, StageKey
from .torso import TorsoPainter

_log = logging.getLogger("tgbench")

WORK = ".prepare"
"""Folder within the identity for what the stages hand on to each other."""

_SIZES = range(64, 2049)
_PLATE_FRAMES = 80
_LEARNT_FRAMES = 40
_LATE = (layout.TRANSFORMS_TRAIN, layout.TRANSFORMS_VAL, layout.PROVENANCE)
"""Files without which nothing opens the folder: written last, removed first."""

_PICTURES = (
    layout.ORIGINAL,
    layout.GROUND_TRUTH,
    layout.PARSING,
    layout.TEETH,
    layout.TORSO_IMAGE,
)


def prepare(
    video: Path,
    out: Path,
    size: int = 512,
    audio: Path | None = None,
    progress: Progress = SILENT,
    *,
    deinterlace: bool = False,
) -> Path:
    """Turn a video into an identity.

    Stages that were completed before with the same inputs are not done again, so that after an
    interruption the same call goes on where it stopped.

    Args:
        video: any video of one person who speaks.
        out: the identity's folder.
        size: side of its square images in pixels: even, 64 to 2048.
        audio: sound to take instead of the video's own, in step with it.
        progress: where to report.
        deinterlace: whether to make whole pictures of interlaced ones.

    Returns:
        `out`.

    Raises:
        TgbenchError: the video, the sound or the folder is not usable; the message says why.
        Unavailable: MediaPipe is not installed.
    """
    if size % 2 or size not in _SIZES:
        raise TgbenchError(
            f"--size {size}: must be even, {_SIZES.start} to {_SIZES.stop - 1}; "
            "256 and 512 are usual"
        )
    source = open_source(video, audio, deinterlace)
    _refuse_foreign(out)
    with sole_writer(make_folder(out) / WORK):
        remove_parts(out)
        return _Preparation(source, out, size, progress).run()


class _Preparation:
    """The stages, each of which reads what the ones before it left on disk."""

    def __init__(self, source: Source, out: Path, size: int, progress: Progress) -> None:
        self._source = source
        self._out = out
        self._size = size
        self._scale = size / SEEN_AT
        self._progress = progress
        self._cache = StageCache(out / WORK)
        self._masks = PersonMasks(out / WORK / "person")

    def run(self) -> Path:
        hashes = [self._source.pictures_key, self._source.hashes["audio"]]
        whole = self._cache.key("identity", 2, *hashes, self._size)
        if self._cache.done(whole) and (self._out / layout.PROVENANCE).is_file():
            _log.info("%s: is already prepared from the same files", self._out)
            return self._out
        for name in _LATE:
            (self._out / name).unlink(missing_ok=True)
        with self._cache.working(whole):
            self._run()
        return self._out

    def _run(self) -> None:
        faces_key, faces = self._faces()
        self._source.check_length(len(faces.boxes) / LOOKS_PER_SECOND)
        boxes = faces.at(self._source.heard, layout.FPS)
        size = (self._source.info.width, self._source.info.height)
        crop = choose_crop(boxes, size, layout.FPS)
        frames_key, seen = self._frames(faces_key, faces, crop)
        with beside(lambda stop: self._pictures(frames_key, seen, stop)):
            track = self._pose(frames_key, seen)
        self._finish(seen, track, crop, faces)

    def _faces(self) -> tuple[StageKey, FaceBoxes]:
        key = self._cache.key("faces", 2, self._source.pictures_key)
        if not self._cache.done(key):
            with self._cache.working(key):
                found = find_faces(self._source.pictures(LOOKS_PER_SECOND), self._progress)
                self._cache.save(key, boxes=found.boxes, several=np.array(found.several))
        arrays = self._cache.load(key)
        faces = FaceBoxes(arrays["boxes"], float(arrays["several"]))
        faces.warn(self._source.video)
        return key, faces

    def _frames(
        self, faces_key: StageKey, faces: FaceBoxes, crop: Crop
    ) -> tuple[StageKey, Measured]:
        window = hashlib.sha256(crop.corners.tobytes()).hexdigest()
        heard = self._source.heard
        key = self._cache.key("frames", 2, faces_key, crop.side, window, self._size, heard)
        if not self._cache.done(key):
            with self._cache.working(key):
                self._cache.forget("pose", "plate", "parts")
                for pattern in _PICTURES:
                    shutil.rmtree((self._out / pattern).parent, ignore_errors=True)
                seen = extract_frames(
                    self._source.pictures(layout.FPS),
                    crop,
                    faces,
                    heard,
                    self._size,
                    self._writer(),
                    self._masks,
                    self._progress,
                )
                self._cache.save(key, **vars(seen))
        return key, Measured(**self._cache.load(key))

    def _pose(self, frames_key: StageKey, seen: Measured) -> HeadTrack:
        key = self._cache.key("pose", 1, frames_key)
        if not self._cache.done(key):
            with self._cache.working(key), self._progress.task("tracking the head", None):
                size = (SEEN_AT, SEEN_AT)
                track = track_head(seen.landmarks, size, seen.flow, self._grey)
                self._cache.save(key, **track.arrays())
        return HeadTrack.from_arrays(self._cache.load(key))

    def _pictures(self, frames_key: StageKey, seen: Measured, stop: threading.Event) -> None:
        plate_key = self._plate(frames_key, len(seen.landmarks))
        self._parts(plate_key, seen, stop)

    def _plate(self, frames_key: StageKey, count: int) -> StageKey:
        key = self._cache.key("plate", 1, frames_key)
        if not self._cache.done(key):
            with self._cache.working(key), self._progress.task("background plate", None):
                pairs = ((self._image(i), self._masks.read(i)) for i in _some(count, _PLATE_FRAMES))
                self._writer().write_background(background_plate(pairs))
        return key

    def _parts(self, plate_key: StageKey, seen: Measured, stop: threading.Event) -> None:
        key = self._cache.key("parts", 2, plate_key)
        if self._cache.done(key):
            return
        landmarks = seen.landmarks[..., :2] * np.float32(self._scale)
        plate = read_rgb(self._out / layout.BACKGROUND)
        writer = self._writer()
        with (
            self._cache.working(key),
            self._progress.task("parsing, ground truth, torso", 2 * len(landmarks)) as task,
        ):
            parser = Parser(
                (self._image(i), self._masks.read(i), landmarks[i])
                for i in _some(len(landmarks), _LEARNT_FRAMES)
            )
            frames = range(len(landmarks))

            def edge(frame: int) -> NDArray[np.float32]:
                return parser.jaw.steps(self._image(frame), landmarks[frame])

            def parse(frame: int) -> tuple[int, Image, Image, Image]:
                image, person = self._image(frame), self._masks.read(frame)
                points = landmarks[frame]
                parsing = parser.parse(image, person, points, jaws[frame])
                writer.write_frame(
                    frame,
                    ground_truth=over(image, person, plate),
                    parsing=parsing,
                    teeth_mask=parser.teeth_mask(image, points),
                    landmarks=ibug68(points),
                )
                return frame, image, person, parsing

            edges = []
            with closing(in_order(edge, frames, stop=stop)) as found:
                for steps in found:
                    edges.append(steps)
                    task.advance()
            jaws = parser.jaw.steady(np.stack(edges))
            painter = TorsoPainter()
            with (
                closing(in_order(parse, frames, stop=stop)) as parsed,
                closing(
                    in_order(
                        lambda painted: writer.write_frame(painted[0], torso=painted[1]),
                        ((frame, painter.paint(*rest)) for frame, *rest in parsed),
                        workers=1,
                    )
                ) as written,
            ):
                for _ in written:
                    task.advance()

    def _finish(self, seen: Measured, track: HeadTrack, crop: Crop, faces: FaceBoxes) -> None:
        count = len(seen.landmarks)
        writer = self._writer()
        writer.write_audio(self._source.waveform.cut(0.0, count / layout.FPS))
        points = in_head_frame(seen.landmarks, (SEEN_AT, SEEN_AT), track)
        writer.write_action_units(measure_action_units(points), MEASURED_BY)
        np.save(self._out / layout.DENSE_LANDMARKS, seen.landmarks * np.float32(self._scale))
        focal = track.focal * self._scale
        writer.write_track(TrackParams.of_poses(track.poses, focal))
        writer.write_transforms(focal, track.poses, default_split(count))
        facts = provenance(self._source, seen, track, crop, faces, self._size)
        identity = Identity(self._out)
        facts["filming_faults"] = filming_faults(identity, facts)
        for fault in facts["filming_faults"]:
            _log.warning("%s: %s", self._source.video, fault)
        write_preview(identity, headlines(facts))
        writer.finish(facts)

    def _writer(self) -> IdentityWriter:
        return IdentityWriter(self._out, (self._size, self._size))

    def _image(self, frame: int) -> NDArray[np.uint8]:
        return read_rgb(self._out / layout.ORIGINAL.format(frame))

    def _grey(self, frame: int) -> NDArray[np.uint8]:
        return read_grey(self._out / layout.ORIGINAL.format(frame))


def _some(count: int, most: int) -> list[int]:
    """Return up to `most` frames, evenly spread over `count`."""
    return np.unique(np.linspace(0, count - 1, most).round().astype(int)).tolist()


def _refuse_foreign(out: Path) -> None:
    if out.is_dir() and not (out / WORK).is_dir() and any(out.iterdir()):
        raise TgbenchError(
            f"{out}: holds files that `tgbench prepare` did not make; choose another folder"
        )
