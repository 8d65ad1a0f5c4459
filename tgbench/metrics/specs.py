"""What each metric is, declared without importing what computes it."""

from __future__ import annotations

from collections.abc import Iterable

from ..specs import Direction, MetricSpec, Needs

PSNR = MetricSpec(
    "psnr",
    "peak signal-to-noise ratio of the whole image, mean over frames",
    "tgbench.metrics.psnr:Psnr",
    title="PSNR",
    unit="dB",
    direction=Direction.HIGHER,
    needs=frozenset({Needs.TARGET}),
    decimals=2,
)
SSIM_FACE = MetricSpec(
    "ssim_face",
    "structural similarity in the box of the target's face",
    "tgbench.metrics.ssim_face:SsimFace",
    title="SSIM (face)",
    direction=Direction.HIGHER,
    needs=frozenset({Needs.TARGET, Needs.LANDMARKS}),
    decimals=3,
)
LPIPS = MetricSpec(
    "lpips",
    "learned perceptual distance of the whole image (AlexNet, v0.1)",
    "tgbench.metrics.lpips:Lpips",
    title="LPIPS",
    direction=Direction.LOWER,
    needs=frozenset({Needs.TARGET}),
    decimals=4,
)
LMD = MetricSpec(
    "lmd",
    "distance of mouth landmarks, each mouth centred on itself",
    "tgbench.metrics.lmd:Lmd",
    title="LMD",
    unit="px",
    direction=Direction.LOWER,
    needs=frozenset({Needs.TARGET, Needs.LANDMARKS}),
    decimals=3,
)
LIP_AGREEMENT = MetricSpec(
    "lip_agreement",
    "correlation of mouth opening with speech level, at the best small lag (not Sync-C)",
    "tgbench.metrics.lip_agreement:LipAgreement",
    title="Lip agreement",
    direction=Direction.HIGHER,
    needs=frozenset({Needs.LANDMARKS, Needs.AUDIO}),
    decimals=3,
)
LIP_LAG = MetricSpec(
    "lip_lag",
    "delay of the lips behind the sound where they agree best",
    "tgbench.metrics.lip_agreement:LipLag",
    title="Lip lag",
    unit="ms",
    direction=Direction.NONE,
    needs=frozenset({Needs.LANDMARKS, Needs.AUDIO}),
    decimals=0,
)
AUE_L = MetricSpec(
    "aue_l",
    "error of the lower face's action units (OpenFace)",
    "tgbench.metrics.action_unit_error:LowerFaceError",
    title="AUE-L",
    direction=Direction.LOWER,
    needs=frozenset({Needs.TARGET, Needs.ACTION_UNITS}),
    decimals=2,
)
AUE_U = MetricSpec(
    "aue_u",
    "error of the upper face's action units (OpenFace)",
    "tgbench.metrics.action_unit_error:UpperFaceError",
    title="AUE-U",
    direction=Direction.LOWER,
    needs=frozenset({Needs.TARGET, Needs.ACTION_UNITS}),
    decimals=2,
)
SYNC_C = MetricSpec(
    "sync_c",
    "SyncNet's confidence that lips and sound belong together (LSE-C)",
    "tgbench.metrics.syncnet:SyncConfidence",
    title="Sync-C",
    direction=Direction.HIGHER,
    needs=frozenset({Needs.AUDIO}),
    decimals=3,
)
SYNC_E = MetricSpec(
    "sync_e",
    "SyncNet's distance between lips and sound (LSE-D)",
    "tgbench.metrics.syncnet:SyncError",
    title="Sync-E",
    direction=Direction.LOWER,
    needs=frozenset({Needs.AUDIO}),
    decimals=3,
)
FPS = MetricSpec(
    "fps",
    "rendered frames a second: frames by total wall time",
    "tgbench.metrics.speed:FramesPerSecond",
    title="FPS",
    unit="1/s",
    direction=Direction.HIGHER,
    needs=frozenset({Needs.TIMING}),
    decimals=1,
)
TRAINING_TIME = MetricSpec(
    "training_time",
    "wall time of all training stages",
    "tgbench.metrics.speed:TrainingTime",
    title="Training",
    unit="min",
    direction=Direction.LOWER,
    needs=frozenset({Needs.TIMING}),
    decimals=1,
)

TABLE_ORDER = tuple(
    spec.name
    for spec in (
        PSNR,
        SSIM_FACE,
        LPIPS,
        LMD,
        AUE_L,
        AUE_U,
        SYNC_C,
        SYNC_E,
        LIP_AGREEMENT,
        LIP_LAG,
        FPS,
        TRAINING_TIME,
    )
)
"""Image, lips, expression, synchronisation, speed: the order of the field's tables."""

IMAGE_METRICS = frozenset({"psnr", "ssim_face", "lpips"})
"""Compare pixels, so they rank only among methods whose frames are made of the same parts."""

WHOLE_IMAGE_METRICS = frozenset({"psnr", "lpips"})
"""Mean nothing for a method that does not make the whole image."""

UPPER_FACE_METRICS = frozenset({"aue_u"})
"""Mean nothing for a method that does not move the upper face."""


def in_table_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return metric names as tables show them: the suite's own order, then others by name."""
    rank = {name: position for position, name in enumerate(TABLE_ORDER)}
    return tuple(sorted(set(names), key=lambda name: (rank.get(name, len(rank)), name)))
