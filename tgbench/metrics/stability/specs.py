"""Metrics of what pixels do from frame to frame, and of how sharp they are."""

from __future__ import annotations

from ...specs import FROM_ZERO, Direction, MetricSpec, Needs, Region

_FRAMES = frozenset({Needs.TARGET})

FLICKER = MetricSpec(
    "flicker",
    "how much more than in the truth pixels change where the truth stands still",
    "tgbench.metrics.stability.flicker:Flicker",
    title="Flicker",
    unit="levels",
    direction=Direction.LOWER,
    needs=_FRAMES,
    decimals=2,
    by_name=True,
    averages_frames=False,
    region=Region.WHOLE_IMAGE,
    table_place=384,
)
TOF = MetricSpec(
    "tof",
    "difference of the optical flow from that of the truth",
    "tgbench.metrics.stability.flow:FlowDifference",
    title="tOF",
    unit="px",
    direction=Direction.LOWER,
    needs=_FRAMES,
    decimals=3,
    by_name=True,
    bounds=FROM_ZERO,
    region=Region.WHOLE_IMAGE,
    table_place=386,
)
SHARPNESS_MOUTH = MetricSpec(
    "sharpness_mouth",
    "sharpness around the mouth, as a ratio to the truth",
    "tgbench.metrics.stability.sharpness:MouthSharpness",
    title="Mouth sharpness",
    direction=Direction.ONE,
    needs=_FRAMES | {Needs.LANDMARKS},
    decimals=2,
    by_name=True,
    averages_frames=False,
    bounds=FROM_ZERO,
    region=Region.MOUTH,
    table_place=388,
)

METRICS = (FLICKER, TOF, SHARPNESS_MOUTH)
