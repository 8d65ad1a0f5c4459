"""From a video of one person to an identity folder, stage by stage."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..arrays import over
from ..errors import TgbenchError
from ..faces.head_track import HeadTrack
from ..files import make_folder, remove_parts
from ..identities import ActionUnits, Identity, IdentityWriter, default_split, layout
from ..identities.card import given_card, write_card
from ..identities.clip_checks import filming_faults
from ..identities.track_params import TrackParams
from ..overlap import Stopped, beside, opencv_alone
from ..progress import SILENT, Progress
from ..running.locks import sole_writer
from ..specs import BackendKind
from .apart import Workers
from .backends.choice import Choice, choose_backends
from .backends.interfaces import (
    ActionUnitBackend,
    LandmarkBackend,
    ParsingBackend,
    PoseBackend,
)
from .clip import Clip
from .crop import Crop, choose_crop
from .faces import LOOKS_PER_SECOND, FaceBoxes, find_faces
from .frames import Measured, PersonMasks, extract_frames
from .images import read_rgb, spread
from .outcomes import checked_units, filled_landmarks
from .preview import write_preview
from .provenance import MadeBy, headlines, provenance
from .requests import WORK, Request, write_request
from .source import Source, open_source
from .stage_keys import StageKeys
from .stages import StageCache, StageKey

_log = logging.getLogger("tgbench")

_SIZES = range(64, 2049)
_PLATE_FRAMES = 80
_LATE = (layout.TRANSFORMS_TRAIN, layout.TRANSFORMS_VAL, layout.PROVENANCE)
"""Files without which nothing opens the folder: written last, removed first."""

_OWN_STAGES = ("plate", "composites")
"""Stages after the frames that no backend makes."""

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
    backends: Choice | None = None,
    card: Path | None = None,
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
        backends: what makes landmarks, pose, parsing and action units; by default what needs
            nothing beside MediaPipe.
        card: file that declares who it is and what they agreed to; where there is no such file,
            a template is written there.

    Returns:
        `out`.

    Raises:
        TgbenchError: the video, the sound, the card or the folder is not usable; the message says
            why.
        Unavailable: MediaPipe or what a backend needs is not here.
    """
    if size % 2 or size not in _SIZES:
        raise TgbenchError(
            f"--size {size}: must be even, {_SIZES.start} to {_SIZES.stop - 1}; "
            "256 and 512 are usual"
        )
    declared = None if card is None else given_card(card)
    chosen = choose_backends({}, {}) if backends is None else backends
    _refuse_foreign(out)
    with Workers() as workers:
        if not (out / WORK).is_dir():
            # Nothing is made yet, and a core is free until the frames are read.
            for kind in (BackendKind.POSE, BackendKind.PARSING):
                if chosen[kind].spec.apart:
                    workers.start(chosen[kind])
        source = open_source(video, audio, deinterlace)
        with sole_writer(make_folder(out) / WORK), opencv_alone():
            remove_parts(out)
            write_request(out, _request(video, audio, size, deinterlace, chosen))
            _Preparation(source, out, size, progress, chosen, workers).run()
        if declared is not None:
            write_card(out, declared)
    return out


