"""What each metric is, declared without importing what computes it.

Where the references of the field disagree on a metric, each meaning is a metric with a name of
its own; those that protocols do not measure by themselves are marked `by_name`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

from ..specs import Direction, MetricSpec, Needs, Requires

_PAIR = frozenset({Needs.TARGET})
_FACES = frozenset({Needs.TARGET, Needs.LANDMARKS})
_SPOKEN = frozenset({Needs.LANDMARKS, Needs.AUDIO})
_TIMED = frozenset({Needs.TIMING})
SHORTEST_SPEECH = 1.5
"""Seconds with a face and a sound that the agreement of lips takes. Of 1.8 s, the held-out part of
a clip of 20 s, 9 of 100 unrelated pairs passed for related ones; of less, few lags are left."""

_FROM_ZERO = (0.0, math.inf)
_OF_ONE = (-1.0, 1.0)

_OPENFACE = Requires(programs=("FeatureExtraction",), option="--action-units")
_PYFEAT = Requires(
    packages=("feat",), extra="pyfeat", weights=("pyfeat_retinaface", "pyfeat_multitask")
)
_SYNCNET = Requires(packages=("syncnet_python",), extra="sync", weights=("syncnet",))


def _variant(
    of: MetricSpec, suffix: str, implementation: str, title: str, summary: str, **others: Any
) -> MetricSpec:
    """Return another meaning of a metric, measured when named; `others` are further fields."""
    return dataclasses.replace(
        of,
        name=f"{of.name}_{suffix}",
        summary=summary,
        implementation=implementation,
        title=title,
        by_name=True,
        **others,
    )


PSNR = MetricSpec(
    "psnr",
    "peak signal-to-noise ratio of the whole image, mean over frames",
    "tgbench.metrics.psnr:Psnr",
    title="PSNR",
    unit="dB",
    direction=Direction.HIGHER,
    needs=_PAIR,
    decimals=2,
    bounds=_FROM_ZERO,
)
PSNR_FACE = dataclasses.replace(
    PSNR,
    name="psnr_face",
    summary="peak signal-to-noise ratio in the box of the target's face, mean over frames",
    implementation="tgbench.metrics.psnr:PsnrFace",
    title="PSNR (face)",
    needs=_FACES,
    takes_face_box=True,
)
SSIM_FACE = MetricSpec(
    "ssim_face",
    "structural similarity (3DGS's) in the box of the target's face",
    "tgbench.metrics.ssim:SsimFace",
    title="SSIM (face)",
    direction=Direction.HIGHER,
    needs=_FACES,
    decimals=3,
    takes_face_box=True,
    bounds=_OF_ONE,
)
SSIM_FACE_GAUSSIAN = _variant(
    SSIM_FACE,
    "gaussian",
    "tgbench.metrics.ssim:SsimFaceGaussian",
    "SSIM (face, Gaussian)",
    "structural similarity of the face's crop, Gaussian window inside it (as scikit-image's)",
)
SSIM_FACE_SKIMAGE = _variant(
    SSIM_FACE,
    "skimage",
    "tgbench.metrics.ssim:SsimFaceSkimage",
    "SSIM (face, uniform)",
    "structural similarity of the face's crop with scikit-image's defaults",
)
SSIM_FACE_ALIGNED = _variant(
    SSIM_FACE,
    "aligned",
    "tgbench.metrics.ssim_aligned:SsimFaceAligned",
    "SSIM (OpenFace-aligned)",
    "similarity of faces that OpenFace aligned in each video by itself, from its folders",
    needs=_PAIR,
    takes_face_box=False,
    requires=Requires(option="--aligned-faces"),
)
SSIM = dataclasses.replace(
    SSIM_FACE,
    name="ssim",
    summary="structural similarity (3DGS's) of the whole image",
    implementation="tgbench.metrics.ssim:SsimWhole",
    title="SSIM (image)",
    needs=_PAIR,
    by_name=True,
    takes_face_box=False,
)
LPIPS = MetricSpec(
    "lpips",
    "learned perceptual distance of the whole image (AlexNet, v0.1)",
    "tgbench.metrics.lpips:Lpips",
    title="LPIPS",
    direction=Direction.LOWER,
    needs=_PAIR,
    decimals=4,
    bounds=_FROM_ZERO,
    requires=Requires(("lpips", "torchvision"), "lpips", ("lpips_alexnet",)),
)
LPIPS_VGG = _variant(
    LPIPS,
    "vgg",
    "tgbench.metrics.lpips:LpipsVgg",
    "LPIPS (VGG)",
    "learned perceptual distance of the whole image (VGG, v0.1)",
    requires=Requires(("lpips", "torchvision"), "lpips", ("lpips_vgg",)),
)

LMD = MetricSpec(
    "lmd",
    "distance of mouth landmarks, each mouth centred on itself",
    "tgbench.metrics.lmd:Lmd",
    title="LMD",
    unit="px",
    direction=Direction.LOWER,
    needs=_FACES,
    decimals=3,
    bounds=_FROM_ZERO,
)
LMD_RELATIVE = _variant(
    LMD,
    "relative",
    "tgbench.metrics.lmd:LmdRelative",
    "LMD / eyes",
    "LMD by the distance of the outer eye corners, so that image size does not matter",
    unit="",
    decimals=4,
)
LMD_FACE = _variant(
    LMD,
    "face",
    "tgbench.metrics.lmd:LmdFace",
    "LMD (face)",
    "LMD over all 68 landmarks, each face centred on itself (F-LMD)",
)
LMD_SUM = _variant(
    LMD,
    "sum",
    "tgbench.metrics.lmd:LmdSum",
    "LMD (sum)",
    "LMD with the sum, not the mean, over the 20 mouth landmarks (M-LMD of EAT)",
)
LMD_ABSOLUTE = _variant(
    LMD,
    "absolute",
    "tgbench.metrics.lmd:LmdAbsolute",
    "LMD (not centred)",
    "LMD of mouths where they stand in the image, head motion included",
)

AUE_L = MetricSpec(
    "aue_l",
    "error of the lower face's action units (OpenFace, failed frames left out)",
    "tgbench.metrics.action_units.openface:LowerFaceError",
    title="AUE-L",
    direction=Direction.LOWER,
    needs=frozenset({Needs.TARGET, Needs.ACTION_UNITS}),
    decimals=2,
    bounds=_FROM_ZERO,
    requires=_OPENFACE,
)
AUE_U = dataclasses.replace(
    AUE_L,
    name="aue_u",
    summary="error of the upper face's action units (OpenFace, failed frames left out)",
    implementation="tgbench.metrics.action_units.openface:UpperFaceError",
    title="AUE-U",
)
AUE_L_UNMASKED = _variant(
    AUE_L,
    "unmasked",
    "tgbench.metrics.action_units.openface:LowerFaceErrorUnmasked",
    "AUE-L (unmasked)",
    "AUE-L as the official script sums it: failed frames count as zeros",
    averages_frames=False,
)
AUE_U_UNMASKED = _variant(
    AUE_U,
    "unmasked",
    "tgbench.metrics.action_units.openface:UpperFaceErrorUnmasked",
    "AUE-U (unmasked)",
    "AUE-U as the official script sums it: failed frames count as zeros",
    averages_frames=False,
)
AUE_L_GEOMETRY = dataclasses.replace(
    AUE_L,
    name="aue_l_geometry",
    summary="error of the lower face's action units, from the geometry of landmarks",
    implementation="tgbench.metrics.action_units.geometry:LowerFaceError",
    title="AUE-L (geometry)",
    needs=frozenset({Needs.TARGET, Needs.MESH}),
    requires=Requires(),
)
AUE_U_GEOMETRY = dataclasses.replace(
    AUE_L_GEOMETRY,
    name="aue_u_geometry",
    summary="error of the upper face's action units, from the geometry of landmarks",
    implementation="tgbench.metrics.action_units.geometry:UpperFaceError",
    title="AUE-U (geometry)",
)
AU_L_PYFEAT = MetricSpec(
    "au_l_pyfeat",
    "distance of the lower face's action unit probabilities (py-feat)",
    "tgbench.metrics.action_units.pyfeat:LowerFaceDistance",
    title="AU-L (py-feat)",
    direction=Direction.LOWER,
    needs=_PAIR,
    by_name=True,
    bounds=_FROM_ZERO,
    requires=_PYFEAT,
)
AU_U_PYFEAT = dataclasses.replace(
    AU_L_PYFEAT,
    name="au_u_pyfeat",
    summary="distance of the upper face's action unit probabilities (py-feat)",
    implementation="tgbench.metrics.action_units.pyfeat:UpperFaceDistance",
    title="AU-U (py-feat)",
)

SYNC_C = MetricSpec(
    "sync_c",
    "SyncNet's confidence that lips and sound belong together (LSE-C)",
    "tgbench.metrics.sync.metric:SyncConfidence",
    title="Sync-C",
    direction=Direction.HIGHER,
    needs=frozenset({Needs.AUDIO}),
    decimals=3,
    averages_frames=False,
    requires=_SYNCNET,
)
SYNC_E = dataclasses.replace(
    SYNC_C,
    name="sync_e",
    summary="SyncNet's distance between lips and sound (LSE-D)",
    implementation="tgbench.metrics.sync.metric:SyncError",
    title="Sync-E",
    direction=Direction.LOWER,
)
SYNC_C_JOONSON, SYNC_E_JOONSON = (
    _variant(
        of,
        "joonson",
        f"tgbench.metrics.sync.metric:Joonson{name}",
        f"{of.title} (original crop)",
        f"{of.title} of a crop made through the original's AVI and MP3 files",
        requires=dataclasses.replace(_SYNCNET, weights=("syncnet", "s3fd"), programs=("ffmpeg",)),
    )
    for of, name in ((SYNC_C, "Confidence"), (SYNC_E, "Error"))
)
SYNC_C_FAST, SYNC_E_FAST = (
    _variant(
        of,
        "fast",
        f"tgbench.metrics.sync.metric:Fast{name}",
        f"{of.title} (fast)",
        f"{of.title} with the lip network run over time at once: equal to rounding only",
    )
    for of, name in ((SYNC_C, "Confidence"), (SYNC_E, "Error"))
)

LIP_AGREEMENT = MetricSpec(
    "lip_agreement",
    "correlation of mouth opening with speech level, at the best small lag (not Sync-C)",
    "tgbench.metrics.lip_agreement:LipAgreement",
    title="Lip agreement",
    direction=Direction.HIGHER,
    needs=_SPOKEN,
    decimals=3,
    averages_frames=False,
    bounds=_OF_ONE,
    shortest_seconds=SHORTEST_SPEECH,
)
LIP_LAG = MetricSpec(
    "lip_lag",
    "delay of the lips behind the sound where they agree best",
    "tgbench.metrics.lip_agreement:LipLag",
    title="Lip lag",
    unit="ms",
    direction=Direction.NONE,
    needs=_SPOKEN,
    decimals=0,
    averages_frames=False,
    shortest_seconds=SHORTEST_SPEECH,
)

FPS = MetricSpec(
    "fps",
    "frames rendered a second, one at a time",
    "tgbench.metrics.speed:FramesPerSecond",
    title="FPS",
    unit="1/s",
    direction=Direction.HIGHER,
    needs=_TIMED,
    decimals=1,
    averages_frames=False,
)
FPS_BEST = dataclasses.replace(
    FPS,
    name="fps_best",
    summary="frames rendered a second with as many at once as suits the method",
    implementation="tgbench.metrics.speed:BestFramesPerSecond",
    title="FPS (batch)",
    by_name=True,
)
FPS_END_TO_END = dataclasses.replace(
    FPS,
    name="fps_end_to_end",
    summary="frames a second from a sound to an encoded video",
    implementation="tgbench.metrics.speed:EndToEndFramesPerSecond",
    title="FPS (end to end)",
    by_name=True,
)
TRAINING_TIME = MetricSpec(
    "training_time",
    "wall time of all training stages",
    "tgbench.metrics.speed:TrainingTime",
    title="Training",
    unit="min",
    direction=Direction.LOWER,
    needs=_TIMED,
    decimals=1,
    averages_frames=False,
)

METRICS = (
    PSNR,
    PSNR_FACE,
    SSIM_FACE,
    SSIM_FACE_GAUSSIAN,
    SSIM_FACE_SKIMAGE,
    SSIM_FACE_ALIGNED,
    SSIM,
    LPIPS,
    LPIPS_VGG,
    LMD,
    LMD_RELATIVE,
    LMD_FACE,
    LMD_SUM,
    LMD_ABSOLUTE,
    AUE_L,
    AUE_U,
    AUE_L_UNMASKED,
    AUE_U_UNMASKED,
    AUE_L_GEOMETRY,
    AUE_U_GEOMETRY,
    AU_L_PYFEAT,
    AU_U_PYFEAT,
    SYNC_C,
    SYNC_E,
    SYNC_C_JOONSON,
    SYNC_E_JOONSON,
    SYNC_C_FAST,
    SYNC_E_FAST,
    LIP_AGREEMENT,
    LIP_LAG,
    FPS,
    FPS_BEST,
    FPS_END_TO_END,
    TRAINING_TIME,
)
"""Image, lips, expression, synchronisation, speed: the order of the field's tables."""

_WHOLE_IMAGE = (PSNR, SSIM, LPIPS, LPIPS_VGG)
_FACE_REGION = (PSNR_FACE, SSIM_FACE, SSIM_FACE_GAUSSIAN, SSIM_FACE_SKIMAGE, SSIM_FACE_ALIGNED)

WHOLE_IMAGE_METRICS = frozenset(spec.name for spec in _WHOLE_IMAGE)
"""Mean nothing for a method that does not make the whole image."""

IMAGE_METRICS = WHOLE_IMAGE_METRICS | {spec.name for spec in _FACE_REGION}
"""Compare pixels, so they rank only among methods whose frames are made of the same parts."""

UPPER_FACE_METRICS = frozenset(
    spec.name for spec in (AUE_U, AUE_U_UNMASKED, AUE_U_GEOMETRY, AU_U_PYFEAT)
)
"""Mean nothing for a method that does not move the upper face."""


def in_table_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return metric names as tables show them: the suite's own order, then others by name."""
    rank = {spec.name: position for position, spec in enumerate(METRICS)}
    return tuple(sorted(set(names), key=lambda name: (rank.get(name, len(rank)), name)))
