"""Scoring clips that are there already: videos or folders of images, of any origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .. import plugins
from ..arrays import Image
from ..audio import Waveform, read_sound
from ..audio.phones import Spoken, phones_beside, read_phones
from ..errors import TgbenchError
from ..interfaces import Measurement, MetricContext, MetricOptions, Shared
from ..plugins import in_table_order
from ..progress import SILENT, Progress
from ..specs import Needs
from ..video.reader import VideoReader
from .face_census import FaceCensus
from .frames import LazyFrame
from .image.specs import SSIM_FACE_ALIGNED
from .pairing import Pairs
from .suite import measure_frames, needs_with
from .through_codec import Pair

_FACES = frozenset({Needs.LANDMARKS, Needs.MESH})
_MORE_SOUND = 0.5
"""Seconds by which sound may outlast the frames without a word: codecs pad it."""


@dataclass(frozen=True)
class VideoScores:
    """What was found on a clip, or a pair of them.

    Attributes:
        measurements: by metric.
        per_frame: numbers of every frame compared; see `MetricSuite.per_frame`.
        places: of the frames compared, on the clip's own count from 0.
        fps: at how many a second.
        size: (width, height) of the frames in pixels.
        sound: where the driving sound is from; None: no metric needed one, or there is none.
        by_clock: whether frames were taken by the clock of the videos, not as they are stored.
        notes: what was dropped or resampled and what metrics have to say, in words.
    """

    measurements: dict[str, Measurement]
    per_frame: dict[str, list[float | None]]
    places: tuple[int, ...]
    fps: float
    size: tuple[int, int]
    sound: Path | None
    by_clock: bool
    notes: tuple[str, ...]

    @property
    def frames(self) -> int:
        """How many frames were compared."""
        return len(self.places)


def metrics_for_videos(
    chosen: Sequence[str] | None, has_target: bool, options: MetricOptions | None = None
) -> tuple[str, ...]:
    """Return the metrics that videos can be scored with, in table order.

    Args:
        chosen: names; None for all that apply, without the variants that are measured by name.
        has_target: whether there is a ground truth.
        options: a metric that one of them is for applies, too.

    Raises:
        TgbenchError: an unknown name, or a metric that these videos cannot have.
    """
    specs = plugins.metrics()
    impossible = {Needs.TIMING: "needs a timed run; use `tgbench run`"}
    if not has_target:
        impossible[Needs.TARGET] = "needs a ground truth; give one with --target"
    if chosen is None:
        asked_for = set()
        if options is not None and options.aligned_faces is not None:
            asked_for.add(SSIM_FACE_ALIGNED.name)
        return in_table_order(
            name
            for name, spec in specs.items()
            if not spec.needs & impossible.keys() and (not spec.by_name or name in asked_for)
        )
    for name in chosen:
        for need in plugins.find(specs, name, "metric").needs & impossible.keys():
            raise TgbenchError(f"metric '{name}' {impossible[need]}")
    return in_table_order(chosen)


def score_videos(
    prediction: Path,
    target: Path | None,
    audio: Path | None,
    names: Sequence[str],
    progress: Progress = SILENT,
    *,
    options: MetricOptions | None = None,
    fps: float | None = None,
    allow_drop: bool = False,
    deinterlace: bool = False,
    truth_sounds: bool = False,
    models: Shared | None = None,
    keep: Callable[[int, Image], object] = lambda index, frame: None,
) -> VideoScores:
    """Compare two clips frame by frame, or score one alone. Frames are decoded once.

    Args:
        prediction: the video or folder of images to score.
        target: the ground truth, if there is any.
        audio: the driving sound; None for that of the prediction or, failing that, the target.
        names: of metrics.
        progress: where to report.
        options: how to measure.
        fps: see `Pairs`.
        allow_drop: see `Pairs`.
        deinterlace: see `Pairs`.
        truth_sounds: whether the driving sound is that of the target, if it has any, rather than
            that of the prediction, which may have come through another codec.
        models: that are loaded already, and where others go; None: there are none.
        keep: gets every frame of the prediction that is compared, numbered from 0.

    Raises:
        TgbenchError: a file cannot be read, or the two cannot be compared; see `Pairs`.
    """
    options = options or MetricOptions()
    pairs = Pairs(prediction, target, fps=fps, allow_drop=allow_drop, deinterlace=deinterlace)
    _check_box(options.face_box, pairs.size)
    _check_numbers(options, pairs, allow_drop)
    needs = [needs_with(plugins.metrics()[name], options) for name in names]
    notes = _coded_twice(prediction, target) if options.through_codec else []
    sound, origin = None, None
    if any(Needs.AUDIO in needed for needed in needs):
        clips = [clip for clip in (prediction, target) if clip is not None]
        order = clips[::-1] if truth_sounds else clips
        sound, origin = driving_sound(order, audio, pairs.resampled, notes)
    places: list[int] = []
    spoken = None
    if any(Needs.PHONEMES in needed for needed in needs):
        by_clock = pairs.resampled or audio is not None
        start = 0.0 if by_clock else _start(prediction)
        spoken = _spoken(options.phonemes, audio, pairs.fps, places, start)
    context = MetricContext(
        audio=sound, fps=pairs.fps, options=options, models=models, spoken=spoken
    )
    censuses = _censuses(needs, prediction, target)
    with ExitStack() as held, progress.task(f"scoring {prediction.name}", pairs.expected) as task:
        for census in censuses.values():
            held.callback(census.close)

        def counted() -> Iterator[Pair]:
            for place, picture, truth in pairs:
                keep(len(places), picture)
                places.append(place)
                yield picture, truth
                task.advance()

        def see(frame: LazyFrame) -> None:
            for census in censuses.values():
                census.see(places[frame.index], frame)

        suite = measure_frames(counted(), names, context, see, ahead=True)
    if not places:
        raise TgbenchError(f"{prediction}: no frame could be compared")
    notes = pairs.notes + notes
    notes += [f"{clip} {told}" for clip, census in censuses.items() if (told := census.note())]
    if sound is not None:
        notes += _lengths(sound, len(places) / pairs.fps, 1.0 / pairs.fps)
    measurements = suite.results()
    notes += _told_by_metrics(measurements)
    return VideoScores(
        measurements,
        suite.per_frame(),
        tuple(places),
        pairs.fps,
        pairs.size,
        origin,
        pairs.resampled,
        tuple(notes),
    )


def _censuses(
    needs: Sequence[frozenset[Needs]], prediction: Path, target: Path | None
) -> dict[str, FaceCensus]:
    """Return a census of each clip in which metrics look for faces, the prediction's first."""
    looking = [needed for needed in needs if needed & _FACES]
    censuses = {f"{prediction.name} (the prediction)": FaceCensus("prediction")} if looking else {}
    if target is not None and any(Needs.TARGET in needed for needed in looking):
        censuses[f"{target.name} (the ground truth)"] = FaceCensus("target")
    return censuses


