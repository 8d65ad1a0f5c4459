"""Metrics of lips: where they are, and whether they move with the sound."""

from __future__ import annotations

from ...specs import CORRELATION, FROM_ZERO, Direction, MetricSpec, Needs, Region

SHORTEST_SPEECH = 1.5
"""Seconds with a face and a sound that the agreement of lips takes. Of 1.8 s, the held-out part of
a clip of 20 s, 9 of 100 unrelated pairs passed for related ones; of less, few lags are left."""


_FACES = frozenset({Needs.TARGET, Needs.LANDMARKS})
_SPOKEN = frozenset({Needs.LANDMARKS, Needs.AUDIO})

LMD = MetricSpec(
    "lmd",
    "distance of mouth landmarks, each mouth centred on itself",
    "tgbench.metrics.lips.lmd:Lmd",
    title="LMD",
    unit="px",
    direction=Direction.LOWER,
    needs=_FACES,
    decimals=3,
    bounds=FROM_ZERO,
    region=Region.MOUTH,
    gate_tolerance=0.05,
    table_place=200,
)
LMD_RELATIVE = LMD.variant(
    "relative",
    "tgbench.metrics.lips.lmd:LmdRelative",
    "LMD / eyes",
    "LMD by the distance of the outer eye corners, so that image size does not matter",
    unit="",
    decimals=4,
    gate_tolerance=0.001,
    table_place=210,
)
LMD_FACE = LMD.variant(
    "face",
    "tgbench.metrics.lips.lmd:LmdFace",
    "LMD (face)",
    "LMD over all 68 landmarks, each face centred on itself (F-LMD)",
    region=Region.FACE,
    table_place=220,
)
LMD_SUM = LMD.variant(
    "sum",
    "tgbench.metrics.lips.lmd:LmdSum",
    "LMD (sum)",
    "LMD with the sum, not the mean, over the 20 mouth landmarks (M-LMD of EAT)",
    gate_tolerance=1.0,
    table_place=230,
)
LMD_ABSOLUTE = LMD.variant(
    "absolute",
    "tgbench.metrics.lips.lmd:LmdAbsolute",
    "LMD (not centred)",
    "LMD of mouths where they stand in the image, head motion included",
    table_place=240,
)

LIP_AGREEMENT = MetricSpec(
    "lip_agreement",
    "correlation of mouth opening with speech level, at the best small lag (not Sync-C)",
    "tgbench.metrics.lips.lip_agreement:LipAgreement",
    title="Lip agreement",
    direction=Direction.HIGHER,
    needs=_SPOKEN,
    decimals=3,
    averages_frames=False,
    bounds=CORRELATION,
    shortest_seconds=SHORTEST_SPEECH,
    region=Region.MOUTH,
    gate_tolerance=0.05,
    table_place=460,
)
LIP_LAG = MetricSpec(
    "lip_lag",
    "delay of the lips behind the sound where they agree best",
    "tgbench.metrics.lips.lip_agreement:LipLag",
    title="Lip lag",
    unit="ms",
    direction=Direction.NONE,
    needs=_SPOKEN,
    decimals=0,
    averages_frames=False,
    shortest_seconds=SHORTEST_SPEECH,
    region=Region.MOUTH,
    table_place=470,
)