class _Preparation:
    """The stages, each of which reads what the ones before it left on disk."""

    def __init__(
        self,
        source: Source,
        out: Path,
        size: int,
        progress: Progress,
        backends: Choice,
        workers: Workers,
    ) -> None:
        self._source = source
        self._out = out
        self._size = size
        self._progress = progress
        self._backends = backends
        self._cache = StageCache(out / WORK)
        self._keys = StageKeys(self._cache, source, size, backends)
        self._masks = PersonMasks(out / WORK / "person")
        self._workers = workers

    def run(self) -> None:
        whole = self._keys.identity()
        if self._cache.done(whole) and (self._out / layout.PROVENANCE).is_file():
            _log.info("%s: is already prepared from the same files", self._out)
            return
        self._check()
        for name in _LATE:
            (self._out / name).unlink(missing_ok=True)
        with self._cache.working(whole):
            self._run()

    def _check(self) -> None:
        """Refuse before any work what the files' lengths and the settings can tell."""
        survey = self._source.pictures(layout.FPS).survey()
        self._source.check_length(survey.seconds)
        for backend in self._backends.values():
            backend.check(min(survey.frames, self._source.heard))

    def _run(self) -> None:
        faces_key, faces = self._faces()
        seen = len(faces.boxes) / LOOKS_PER_SECOND
        self._source.check_length(seen)
        self._source.warn_unheard(seen)
        boxes = faces.at(self._source.heard, layout.FPS)
        size = (self._source.info.width, self._source.info.height)
        crop = choose_crop(boxes, size, layout.FPS)
        frames_key, measured = self._frames(faces_key, faces, crop)
        parsing = self._backends[BackendKind.PARSING].spec
        clip = Clip(self._out, self._size, measured, self._masks, parsing.finds_person)
        keys = self._keys.backends(frames_key)
        self._landmarks(keys[BackendKind.LANDMARKS], clip)
        with beside(lambda stop: self._pictures(frames_key, keys, replace(clip, stop=stop))):
            track = self._pose(keys[BackendKind.POSE], clip)
        units = self._action_units(keys[BackendKind.ACTION_UNITS], clip, track)
        made_by = {kind: self._made_by(kind, key) for kind, key in keys.items()}
        self._finish(clip, track, units, crop, faces, made_by)

    def _faces(self) -> tuple[StageKey, FaceBoxes]:
        key = self._keys.faces()
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
        key = self._keys.frames(faces_key, crop)
        if not self._cache.done(key):
            with self._cache.working(key):
                self._cache.forget(*BackendKind, *_OWN_STAGES)
                for pattern in _PICTURES:
                    shutil.rmtree((self._out / pattern).parent, ignore_errors=True)
                seen = extract_frames(
                    self._source.pictures(layout.FPS),
                    crop,
                    faces,
                    self._source.heard,
                    self._size,
                    self._writer(),
                    self._masks,
                    self._progress,
                )
                self._cache.save(key, **vars(seen))
        return key, Measured(**self._cache.load(key))

    def _made_by(self, kind: BackendKind, key: StageKey) -> MadeBy:
        backend = self._backends[kind]
        return MadeBy(backend.spec.name, backend.settings, **self._cache.facts(key))

    def _landmarks(self, key: StageKey, clip: Clip) -> None:
        if self._cache.done(key):
            return
        with self._cache.working(key) as facts:
            backend: LandmarkBackend = self._backends[BackendKind.LANDMARKS].make()
            found = backend.landmarks(clip, self._progress)
            writer = self._writer()
            for frame, points in enumerate(filled_landmarks(found, clip)):
                writer.write_frame(frame, landmarks=points)
            facts["measured_by"] = backend.describe()

    def _pose(self, key: StageKey, clip: Clip) -> HeadTrack:
        if not self._cache.done(key):
            chosen, arrays = self._backends[BackendKind.POSE], self._cache.arrays_of(key)
            with self._cache.working(key) as facts:
                if chosen.spec.apart:
                    reports = self._workers.take(chosen).work(clip, arrays, self._progress)
                    (facts["measured_by"],) = (each["measured_by"] for each in reports)
                else:
                    backend: PoseBackend = chosen.make()
                    self._cache.save(key, **backend.track(clip, self._progress).arrays())
                    facts["measured_by"] = backend.describe()
        return HeadTrack.from_arrays(self._cache.load(key))

    def _pictures(
        self, frames_key: StageKey, keys: Mapping[BackendKind, StageKey], clip: Clip
    ) -> None:
        parsing_key, person_key = keys[BackendKind.PARSING], frames_key
        if clip.person_from_parsing:
            person_key = parsing_key
            for _ in self._parsed(parsing_key, clip):
                pass
        plate_key = self._plate(person_key, clip)
        # Parsed here, if not before: each frame is composed as soon as it is parsed.
        with closing(self._parsed(parsing_key, clip)) as parsed:
            self._composites(plate_key, parsing_key, parsed, clip)

    def _parsed(self, key: StageKey, clip: Clip) -> Generator[int, None, None]:
        """Yield every frame once its parsing is written."""
        if self._cache.done(key):
            yield from range(len(clip))
            return
        chosen = self._backends[BackendKind.PARSING]
        with self._cache.working(key) as facts:
            if chosen.spec.apart:
                worker, arrays = self._workers.take(chosen), self._cache.arrays_of(key)
                for report in worker.work(clip, arrays, self._progress):
                    if "frame" in report:
                        yield report["frame"]
                    else:
                        facts.update(report)
                return
            backend: ParsingBackend = chosen.make()
            writer = self._writer()
            with closing(backend.parse(clip, self._progress)) as parsed:
                for frame, parts in enumerate(parsed):
                    writer.write_frame(frame, parsing=parts.parsing, teeth_mask=parts.teeth)
                    yield frame
            facts["measured_by"] = backend.describe()

    def _plate(self, person_key: StageKey, clip: Clip) -> StageKey:
        key = self._keys.plate(person_key)
        if not self._cache.done(key):
            from .background import background_plate

            with self._cache.working(key), self._progress.task("background plate", None):
                frames = spread(len(clip), _PLATE_FRAMES)
                pairs = ((clip.image(i), clip.person(i)) for i in frames)
                self._writer().write_background(background_plate(pairs))
        return key

    def _composites(
        self, plate_key: StageKey, parsing_key: StageKey, parsed: Iterator[int], clip: Clip
    ) -> None:
        key = self._keys.composites(plate_key, parsing_key)
        if self._cache.done(key):
            for _ in parsed:
                pass
            return
        # Not at the start: Numba takes a third of a second.
        from .torso import TorsoPainter

        plate = read_rgb(self._out / layout.BACKGROUND, self._size)
        writer = self._writer()
        painter = TorsoPainter()
        with (
            self._cache.working(key),
            self._progress.task("ground truth, torso", len(clip)) as task,
        ):
            for frame in parsed:
                if clip.stop.is_set():
                    raise Stopped
                image, person = clip.image(frame), clip.person(frame)
                torso = painter.paint(image, person, clip.parsing(frame))
                writer.write_frame(frame, ground_truth=over(image, person, plate), torso=torso)
                task.advance()

    def _action_units(self, key: StageKey, clip: Clip, track: HeadTrack) -> ActionUnits:
        if not self._cache.done(key):
            with self._cache.working(key) as facts:
                backend: ActionUnitBackend = self._backends[BackendKind.ACTION_UNITS].make()
                units = checked_units(backend.measure(clip, track, self._progress), clip)
                self._cache.save(key, **units)
                facts["measured_by"] = backend.describe()
        return ActionUnits(
            self._cache.load(key), self._backends[BackendKind.ACTION_UNITS].spec.name
        )

    def _finish(
        self,
        clip: Clip,
        track: HeadTrack,
        units: ActionUnits,
        crop: Crop,
        faces: FaceBoxes,
        made_by: Mapping[BackendKind, MadeBy],
    ) -> None:
        count = len(clip)
        writer = self._writer()
        writer.write_audio(self._source.waveform.cut(0.0, count / layout.FPS))
        writer.write_action_units(units.values, units.measured_by)
        np.save(self._out / layout.DENSE_LANDMARKS, clip.mesh)
        focal = track.focal * clip.scale
        writer.write_track(
            TrackParams.of_poses(track.poses, focal, track.identity, track.expression)
        )
        writer.write_transforms(focal, track.poses, default_split(count, self._source.video))
        facts = provenance(self._source, clip.seen, track, crop, faces, self._size, made_by)
        identity = Identity(self._out)
        facts["filming_faults"] = filming_faults(identity, facts)
        for fault in facts["filming_faults"]:
            _log.warning("%s: %s", self._source.video, fault)
        write_preview(identity, headlines(facts))
        writer.finish(facts)

    def _writer(self) -> IdentityWriter:
        return IdentityWriter(self._out, (self._size, self._size))


def _request(
    video: Path, audio: Path | None, size: int, deinterlace: bool, backends: Choice
) -> Request:
    settings: dict[str, str] = {}
    for chosen in backends.values():
        settings |= chosen.settings_given
    return Request(
        str(video.resolve()),
        None if audio is None else str(audio.resolve()),
        size,
        deinterlace,
        {kind.value: chosen.spec.name for kind, chosen in backends.items()},
        settings,
    )


def _refuse_foreign(out: Path) -> None:
    if out.is_dir() and not (out / WORK).is_dir() and any(out.iterdir()):
        raise TgbenchError(
            f"{out}: holds files that `tgbench prepare` did not make; choose another folder"
        )
