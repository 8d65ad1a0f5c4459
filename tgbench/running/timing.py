"""How fast a method renders, measured apart from scoring and writing."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import plugins
from ..audio import encode
from ..errors import TgbenchError
from ..files import temporary_folder
from ..interfaces import Drive, Image, Method, ReportsSpeed, TimedFrames, Timing
from ..specs import MethodSpec, Timed
from ..video.writer import VideoWriter
from .environment import describe_device

BATCHES = (1, 8, 32)
"""Frames asked for at a time; and all of the stretch."""

STRETCH = 100
"""Frames of the drive that are taken, round and round."""

REPEATS = 3
BLOCK_FRAMES = 500
BLOCK_SECONDS = {"cpu": 0.5, "cuda": 3.0}
"""Of each repeat of each size of request: about ten seconds in all on a CPU, a minute on a GPU."""

PROTOCOL = (
    "{device}, {size}; after a warm-up, whole requests back to back in repeats of {block:g} s or "
    "{frames} frames, device synchronised after each request, frames by wall time over all repeats"
)

_WARM_FRAMES = 50
_WARM_SECONDS = 0.3
_WARM_REQUESTS = 2
"""The first request may compile, so it says little of the second."""

_LONGEST_REQUEST = 2.0
"""Seconds; larger batches are not tried where one is expected to take longer."""

_PATIENCE = 30.0
"""Seconds after which there is no further repeat: a slow method takes no hours."""

_HELD_BYTES = 256 << 20
"""Room for backdrops that are read before the clock starts."""


class _HeldBackdrop:
    """Backdrops read before the clock starts."""

    def __init__(self, backdrops: dict[int, Image]) -> None:
        self._backdrops = backdrops

    def torso_over_background(self, frame: int) -> Image:
        return self._backdrops[frame]


def timing_of(
    method: Method, spec: MethodSpec, drive: Drive, device: str, training_seconds: float | None
) -> Timing:
    """Return how fast a method renders, or where that will come from, as its spec declares.

    Only a method that is timed in process is asked to render here.

    Args:
        method: fitted.
        spec: what it declares.
        drive: what it is to render.
        device: "cpu" or "cuda".
        training_seconds: goes into the record.
    """
    if spec.timed is Timed.IN_PROCESS:
        return time_method(method, drive, device, training_seconds)
    why = f"the speed of {spec.name} cannot be measured here, because it renders elsewhere"
    if spec.timed is Timed.UNTIMED or not isinstance(method, ReportsSpeed):
        if spec.timed is Timed.SELF_REPORTED:
            why = f"{spec.name} should report its own speed, but has no `rendering_time`"
        return Timing(training_seconds, (), why, no_rendering=why, no_end_to_end=why)
    size = f"{drive.intrinsics.width}x{drive.intrinsics.height}"
    protocol = f"the method's own report; {describe_device(device)}, {size}"
    return Timing(training_seconds, (), protocol, no_end_to_end=why, reports=method)


def time_method(
    method: Method, drive: Drive, device: str, training_seconds: float | None
) -> Timing:
    """Time a fitted method by one protocol, in bounded time however slow it is.

    A request is a drive of `batch` frames, asked for and taken to its last frame. What a method
    sets up for each drive counts; what it renders ahead within one cannot be had for nothing,
    because each request is closed before the next begins. The sizes take turns, so that a machine
    that slows down meanwhile slows all of them.

    Args:
        method: fitted.
        drive: what it is to render; its first 100 frames are enough.
        device: "cpu" or "cuda".
        training_seconds: goes into the record.
    """
    stretch = _held_stretch(drive)
    wait = _waiter(device)
    rendering, seconds_a_frame = _time_batches(method, stretch, device, wait)
    end_to_end, missing = _time_end_to_end(method, stretch, device, wait, seconds_a_frame)
    size = f"{drive.intrinsics.width}x{drive.intrinsics.height}"
    protocol = PROTOCOL.format(
        device=describe_device(device),
        size=size,
        block=BLOCK_SECONDS[device],
        frames=BLOCK_FRAMES,
    )
    return Timing(training_seconds, rendering, protocol, end_to_end, missing)


def _held_stretch(drive: Drive) -> Drive:
    lens = drive.intrinsics
    room = max(1, _HELD_BYTES // (3 * lens.width * lens.height))
    stretch = drive.part(0, min(len(drive), STRETCH, room))
    sources = {int(frame) for frame in stretch.source_frames}
    held = {frame: drive.backdrop.torso_over_background(frame) for frame in sources}
    return dataclasses.replace(stretch, backdrop=_HeldBackdrop(held))


def _time_batches(
    method: Method, stretch: Drive, device: str, wait: Callable[[], None]
) -> tuple[tuple[TimedFrames, ...], float]:
    """Return what each size of request took, and the least seconds a frame among them."""
    warm: dict[int, list[Drive]] = {}
    seconds_a_frame = 0.0
    for batch in sorted({min(size, len(stretch)) for size in (*BATCHES, len(stretch))}):
        if batch * seconds_a_frame > _LONGEST_REQUEST:
            break
        warm[batch] = _parts(stretch, batch)
        seconds_a_frame = _warm_up(method, warm[batch], wait) / batch
    repeats: dict[int, list[NDArray[np.float64]]] = {batch: [] for batch in warm}
    started = time.perf_counter()
    for _ in range(REPEATS):
        for batch, parts in warm.items():
            repeats[batch].append(_block(method, parts, wait, BLOCK_SECONDS[device]))
        if time.perf_counter() - started > _PATIENCE:
            break
    timed = tuple(TimedFrames(batch, tuple(blocks)) for batch, blocks in repeats.items())
    return timed, min(series.seconds / series.frames for series in timed)


def _parts(stretch: Drive, batch: int) -> list[Drive]:
    """Cut a stretch into whole requests, before any clock starts."""
    return [
        stretch.part(first, first + batch) for first in range(0, len(stretch) - batch + 1, batch)
    ]


def _warm_up(method: Method, parts: Sequence[Drive], wait: Callable[[], None]) -> float:
    """Render until a method has had time to settle; return the last request's seconds."""
    frames, total = 0, 0.0
    for requests, part in enumerate(itertools.cycle(parts), start=1):
        seconds = _request(method, part, wait)
        frames, total = frames + len(part), total + seconds
        settled = frames >= _WARM_FRAMES or total > _WARM_SECONDS
        if settled and (requests >= _WARM_REQUESTS or total > _PATIENCE):
            return seconds
    raise AssertionError("a cycle of parts does not end")