MOUTH_MTM = MetricSpec(
    "mouth_mtm",
    "time between extremes of the mouth's opening and their partners in the truth",
    "tgbench.metrics.lips.timing:MouthTiming",
    title="Mouth timing",
    unit="ms",
    direction=Direction.LOWER,
    needs=_FACES,
    decimals=0,
    averages_frames=False,
    bounds=FROM_ZERO,
    region=Region.MOUTH,
    gate_tolerance=10.0,
    table_place=250,
)
MOUTH_CCC = MetricSpec(
    "mouth_ccc",
    "concordance of the mouth's opening with the truth's, in amount, level and time",
    "tgbench.metrics.lips.amount:MouthConcordance",
    title="Mouth CCC",
    direction=Direction.HIGHER,
    needs=_FACES,
    decimals=3,
    averages_frames=False,
    bounds=CORRELATION,
    region=Region.MOUTH,
    gate_tolerance=0.05,
    table_place=255,
)
MOUTH_GAIN = MetricSpec(
    "mouth_gain",
    "how much the mouth's opening varies, as a ratio to the truth",
    "tgbench.metrics.lips.amount:MouthGain",
    title="Mouth gain",
    direction=Direction.ONE,
    needs=_FACES,
    decimals=2,
    by_name=True,
    averages_frames=False,
    bounds=FROM_ZERO,
    region=Region.MOUTH,
    gate_tolerance=0.1,
    table_place=260,
)
LMD_DTW = MetricSpec(
    "lmd_dtw",
    "squared mouth distance where lips may be early or late by 120 ms",
    "tgbench.metrics.lips.timing:WarpedLmd",
    title="LMD-DTW",
    unit="eye distance²",
    direction=Direction.LOWER,
    needs=_FACES,
    decimals=6,
    by_name=True,
    averages_frames=False,
    bounds=FROM_ZERO,
    region=Region.MOUTH,
    table_place=265,
)
TIMING_SHARE = MetricSpec(
    "timing_share",
    "share of the squared mouth distance that moving by at most 120 ms mends",
    "tgbench.metrics.lips.timing:TimingShare",
    title="Timing share",
    direction=Direction.NONE,
    needs=_FACES,
    decimals=2,
    by_name=True,
    averages_frames=False,
    bounds=(0.0, 1.0),
    region=Region.MOUTH,
    table_place=270,
)
LVD_MOUTH = MetricSpec(
    "lvd_mouth",
    "distance of the velocities of mouth landmarks",
    "tgbench.metrics.lips.amount:MouthVelocity",
    title="LVD (mouth)",
    unit="eye distances/s",
    direction=Direction.LOWER,
    needs=_FACES,
    decimals=3,
    by_name=True,
    bounds=FROM_ZERO,
    region=Region.MOUTH,
    table_place=275,
)

LIP_LEAK = MetricSpec(
    "lip_leak",
    "share of frames with an open mouth, where nothing is said",
    "tgbench.metrics.lips.leak:LipLeak",
    title="Lip leak",
    direction=Direction.LOWER,
    needs=frozenset({Needs.LANDMARKS}),
    decimals=3,
    by_name=True,
    bounds=(0.0, 1.0),
    region=Region.MOUTH,
    gate_tolerance=0.05,
    table_place=280,
)

BILABIAL_CLOSURE = MetricSpec(
    "bilabial_closure",
    "share of frames of p, b and m whose mouth is as shut as most of the true ones",
    "tgbench.metrics.lips.articulation:BilabialClosure",
    title="Bilabial closure",
    direction=Direction.HIGHER,
    needs=_FACES | {Needs.PHONEMES},
    decimals=2,
    by_name=True,
    bounds=(0.0, 1.0),
    region=Region.MOUTH,
    gate_tolerance=0.1,
    table_place=276,
)
VOWEL_OPENING = MetricSpec(
    "vowel_opening",
    "share of frames of open vowels whose mouth is as open as most of the true ones",
    "tgbench.metrics.lips.articulation:VowelOpening",
    title="Vowel opening",
    direction=Direction.HIGHER,
    needs=_FACES | {Needs.PHONEMES},
    decimals=2,
    by_name=True,
    bounds=(0.0, 1.0),
    region=Region.MOUTH,
    gate_tolerance=0.1,
    table_place=277,
)

METRICS = (
    LMD,
    LMD_RELATIVE,
    LMD_FACE,
    LMD_SUM,
    LMD_ABSOLUTE,
    LIP_AGREEMENT,
    LIP_LAG,
    MOUTH_MTM,
    MOUTH_CCC,
    MOUTH_GAIN,
    LMD_DTW,
    TIMING_SHARE,
    LVD_MOUTH,
    BILABIAL_CLOSURE,
    VOWEL_OPENING,
    LIP_LEAK,
)
