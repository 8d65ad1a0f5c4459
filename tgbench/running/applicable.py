"""Which metrics say something about a method, whatever was measured."""

from __future__ import annotations

from ..metrics.specs import TRAINING_TIME, UPPER_FACE_METRICS, WHOLE_IMAGE_METRICS
from ..metrics.speed import LOST
from .result import Result


def why_never(result: Result, metric: str) -> str:
    """Return why a method cannot have a metric; empty if it can.

    Papers leave such cells empty: table 1 of TalkingGaussian has no PSNR of Wav2Lip and no AUE-U
    of methods that move the mouth alone.
    """
    method = result.method
    if metric in WHOLE_IMAGE_METRICS and not method.whole_image_valid:
        return "the whole image is not the method's"
    if metric in UPPER_FACE_METRICS and not method.moves_upper_face:
        return "the upper face is not moved"
    if metric == TRAINING_TIME.name and result.timing.training_seconds is None:
        found = result.metrics.get(metric)
        return "" if found and found.reason == LOST else "nothing is trained"
    return ""
