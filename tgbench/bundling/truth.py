"""What a bundled case is scored against, where it lies here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..audio import Waveform
from ..errors import TgbenchError
from ..interfaces import Case, Image
from ..metrics.clip_source import size_of
from ..metrics.folders import clip_sha256
from ..metrics.videos import driving_sound
from ..running.rendering import target_of
from ..running.result import Result
from ..video.image_folder import ImageFolder
from ..video.reader import VideoReader


@dataclass(frozen=True)
class Truth:
    """Ground truth and sound of a case.

    Attributes:
        who: the case in a few words, without the method.
        place: where the ground truth is.
        fps: frames a second.
        audio: the driving sound; None: it is not here, or none was needed.
        targets: yields the frames of the clip from which the ground truth is taken, in order, each
            with its number there; None: there is no ground truth.
        case: that a protocol plans; None for pairs of videos.
    """

    who: str
    place: Path
    fps: float
    audio: Waveform | None
    targets: Callable[[], Iterator[tuple[int, Image]]] | None
    case: Case | None = None

    @classmethod
    def of_case(cls, case: Case) -> Truth:
        """Return the ground truth of a case that a protocol plans."""

        def targets() -> Iterator[tuple[int, Image]]:
            for index in range(len(case.drive)):
                target = target_of(case, index)
                assert target is not None
                yield index, target

        return cls(
            f"{case.identity.name}, {case.driver}",
            case.identity.folder,
            case.drive.fps,
            case.drive.audio,
            targets if case.has_truth else None,
            case,
        )


def truth_of_pair(result: Result, places: Sequence[Path], sounds: Sequence[Path]) -> Truth:
    """Return the ground truth of a pair of videos.

    Args:
        result: of the pair.
        places: true videos, folders of images, or folders that hold such.
        sounds: that may have driven it.

    Raises:
        TgbenchError: its true video or its sound is not among them.
    """
    name, fps = result.identity.name, result.identity.fps
    by_clock = bool(result.method.config.get("by_clock"))
    deinterlace = bool(result.method.config.get("deinterlace"))
    clip = _true_video(result, places)
    sources = [*sounds, *([] if clip is None else [clip])]
    audio = None
    if wanted := result.driver.sha256:
        source = next((path for path in sources if clip_sha256(path) == wanted), None)
        if source is None:
            raise TgbenchError(
                f"the sound {result.driver.audio} (sha256 {wanted[:12]}) is not here; name the "
                "file, or the video that has it, with --audio"
            )
        given = None if source == clip else source
        audio, _ = driving_sound([source], given, by_clock, [])
    if clip is None:
        return Truth(name, Path(), fps, audio, None)
    found = clip

    def targets() -> Iterator[tuple[int, Image]]:
        if found.is_dir():
            folder = ImageFolder(found)
            yield from zip(folder.positions, folder, strict=True)
            return
        video = VideoReader(found, fps if by_clock else None, deinterlace=deinterlace)
        if size_of(video) != (result.identity.width, result.identity.height):
            video = video.read_at(video.fps, square=False)
        yield from enumerate(video)

    return Truth(name, found, fps, audio, targets)


def _true_video(result: Result, places: Sequence[Path]) -> Path | None:
    """Return the true video of a pair; None: it has none.

    Raises:
        TgbenchError: it has one, which is not here.
    """
    for name, digest in result.identity.files.items():
        near = [place / name for place in places if place.is_dir()]
        for path in (*places, *near):
            if path.name == name and path.exists() and clip_sha256(path) == digest:
                return path
        raise TgbenchError(
            f"the true video {name} (sha256 {digest[:12]}) is not here; name it, or its folder, "
            "with --identity"
        )
    return None