def _spoken(
    file: Path | None, audio: Path | None, fps: float, places: Sequence[int], start: float
) -> Spoken | None:
    """Return what is said at each frame compared; None where no file says it."""
    beside = phones_beside(audio) if audio is not None else None
    found = file or beside
    return None if found is None else Spoken(read_phones(found), fps, places, start)


def _start(clip: Path) -> float:
    """Return when the first stored frame of a clip is shown, in seconds of its sound."""
    return VideoReader(clip, fps=None).info.start if clip.is_file() else 0.0


def _told_by_metrics(measurements: Mapping[str, Measurement]) -> list[str]:
    """Return the notes among the details of metrics, each once, with the metrics that say it."""
    specs = plugins.metrics()
    titles: dict[str, list[str]] = {}
    for name, found in measurements.items():
        for note in found.details.get("notes", ()):
            titles.setdefault(note, []).append(specs[name].title)
    return [f"{', '.join(saying)}: {note}" for note, saying in titles.items()]


def _check_box(box: tuple[int, int, int, int] | None, size: tuple[int, int]) -> None:
    if box is None:
        return
    left, top, right, bottom = box
    width, height = size
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise TgbenchError(
            f"--face-box {left},{top},{right},{bottom}: is not a box inside frames of "
            f"{width}x{height}; give left,top,right,bottom in pixels, the last two exclusive"
        )


def _coded_twice(*clips: Path | None) -> list[str]:
    """Note which clips are coded already before they pass the codec."""
    return [
        f"{clip.name}: is a video, whose frames a codec changed before --through-codec does"
        for clip in clips
        if clip is not None and clip.is_file()
    ]


def _check_numbers(options: MetricOptions, pairs: Pairs, allow_drop: bool) -> None:
    """Refuse OpenFace's files where their frames may not be those that are compared."""
    if not (options.action_units or options.aligned_faces):
        return
    if options.through_codec:
        raise TgbenchError(
            "--through-codec changes the frames that OpenFace saw; make its files of coded videos, "
            "and score those without"
        )
    if allow_drop:
        raise TgbenchError(
            "--allow-drop may leave out frames, but OpenFace's files count all of them; "
            " cut both clips to the same frames first"
        )
    if pairs.resampled:
        raise TgbenchError(
            "OpenFace counts frames as they are stored, but these are read by the clock at "
            f"{pairs.fps:g} a second; bring both videos to one steady rate, run OpenFace on those, "
            "and score without --fps"
        )


def driving_sound(
    clips: Sequence[Path], audio: Path | None, by_clock: bool, notes: list[str]
) -> tuple[Waveform | None, Path | None]:
    """Return the driving sound and where it is from; the first there is.

    Args:
        clips: that may have it, in the order in which they are asked.
        audio: a file that has it; None: one of the clips.
        by_clock: whether frames are taken by the clock of the videos.
        notes: gets what there is to know of it.

    Raises:
        TgbenchError: a file cannot be read.
    """
    if audio is not None:
        sound = _read(audio, notes)
        if len(sound.samples) == 0:
            raise TgbenchError(f"{audio}: its audio track is empty")
        return sound, audio
    for path in clips:
        if not path.is_file():
            continue
        info = VideoReader(path, fps=None).info
        if not info.has_audio:
            continue
        try:
            sound = _read(path, notes)
        except TgbenchError as error:
            notes.append(str(error))
            continue
        if len(sound.samples) == 0:
            notes.append(f"{path.name}: its audio track is empty")
            continue
        if path != clips[0]:
            notes.append(f"{clips[0].name} has no sound; that of {path.name} was taken")
        # Frames as stored start with the picture, sound with the file.
        return (sound if by_clock else sound.cut(info.start, sound.seconds)), path
    return None, None


def _read(path: Path, notes: list[str]) -> Waveform:
    """Return the sound of a file, and note what was chosen in reading it."""
    sound = read_sound(path)
    notes += [f"{path.name}: {note}" for note in sound.notes if f"{path.name}: {note}" not in notes]
    return sound.waveform


def _lengths(sound: Waveform, seconds: float, frame: float) -> list[str]:
    """Note where sound and frames end far apart."""
    if sound.seconds < seconds - frame:
        return [f"the sound ends {seconds - sound.seconds:.2f} s before the frames"]
    if sound.seconds > seconds + _MORE_SOUND:
        return [f"the sound goes on for {sound.seconds - seconds:.2f} s after the last frame"]
    return []
