"""Metrics of how head, eyes and brows move."""

from __future__ import annotations

from ...specs import FROM_ZERO, Direction, MetricSpec, Needs, Region

SHORTEST_BLINKS = 20.0
"""Seconds that a rate of blinks takes: people blink some 15 to 20 times a minute."""

_MESHES = frozenset({Needs.TARGET, Needs.MESH})
_EYES = frozenset({Needs.LANDMARKS})

JITTER_RATIO = MetricSpec(
    "jitter_ratio",
    "how much points over bone tremble from frame to frame, as a ratio to the truth",
    "tgbench.metrics.motion.head:JitterRatio",
    title="Jitter",
    direction=Direction.ONE,
    needs=_MESHES,
    decimals=2,
    by_name=True,
    averages_frames=False,
    bounds=FROM_ZERO,
    region=Region.FACE,
    table_place=372,
)
HEAD_MOTION_RATIO = MetricSpec(
    "head_motion_ratio",
    "how much the head turns, as a ratio to the truth",
    "tgbench.metrics.motion.head:HeadMotionRatio",
    title="Head motion",
    direction=Direction.ONE,
    needs=_MESHES,
    decimals=2,
    by_name=True,
    averages_frames=False,
    bounds=FROM_ZERO,
    region=Region.FACE,
    table_place=374,
)
UPPER_DYNAMICS = MetricSpec(
    "upper_dynamics",
    "difference in how much brows, lids and forehead move",
    "tgbench.metrics.motion.upper_face:UpperDynamics",
    title="Upper dynamics",
    unit="mm",
    direction=Direction.LOWER,
    needs=_MESHES,
    decimals=3,
    by_name=True,
    averages_frames=False,
    bounds=FROM_ZERO,
    region=Region.UPPER_FACE,
    table_place=376,
)
BLINK_RATE = MetricSpec(
    "blink_rate",
    "blinks a second",
    "tgbench.metrics.motion.blinks:BlinkRate",
    title="Blinks",
    unit="1/s",
    direction=Direction.NONE,
    needs=_EYES,
    decimals=2,
    by_name=True,
    averages_frames=False,
    bounds=FROM_ZERO,
    region=Region.UPPER_FACE,
    table_place=378,
)
BLINK_MS = MetricSpec(
    "blink_ms",
    "mean length of blinks",
    "tgbench.metrics.motion.blinks:BlinkLength",
    title="Blink length",
    unit="ms",
    direction=Direction.NONE,
    needs=_EYES,
    decimals=0,
    by_name=True,
    averages_frames=False,
    bounds=FROM_ZERO,
    region=Region.UPPER_FACE,
    table_place=380,
)
BLINK_F1 = MetricSpec(
    "blink_f1",
    "agreement of blinks with those of the truth, within 120 ms",
    "tgbench.metrics.motion.blinks:BlinkAgreement",
    title="Blink F1",
    direction=Direction.HIGHER,
    needs=_EYES | {Needs.TARGET},
    decimals=2,
    by_name=True,
    averages_frames=False,
    bounds=(0.0, 1.0),
    region=Region.UPPER_FACE,
    table_place=382,
)

METRICS = (JITTER_RATIO, HEAD_MOTION_RATIO, UPPER_DYNAMICS, BLINK_RATE, BLINK_MS, BLINK_F1)
