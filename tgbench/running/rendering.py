"""Rendering a case into its folder: the video, and the frames where they are asked for."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

import cv2
import numpy as np

from ..errors import TgbenchError
from ..files import link_or_copy
from ..interfaces import Case, Image, Method
from ..progress import Progress
from ..video.writer import VideoWriter
from .comparison_videos import ComparisonVideos
from .integrity import COMPARISONS, describe_files, has_images
from .replacing import replacement
from .request import RunOptions
from .result import (
    CASE_FILES,
    FRAMES_FOLDER,
    RESULT_FILE,
    VIDEO_FILE,
    Result,
    write_result,
)


def render(
    case: Case,
    method: Method,
    who: str,
    folder: Path,
    options: RunOptions,
    progress: Progress,
) -> Iterator[Image]:
    """Render every frame once, into the video and, if asked for, into images, and yield it.

    What was written is whole when the last frame was taken.

    Args:
        case: what to render.
        method: fitted.
        who: names method and case in a few words.
        folder: of the case.
        options: whether there is a label, and whether frames are kept.
        progress: where to report.

    Yields:
        Frames without a label, uint8 RGB [H, W, 3].

    Raises:
        TgbenchError: the method renders other frames than asked for, or one cannot be written.
    """
    size, images = case.drive.intrinsics, folder / FRAMES_FOLDER
    if options.keep_frames:
        shutil.rmtree(images, ignore_errors=True)
        images.mkdir(parents=True)
    with (
        VideoWriter(
            folder / VIDEO_FILE,
            size.width,
            size.height,
            fps=case.drive.fps,
            audio=case.drive.audio,
            label=options.label,
            title=who,
        ) as video,
        progress.task(f"rendering {who}", len(case.drive)) as task,
    ):
        for index, frame in _checked(method.render(case.drive), case, who):
            yield frame
            video.write(frame)
            if options.keep_frames:
                write_image(images / f"{index}.png", frame)
            task.advance()


def render_again(
    case: Case,
    method: Method,
    result: Result,
    folder: Path,
    options: RunOptions,
    progress: Progress,
    spoilt: Collection[str],
) -> Result:
    """Render a finished case once more; its numbers, and what else is whole, stay.

    Args:
        case: what to render.
        method: fitted, as when the case was measured.
        result: of the case.
        folder: of the case.
        options: whether there is a label, and whether frames are kept.
        progress: where to report.
        spoilt: names of files that are not to be kept.

    Returns:
        The result, which says what the files are like now.
    """
    who = f"{result.method.name} on {case.identity.name}, {case.driver}"
    made = {VIDEO_FILE, *spoilt, *((FRAMES_FOLDER,) if options.keep_frames else ())}
    compared = case.has_truth and not made.isdisjoint(COMPARISONS)
    made |= set(COMPARISONS) if compared else set()
    with replacement(folder, CASE_FILES) as new:
        for name in CASE_FILES - made - {RESULT_FILE}:
            if (folder / name).exists():
                link_or_copy(folder / name, new / name)
        if compared:
            with ComparisonVideos(case, who, new) as comparison:
                for index, frame in enumerate(render(case, method, who, new, options, progress)):
                    comparison.write(frame, target_of(case, index))
        else:
            for _ in render(case, method, who, new, options, progress):
                pass
        files = describe_files(new, result.frames)
        result = result.model_copy(update={"labelled": options.label, "files": files})
        write_result(new, result)
    return result


def target_of(case: Case, index: int) -> Image | None:
    """Return the ground truth of a frame of a case, uint8 RGB [H, W, 3]; None: there is none."""
    if case.truth is not None:
        return case.truth.image(index)
    if case.target_frames is None:
        return None
    return case.identity.frame(int(case.target_frames[index]))


def is_rendered(folder: Path, result: Result, options: RunOptions) -> bool:
    """Whether a finished case has the label and the frames that are asked for."""
    if result.labelled != options.label:
        return False
    return not options.keep_frames or has_images(folder, result)


def write_image(path: Path, frame: Image) -> None:
    """Write a frame as an image without loss.

    Raises:
        TgbenchError: it cannot be written.
    """
    if not cv2.imwrite(str(path), frame[..., ::-1]):
        raise TgbenchError(f"{path}: cannot be written; free space and repeat")


def _checked(frames: Iterator[Image], case: Case, who: str) -> Iterator[tuple[int, Image]]:
    """Number the frames of a method, and hold it to its contract.

    Raises:
        TgbenchError: other frames than asked for.
    """
    size = case.drive.intrinsics
    expected = (size.height, size.width, 3)
    count = 0
    for count, frame in enumerate(frames, start=1):
        if frame.shape != expected or frame.dtype != np.uint8:
            raise TgbenchError(
                f"{who}: frame {count - 1} is {frame.dtype} {frame.shape}, "
                f"expected uint8 {expected}"
            )
        if count > len(case.drive):
            break
        yield count - 1, frame
    if count != len(case.drive):
        more = "more than " if count > len(case.drive) else ""
        rendered = min(count, len(case.drive))
        raise TgbenchError(f"{who}: rendered {more}{rendered} of {len(case.drive)} frames")
