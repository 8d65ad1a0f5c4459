"""Metrics of arrays of frames: one call, one number.

Each function gives what `tgbench score` gives for the same frames. Frames are uint8 RGB
[T, H, W, 3], or any iterable of images uint8 [H, W, 3]; both clips have the same number and size
of frames, and frame t of one is compared with frame t of the other. Nothing is resized.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arrays import Image
from ..audio import Waveform, read_waveform
from ..errors import TgbenchError, Unavailable
from ..interfaces import Measurement, MetricContext, MetricOptions
from .frames import FaceFinders, LazyFrame
from .suite import measure_frames

Frames = NDArray[np.uint8] | Iterable[Image]
Sound = Waveform | Path | str
"""A waveform, or a file with one."""

FPS = 25.0

Box = tuple[int, int, int, int]


def measure(
    prediction: Frames,
    target: Frames | None = None,
    metrics: str | Sequence[str] = ("psnr", "lmd"),
    *,
    audio: Sound | None = None,
    fps: float = FPS,
    options: MetricOptions | None = None,
) -> dict[str, Measurement]:
    """Measure frames with several metrics in one pass; faces are searched for once.

    Args:
        prediction: uint8 RGB [T, H, W, 3].
        target: the ground truth, of the same shape; None measures only what needs none.
        metrics: names, as in `tgbench list`.
        audio: the driving sound, from the first frame on.
        fps: frames a second.
        options: how to measure: detector of landmarks, face box, codec.

    Returns:
        By name, in the order asked for, the value with what measured it. What cannot be measured
        has no value but a reason.

    Raises:
        TgbenchError: an unknown metric, or clips that cannot be compared.

    A clip that is 5 grey levels too bright everywhere:

    >>> import numpy as np
    >>> from tgbench.metrics import measure
    >>> target = np.full((2, 64, 64, 3), 100, np.uint8)
    >>> found = measure(target + 5, target, ["psnr", "ssim"])
    >>> {name: round(one.value, 4) for name, one in found.items()}
    {'psnr': 34.1514, 'ssim': 0.9985}
    """
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    sound = read_waveform(Path(audio)) if isinstance(audio, str | Path) else audio
    context = MetricContext(sound, fps, options=options or MetricOptions())
    return measure_frames(_pairs(prediction, target), names, context).results()


def frame_pairs(
    prediction: Frames, target: Frames | None = None, landmarks: str = "mediapipe"
) -> Iterator[LazyFrame]:
    """Yield frames as a metric's `update` takes them, to use the streaming classes directly.

    Args:
        prediction: uint8 RGB [T, H, W, 3].
        target: the ground truth, of the same shape; None where a metric needs none.
        landmarks: detector of the 68 landmarks, "mediapipe" or "fan".

    Raises:
        TgbenchError: the clips differ in length or size, or are not uint8 RGB.

    >>> import numpy as np
    >>> from tgbench.metrics import MetricContext, Psnr, frame_pairs
    >>> target = np.full((2, 64, 64, 3), 100, np.uint8)
    >>> metric = Psnr(MetricContext())
    >>> [round(metric.update(frame), 2) for frame in frame_pairs(target + 5, target)]
    [34.15, 34.15]
    >>> round(metric.compute().value, 2)
    34.15
    """
    finders = FaceFinders(landmarks)
    for index, (image, truth) in enumerate(_pairs(prediction, target)):
        yield LazyFrame(index, image, truth, finders)


def psnr(prediction: Frames, target: Frames) -> float:
    """Return the peak signal-to-noise ratio of the whole image in dB, from 0 up; higher is better.

    The mean over frames of 10 log10(255² / MSE), the error over all pixels and channels. A frame
    that equals its target has no finite value and is left out.

    Args:
        prediction: uint8 RGB [T, H, W, 3].
        target: the ground truth, of the same shape.

    Raises:
        Unavailable: every frame equals its target.
        TgbenchError: the clips differ in length or size, or are not uint8 RGB.

    A clip that is 5 grey levels too bright everywhere has 20 log10(255 / 5) dB:

    >>> import numpy as np
    >>> from tgbench.metrics import psnr
    >>> target = np.full((2, 64, 64, 3), 100, np.uint8)
    >>> round(psnr(target + 5, target), 4)
    34.1514
    """
    return _value("psnr", prediction, target)


def psnr_face(prediction: Frames, target: Frames, *, face_box: Box | None = None) -> float:
    """Return the peak signal-to-noise ratio in the box of the target's face in dB.

    As `psnr`, over the pixels around the face only: these are the ones a method made.

    Args:
        prediction: uint8 RGB [T, H, W, 3].
        target: the ground truth, of the same shape.
        face_box: left, top, right, bottom in pixels, the last two exclusive, for all frames; None
            takes each frame's own, around the target's landmarks.

    Raises:
        Unavailable: no frame shows a face, or no detector of landmarks is installed.
        TgbenchError: the clips cannot be compared.

    >>> import numpy as np
    >>> from tgbench.metrics import psnr_face
    >>> target = np.full((1, 64, 64, 3), 100, np.uint8)
    >>> prediction = target.copy()
    >>> prediction[:, :32] += 5  # in one half of the box
    >>> round(psnr_face(prediction, target, face_box=(16, 16, 48, 48)), 4)
    37.1617
    """
    return _value("psnr_face", prediction, target, face_box=face_box)


def ssim(prediction: Frames, target: Frames) -> float:
    """Return the structural similarity of the whole image, -1 to 1; higher is better.

    The mean over frames, pixels and channels of
    (2 μx μy + C1)(2 σxy + C2) / ((μx² + μy² + C1)(σx² + σy² + C2)) with a Gaussian window of 11
    pixels, σ 1.5, C1 = (0.01 · 255)², C2 = (0.03 · 255)² (Wang et al. 2004), as the code of 3D
    Gaussian Splatting computes it: the window sees zeros outside the image.

    Args:
        prediction: uint8 RGB [T, H, W, 3], at least 11 pixels high and wide.
        target: the ground truth, of the same shape.

    Raises:
        TgbenchError: the clips cannot be compared.

    >>> import numpy as np
    >>> from tgbench.metrics import ssim
    >>> target = np.full((2, 64, 64, 3), 100, np.uint8)
    >>> round(ssim(target + 5, target), 4)
    0.9985
    """
    return _value("ssim", prediction, target)


def ssim_face(prediction: Frames, target: Frames, *, face_box: Box | None = None) -> float:
    """Return the structural similarity in the box of the target's face, -1 to 1.

    As `ssim`, over the pixels around the face only.

    Args:
        prediction: uint8 RGB [T, H, W, 3].
        target: the ground truth, of the same shape.
        face_box: as of `psnr_face`.

    Raises:
        Unavailable: no frame shows a face, or no detector of landmarks is installed.
        TgbenchError: the clips cannot be compared.

    >>> import numpy as np
    >>> from tgbench.metrics import ssim_face
    >>> target = np.full((2, 64, 64, 3), 100, np.uint8)
    >>> round(ssim_face(target + 5, target, face_box=(16, 16, 48, 48)), 4)
    0.9988
    """
    return _value("ssim_face", prediction, target, face_box=face_box)


def lpips(prediction: Frames, target: Frames) -> float:
    """Return LPIPS of the whole image (AlexNet, v0.1), from 0 up; lower is better.

    The mean over frames of the distance of Zhang et al. 2018, images scaled to [-1, 1].

    Args:
        prediction: uint8 RGB [T, H, W, 3], at least 32 pixels high and wide.
        target: the ground truth, of the same shape.

    Raises:
        Unavailable: the package or the weights are missing; the message says how to get them.
        TgbenchError: the clips cannot be compared.
    """
    return _value("lpips", prediction, target)


def lmd(prediction: Frames, target: Frames, *, landmarks: str = "mediapipe") -> float:
    """Return the landmark distance of the mouth in pixels, from 0 up; lower is better.

    The mean over frames of the mean Euclidean distance of the 20 mouth points (48 to 67 of the 68
    iBUG landmarks), each mouth centred on its own mean, as TalkingGaussian and ER-NeRF compute
    it. It grows with the size of the image. A frame without a face in either clip is left out.

    Args:
        prediction: uint8 RGB [T, H, W, 3].
        target: the ground truth, of the same shape.
        landmarks: detector of the 68 landmarks, "mediapipe" or "fan".

    Raises:
        Unavailable: no frame shows a face in both clips, or the detector is not installed.
        TgbenchError: the clips cannot be compared.

    A built-in person who speaks, against the same frames in reverse order, and against themselves:

    >>> import numpy as np
    >>> from tgbench.metrics import lmd
    >>> from tgbench.synthetic import film
    >>> studio = film("synth-a", 256)
    >>> target = np.stack([studio.shoot(frame).image for frame in (0, 5, 10)])
    >>> round(lmd(target[::-1], target))
    2
    >>> lmd(target, target)
    0.0
    """
    return _value("lmd", prediction, target, landmarks=landmarks)


def aue_l_geometry(prediction: Frames, target: Frames) -> float:
    """Return the error of the lower face's action units from the geometry of the face mesh.

    The mean over frames of the summed squared differences of AU 10, 12, 14, 15, 17, 20, 23, 25
    and 26, on the scale of 0 to 5; from 0 up, lower is better. It is not OpenFace's AUE-L.

    Args:
        prediction: uint8 RGB [T, H, W, 3].
        target: the ground truth, of the same shape.

    Raises:
        Unavailable: no frame shows a face in both clips, or mediapipe is not installed.
        TgbenchError: the clips cannot be compared.
    """
    return _value("aue_l_geometry", prediction, target)


def aue_u_geometry(prediction: Frames, target: Frames) -> float:
    """Return the error of the upper face's action units from the geometry of the face mesh.

    As `aue_l_geometry`, over the action units of brows and lids.

    Args:
        prediction: uint8 RGB [T, H, W, 3].
        target: the ground truth, of the same shape.

    Raises:
        Unavailable: no frame shows a face in both clips, or mediapipe is not installed.
        TgbenchError: the clips cannot be compared.
    """
    return _value("aue_u_geometry", prediction, target)


def lip_agreement(prediction: Frames, audio: Sound, *, fps: float = FPS) -> float:
    """Return the correlation of mouth opening with speech level, -1 to 1; higher is better.

    The largest over small lags. It needs no ground truth and is not Sync-C.

    Args:
        prediction: uint8 RGB [T, H, W, 3], at least 1.5 s of it with a face.
        audio: the driving sound, from the first frame on.
        fps: frames a second.

    Raises:
        Unavailable: the clip is too short or shows no face, or no detector is installed.
        TgbenchError: the sound cannot be read.
    """
    return _value("lip_agreement", prediction, None, audio=audio, fps=fps)


def sync_c(prediction: Frames, audio: Sound) -> float:
    """Return SyncNet's confidence that lips and sound belong together (LSE-C); higher is better.

    The median distance over lags minus the least, of the longest face track.

    Args:
        prediction: uint8 RGB [T, H, W, 3] at 25 frames a second.
        audio: the driving sound, from the first frame on.

    Raises:
        Unavailable: the package or the weights are missing, or no face was followed long enough.
        TgbenchError: the sound cannot be read.
    """
    return _value("sync_c", prediction, None, audio=audio)


def sync_e(prediction: Frames, audio: Sound) -> float:
    """Return SyncNet's distance between lips and sound (LSE-D), from 0 up; lower is better.

    The least over lags of the mean Euclidean distance, of the longest face track.

    Args:
        prediction: uint8 RGB [T, H, W, 3] at 25 frames a second.
        audio: the driving sound, from the first frame on.

    Raises:
        Unavailable: the package or the weights are missing, or no face was followed long enough.
        TgbenchError: the sound cannot be read.
    """
    return _value("sync_e", prediction, None, audio=audio)


def _value(
    name: str,
    prediction: Frames,
    target: Frames | None,
    *,
    audio: Sound | None = None,
    fps: float = FPS,
    **options: object,
) -> float:
    chosen = MetricOptions(**options)  # type: ignore[arg-type]
    found = measure(prediction, target, name, audio=audio, fps=fps, options=chosen)[name]
    if found.value is None:
        raise Unavailable(f"{name}: {found.reason}")
    return found.value


def _pairs(prediction: Frames, target: Frames | None) -> Iterator[tuple[Image, Image | None]]:
    """Yield the frames of two clips together, each held to be uint8 RGB of one size."""
    if target is None:
        for image in _images("prediction", prediction):
            yield image, None
        return
    truths = _images("target", target)
    count = 0
    for image in _images("prediction", prediction):
        truth = next(truths, None)
        if truth is None:
            raise TgbenchError(f"the target has {count} frames, the prediction more; cut one")
        if truth.shape != image.shape:
            raise TgbenchError(
                f"frame {count}: the prediction is {image.shape}, the target {truth.shape}; "
                "frames are never resized"
            )
        yield image, truth
        count += 1
    if next(truths, None) is not None:
        raise TgbenchError(f"the prediction has {count} frames, the target more; cut one")


def _images(name: str, clip: Frames) -> Iterator[Image]:
    if isinstance(clip, np.ndarray) and clip.ndim != 4:
        raise TgbenchError(
            f"the {name} has the shape {clip.shape}; give frames as [T, H, W, 3], one of them as "
            "frame[None]"
        )
    for index, image in enumerate(clip):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise TgbenchError(
                f"frame {index} of the {name} is {image.dtype} {image.shape}; frames are uint8 "
                "RGB [H, W, 3]"
            )
        yield image
