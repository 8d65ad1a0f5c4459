"""Metrics that compare where landmarks are."""

from __future__ import annotations

from ...specs import Direction, MetricSpec, Region
from .shared import FACES, FROM_ZERO

LMD = MetricSpec(
    "lmd",
    "distance of mouth landmarks, each mouth centred on itself",
    "tgbench.metrics.lmd:Lmd",
    title="LMD",
    unit="px",
    direction=Direction.LOWER,
    needs=FACES,
    decimals=3,
    bounds=FROM_ZERO,
    region=Region.MOUTH,
    gate_tolerance=0.05,
    table_place=200,
)
LMD_RELATIVE = LMD.variant(
    "relative",
    "tgbench.metrics.lmd:LmdRelative",
    "LMD / eyes",
    "LMD by the distance of the outer eye corners, so that image size does not matter",
    unit="",
    decimals=4,
    gate_tolerance=0.001,
    table_place=210,
)
LMD_FACE = LMD.variant(
    "face",
    "tgbench.metrics.lmd:LmdFace",
    "LMD (face)",
    "LMD over all 68 landmarks, each face centred on itself (F-LMD)",
    region=Region.FACE,
    table_place=220,
)
LMD_SUM = LMD.variant(
    "sum",
    "tgbench.metrics.lmd:LmdSum",
    "LMD (sum)",
    "LMD with the sum, not the mean, over the 20 mouth landmarks (M-LMD of EAT)",
    gate_tolerance=1.0,
    table_place=230,
)
LMD_ABSOLUTE = LMD.variant(
    "absolute",
    "tgbench.metrics.lmd:LmdAbsolute",
    "LMD (not centred)",
    "LMD of mouths where they stand in the image, head motion included",
    table_place=240,
)

METRICS = (
    LMD,
    LMD_RELATIVE,
    LMD_FACE,
    LMD_SUM,
    LMD_ABSOLUTE,
)
