"""Which metric sees which defect: plants twelve in a clip, measures all, draws a heat map.

    python -m benchmarks.defects CLIP.mp4 --other OF_ANOTHER_PERSON.mp4 --out build/defects

The defects of the mouth are made of the clip's own mouths: in every frame that of another moment
is laid over the true one, warped by the points over bone. So a late mouth is a real mouth, and all
else stays as it is. Colour says how far a value moves from that of the clip's own re-encoding (the
noise floor), as a share of the furthest that any of the defects moves it.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tgbench import plugins
from tgbench.arrays import Points
from tgbench.audio import Waveform, read_waveform
from tgbench.audio.phones import Spoken, read_phones
from tgbench.faces.finders import MeshLandmarks
from tgbench.faces.landmarks import ibug68
from tgbench.faces.mesh import OUTER_LIPS, OVAL, RIGID
from tgbench.interfaces import Image, MetricContext
from tgbench.metrics.landmark_geometry import mouth_opening
from tgbench.metrics.lips.speech_and_lips import speech_level
from tgbench.metrics.motion.blinks import eye_aspect_ratio
from tgbench.metrics.suite import measure_frames
from tgbench.specs import Direction
from tgbench.video.reader import VideoReader

FLOOR = "re-encoded"

DETAILS = (
    *("mouth_mtm.median_ms", "mouth_mtm.matched_share", "mouth_mtm.extremes"),
    *("blink_f1.blinks", "blink_f1.true_blinks"),
)
"""Of metrics, by name: the table has them, the picture has not."""

METRICS = (
    *("psnr", "ssim_face", "lmd", "aue_l_geometry", "aue_u_geometry", "lip_agreement", "lip_lag"),
    *("mouth_mtm", "mouth_ccc", "mouth_gain", "lmd_dtw", "timing_share", "lvd_mouth"),
    *("jitter_ratio", "head_motion_ratio", "upper_dynamics", "blink_f1", "blink_ms"),
    *("flicker", "tof", "sharpness_mouth", "bilabial_closure", "vowel_opening"),
    "id_distance_dlib",
)

LIPS = (OUTER_LIPS,)
EYES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
FACE = (OVAL,)

Outlines = Sequence[Sequence[int]]

_PALER = 1.6
"""Of which 1 is the largest effect, so that numbers can be read on its colour."""

_GROWN = 0.12
"""Of a part's width, by which more than it is laid over."""

_LATE = 5
"""Frames: 200 ms at 25 a second."""


class Clip:
    """Frames of a video with their meshes; short clips only, as every frame is held.

    Attributes:
        frames: uint8 RGB [H, W, 3].
        meshes: [478, 3] of every frame.
        opening: of the mouth [T].
        fps: frames a second.
        audio: the sound.
        spoken: what is said at each frame; None where that is not known.
    """

    def __init__(self, path: Path, most: int, phonemes: Path | None = None) -> None:
        reader = VideoReader(path)
        finder = MeshLandmarks()
        self.fps = reader.info.fps
        self.audio: Waveform = read_waveform(path)
        self.spoken = None if phonemes is None else Spoken(read_phones(phonemes), self.fps)
        self.frames: list[Image] = []
        self.meshes: list[Points] = []
        for frame, image in enumerate(reader):
            if frame == most:
                break
            mesh = finder.mesh(image)
            if mesh is None:
                raise SystemExit(f"{path}: frame {frame} shows no face")
            self.frames.append(image)
            self.meshes.append(mesh)
        self.opening = np.array([mouth_opening(ibug68(mesh)) for mesh in self.meshes])

    def __len__(self) -> int:
        return len(self.frames)

    def with_part_of(
        self, frame: int, other: int, outlines: Outlines, source: Clip | None = None
    ) -> Image:
        """Return a frame in which parts of the face are those of another, of this clip or not."""
        giver = source or self
        here, there = self.meshes[frame], giver.meshes[other]
        warp, _ = cv2.estimateAffinePartial2D(there[list(RIGID), :2], here[list(RIGID), :2])
        image = self.frames[frame]
        size = (image.shape[1], image.shape[0])
        warped = cv2.warpAffine(giver.frames[other], warp, size, flags=cv2.INTER_CUBIC)
        mask = np.zeros(size[::-1], np.float32)
        for outline in map(list, outlines):
            lent = np.asarray(there[outline, :2], np.float64) @ warp[:, :2].T + warp[:, 2]
            both = np.concatenate([lent, here[outline, :2]]).round().astype(np.int32)
            cv2.fillConvexPoly(mask, cv2.convexHull(both), (1.0,))
        width = np.ptp(here[list(outlines[0]), 0])
        grown = cv2.dilate(mask, np.ones((3, 3)), iterations=max(1, round(_GROWN * width)))
        soft = cv2.GaussianBlur(grown, (0, 0), max(_GROWN / 2 * width, 1.0))[..., None]
        return np.asarray(np.rint(soft * warped + (1.0 - soft) * image), np.uint8)