def _block(
    method: Method, parts: Sequence[Drive], wait: Callable[[], None], longest: float
) -> NDArray[np.float64]:
    """Return the wall seconds of requests back to back, so that their sum is the block's."""
    most = max(1, BLOCK_FRAMES // len(parts[0]))
    stamps = [time.perf_counter()]
    for part in itertools.islice(itertools.cycle(parts), most):
        _render(method, part, wait)
        stamps.append(time.perf_counter())
        if stamps[-1] - stamps[0] > longest:
            break
    return np.diff(stamps)


def _time_end_to_end(
    method: Method,
    stretch: Drive,
    device: str,
    wait: Callable[[], None],
    seconds_a_frame: float,
) -> tuple[TimedFrames | None, str]:
    """Time features, rendering and encoding of one piece; or say why that cannot be."""
    wanted = round(BLOCK_SECONDS[device] / max(seconds_a_frame, 1e-9))
    part = stretch.part(0, min(max(wanted, 1), len(stretch)))
    try:
        features = _encoded(part)
    except TgbenchError as error:
        return None, str(error)
    part = part.part(0, min(len(features), len(part)))
    repeats: list[NDArray[np.float64]] = []
    begun = time.perf_counter()
    with temporary_folder("tgbench-timing") as folder:
        for repeat in range(REPEATS):
            started = time.perf_counter()
            _make_video(method, part, Path(folder) / f"{repeat}.mp4")
            wait()
            ended = time.perf_counter()
            repeats.append(np.array([ended - started]))
            if ended - begun > _PATIENCE:
                break
    return TimedFrames(len(part), tuple(repeats)), ""


def _make_video(method: Method, part: Drive, path: Path) -> None:
    """Go from a sound to a finished file, as someone who wants a video does."""
    features = _encoded(part)
    asked = dataclasses.replace(part, features=features, feature_index=np.arange(len(part)))
    lens = part.intrinsics
    with VideoWriter(path, lens.width, lens.height, fps=part.fps, audio=part.audio) as video:
        for frame in method.render(asked):
            video.write(frame)


def _encoded(part: Drive) -> NDArray[np.float32]:
    encoder = plugins.find(plugins.audio_encoders(), part.encoder, "audio encoder")
    return encode(encoder, part.audio)


def _request(method: Method, part: Drive, wait: Callable[[], None]) -> float:
    started = time.perf_counter()
    _render(method, part, wait)
    return time.perf_counter() - started


def _render(method: Method, part: Drive, wait: Callable[[], None]) -> None:
    for _ in method.render(part):
        pass
    wait()


def _waiter(device: str) -> Callable[[], None]:
    if device != "cuda":
        return lambda: None
    import torch

    return torch.cuda.synchronize
