"""What each metric is, declared without importing what computes it.

Where the references of the field disagree on a metric, each meaning is a metric with a name of
its own; those that protocols do not measure by themselves are marked `by_name`.
"""

from . import expression, image, lips, speech, speed

__all__ = ["METRICS"]

METRICS = (
    *image.METRICS,
    *lips.METRICS,
    *expression.METRICS,
    *speech.METRICS,
    *speed.METRICS,
)