def planted(clip: Clip, other: Clip) -> Mapping[str, Callable[[], Iterator[Image]]]:
    """Return the defects by name: each makes the frames of a prediction."""
    count, rng = len(clip), np.random.default_rng(0)
    every = np.arange(count)
    mean = float(np.median(clip.opening))
    still = int(np.abs(clip.opening - mean).argmin())
    half = [int(np.abs(clip.opening - (value + mean) / 2).argmin()) for value in clip.opening]
    level = np.nan_to_num(speech_level(clip.audio, count, clip.fps), nan=-1e9)
    loud = np.empty(count, np.intp)
    loud[level.argsort(kind="stable")] = clip.opening.argsort(kind="stable")
    pieces = np.array_split(every, max(2, count // 6))
    swapped = np.concatenate([pieces[i] for i in rng.permutation(len(pieces))])
    eyes = np.array([eye_aspect_ratio(ibug68(mesh)) for mesh in clip.meshes])
    open_eyes = int(np.abs(eyes - np.quantile(eyes, 0.75)).argmin())
    shifts = rng.normal(0, 1.0, (count, 2))

    def mouths(order: Sequence[int] | NDArray[np.intp]) -> Callable[[], Iterator[Image]]:
        return lambda: (clip.with_part_of(i, int(j), LIPS) for i, j in enumerate(order))

    return {
        FLOOR: lambda: _encoded(clip, 23),
        "late 200 ms": mouths(np.maximum(every - _LATE, 0)),
        "early 200 ms": mouths(np.minimum(every + _LATE, count - 1)),
        "mumbling": mouths(half),
        "frozen": mouths(np.full(count, still)),
        "swapped phonemes": mouths(swapped),
        "loudness only": mouths(loud),
        "other clip": lambda: (
            clip.with_part_of(i, i % len(other), LIPS, other) for i in range(count)
        ),
        "dead eyes": lambda: (clip.with_part_of(i, open_eyes, EYES) for i in range(count)),
        "wrong identity": lambda: (
            clip.with_part_of(i, i % len(other), FACE, other) for i in range(count)
        ),
        "jitter": lambda: (
            _shifted(image, shift) for image, shift in zip(clip.frames, shifts, strict=True)
        ),
        "flicker": lambda: (
            np.clip(image.astype(np.int16) + (2 if i % 2 else -2), 0, 255).astype(np.uint8)
            for i, image in enumerate(clip.frames)
        ),
        "blur": lambda: (
            np.asarray(cv2.GaussianBlur(image, (0, 0), 2.0), np.uint8) for image in clip.frames
        ),
    }


def _shifted(image: Image, shift: NDArray[np.float64]) -> Image:
    warp = np.column_stack([np.eye(2), shift])
    size = (image.shape[1], image.shape[0])
    moved = cv2.warpAffine(
        image, warp, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.uint8)


def _encoded(clip: Clip, quality: int) -> Iterator[Image]:
    """Yield the clip's frames after H.264 of a quality (CRF)."""
    height, width = clip.frames[0].shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "encoded.mp4"
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
        command = ["ffmpeg", "-v", "error", *source, "-r", f"{clip.fps:g}", "-i", "-"]
        command += ["-crf", str(quality), "-pix_fmt", "yuv420p", str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
            assert encoder.stdin is not None
            for image in clip.frames:
                encoder.stdin.write(image.tobytes())
            encoder.stdin.close()
        yield from VideoReader(path)


def measured(clip: Clip, prediction: Iterator[Image]) -> dict[str, float | None]:
    """Return the values of all metrics of a prediction against the clip, and `DETAILS`."""
    context = MetricContext(audio=clip.audio, fps=clip.fps, spoken=clip.spoken)
    pairs = zip(prediction, clip.frames, strict=True)
    results = measure_frames(pairs, METRICS, context).results()
    values = {name: found.value for name, found in results.items()}
    for detail in DETAILS:
        metric, _, key = detail.partition(".")
        values[detail] = results[metric].details.get(key)
    return values


def effects(values: Mapping[str, Mapping[str, float | None]]) -> NDArray[np.float64]:
    """Return how far each defect moves each metric, [metrics, defects], 0 to 1.

    Of the way to the defect that moves it furthest. NaN where either has no value. Ratios count in
    octaves from that of the floor, up to four.
    """
    names = _drawn(values)
    table = np.full((len(names), len(values)), np.nan)
    for row, name in enumerate(names):
        ratio = plugins.metric_spec(name).direction is Direction.ONE
        for column, found in enumerate(values.values()):
            value = found[name]
            if value is not None:
                table[row, column] = np.log2(max(value, 1 / 16)) if ratio else value
    moved = np.abs(table - table[:, list(values).index(FLOOR)][:, None])
    furthest = np.fmax.reduce(moved, axis=1)[:, None]
    return np.divide(moved, furthest, out=np.full_like(moved, np.nan), where=furthest > 0.0)


def _drawn(values: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    """Return the metrics that have a value of any defect."""
    return [name for name in METRICS if any(found[name] is not None for found in values.values())]


def draw(values: Mapping[str, Mapping[str, float | None]], path: Path) -> None:
    """Draw the heat map: colour is the effect, numbers are the values."""
    from matplotlib.figure import Figure

    from tgbench.reports.plots.style import paper_style, save

    names = _drawn(values)
    with paper_style():
        figure = Figure(figsize=(7.2, 4.6), layout="constrained")
        axes = figure.subplots()
        axes.imshow(
            np.nan_to_num(effects(values)), cmap="YlOrRd", aspect="auto", vmin=0, vmax=_PALER
        )
        axes.set_xticks(range(len(values)), list(values), rotation=40, ha="right")
        axes.set_yticks(range(len(names)), [plugins.metric_spec(name).label for name in names])
        for column, found in enumerate(values.values()):
            for row, name in enumerate(names):
                value = found[name]
                digits = plugins.metric_spec(name).decimals
                shown = f".{digits}f" if digits <= 3 else ".1e"
                text = "–" if value is None else f"{value:{shown}}"
                axes.text(column, row, text, ha="center", va="center", fontsize=5)
    save(figure, path)


def main() -> None:
    """Plant, measure, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--other", type=Path, required=True, help="clip of another person")
    parser.add_argument("--frames", type=int, default=250, help="at most (250)")
    parser.add_argument("--out", type=Path, default=Path("build/defects"))
    parser.add_argument("--phonemes", type=Path, help="TextGrid or JSON of what the clip says")
    args = parser.parse_args()
    clip, other = Clip(args.clip, args.frames, args.phonemes), Clip(args.other, args.frames)
    args.out.mkdir(parents=True, exist_ok=True)
    values: dict[str, dict[str, float | None]] = {}
    for name, make in planted(clip, other).items():
        values[name] = measured(clip, make())
        print(name, flush=True)
    with (args.out / "values.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["metric", *values])
        for name in (*METRICS, *DETAILS):
            table.writerow([name, *(found[name] for found in values.values())])
    draw(values, args.out / "defects.png")
    print(f"{args.out}: values.csv and defects.png")


if __name__ == "__main__":
    main()
