"""Which metrics say something about a method, whatever was measured."""

from __future__ import annotations

from .. import plugins
from ..metrics.speed import LOST
from ..specs import Needs, Region
from .result import Result


def why_never(result: Result, metric: str) -> str:
    """Return why a method cannot have a metric; empty if it can.

    Papers leave such cells empty: table 1 of TalkingGaussian has no PSNR of Wav2Lip and no AUE-U
    of methods that move the mouth alone.
    """
    method = result.method
    spec = plugins.metric_spec(metric)
    if spec.region is Region.WHOLE_IMAGE and not method.whole_image_valid:
        return "the whole image is not the method's"
    if spec.region is Region.UPPER_FACE and not method.moves_upper_face:
        return "the upper face is not moved"
    if Needs.TRAINING in spec.needs and result.timing.training_seconds is None:
        found = result.metrics.get(metric)
        return "" if found and found.reason == LOST else "nothing is trained"
    return ""
