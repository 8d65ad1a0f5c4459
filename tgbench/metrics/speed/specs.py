"""What a clock measures: rendering and training."""

from __future__ import annotations

import dataclasses

from ...specs import Direction, MetricSpec, Needs

_TIMED = frozenset({Needs.TIMING})

FPS = MetricSpec(
    "fps",
    "frames rendered a second, one at a time",
    "tgbench.metrics.speed.clock:FramesPerSecond",
    title="FPS",
    unit="1/s",
    direction=Direction.HIGHER,
    needs=_TIMED,
    decimals=1,
    averages_frames=False,
    table_place=500,
)
FPS_BEST = dataclasses.replace(
    FPS,
    name="fps_best",
    summary="frames rendered a second with as many at once as suits the method",
    implementation="tgbench.metrics.speed.clock:BestFramesPerSecond",
    title="FPS (batch)",
    by_name=True,
    table_place=510,
)
FPS_END_TO_END = dataclasses.replace(
    FPS,
    name="fps_end_to_end",
    summary="frames a second from a sound to an encoded video",
    implementation="tgbench.metrics.speed.clock:EndToEndFramesPerSecond",
    title="FPS (end to end)",
    by_name=True,
    table_place=520,
)
TRAINING_TIME = MetricSpec(
    "training_time",
    "wall time of all training stages",
    "tgbench.metrics.speed.clock:TrainingTime",
    title="Training",
    unit="min",
    direction=Direction.LOWER,
    needs=frozenset({Needs.TIMING, Needs.TRAINING}),
    decimals=1,
    averages_frames=False,
    table_place=530,
)

METRICS = (
    FPS,
    FPS_BEST,
    FPS_END_TO_END,
    TRAINING_TIME,
)
