"""Metrics of THEval (2511.04520): columns beside its published numbers, and never a ranking.

THEval rates a value by how near it is to that of the truth, so none has a direction. That it agrees
with people is shown for one-shot models, none of them trained on one person.
"""

from __future__ import annotations

from ...specs import FROM_ZERO, Direction, MetricSpec, Needs, Region, Requires

_MESHES = frozenset({Needs.TARGET, Needs.MESH})
_HEARS = _MESHES | {Needs.AUDIO}
_VOICE = Requires(packages=("silero_vad",), extra="theval")

LIP_DYNAMICS = MetricSpec(
    "theval_lip_dynamics",
    "THEval's lip dynamics: how much distances of lip points vary, frames squeezed to 256x256",
    "tgbench.metrics.theval.motion:LipDynamics",
    title="THEval lip dynamics",
    unit="px",
    direction=Direction.NONE,
    needs=_MESHES,
    decimals=3,
    by_name=True,
    averages_frames=False,
    bounds=FROM_ZERO,
    region=Region.MOUTH,
    table_place=900,
)
LIP_DYNAMICS_PAPER = LIP_DYNAMICS.variant(
    "paper",
    "tgbench.metrics.theval.motion:LipDynamicsPaper",
    "THEval lip dynamics (paper)",
    "the same with deviations of a sample, as the paper has it",
    table_place=901,
)
EYEBROW = MetricSpec(
    "theval_eyebrow",
    "THEval's eyebrow dynamics: how much brows move from frame to frame",
    "tgbench.metrics.theval.motion:Eyebrow",
    title="THEval eyebrow",
    direction=Direction.NONE,
    needs=_MESHES,
    decimals=4,
    by_name=True,
    averages_frames=False,
    bounds=FROM_ZERO,
    region=Region.UPPER_FACE,
    table_place=902,
)
EYEBROW_PAPER = EYEBROW.variant(
    "paper",
    "tgbench.metrics.theval.motion:EyebrowPaper",
    "THEval eyebrow (paper)",
    "how much brows deviate over the clip, as the paper has it: another number",
    table_place=903,
)
SILENT_LIP = MetricSpec(
    "theval_silent_lip",
    "THEval's silent lip stability: how much lips deviate from their mean in pauses of 300 ms",
    "tgbench.metrics.theval.speech:SilentLip",
    title="THEval silent lip",
    direction=Direction.NONE,
    needs=_HEARS,
    decimals=4,
    by_name=True,
    averages_frames=False,
    bounds=FROM_ZERO,
    requires=_VOICE,
    region=Region.MOUTH,
    table_place=904,
)
SILENT_LIP_PAPER = SILENT_LIP.variant(
    "paper",
    "tgbench.metrics.theval.speech:SilentLipPaper",
    "THEval silent lip (paper)",
    "the same about the median, as the paper has it",
    table_place=905,
)
LIP_SYNC = MetricSpec(
    "theval_lip_sync",
    "THEval's lip sync: distance of opening and loudness in speech; by chance unless p is small",
    "tgbench.metrics.theval.speech:LipSync",
    title="THEval lip sync",
    direction=Direction.NONE,
    needs=_HEARS,
    decimals=4,
    by_name=True,
    averages_frames=False,
    bounds=(0.0, 1.0),
    requires=_VOICE,
    region=Region.MOUTH,
    table_place=906,
)

METRICS = (
    LIP_DYNAMICS,
    LIP_DYNAMICS_PAPER,
    EYEBROW,
    EYEBROW_PAPER,
    SILENT_LIP,
    SILENT_LIP_PAPER,
    LIP_SYNC,
)
