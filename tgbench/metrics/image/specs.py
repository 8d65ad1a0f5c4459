"""Metrics that compare pixels: of the whole image, and of the face."""

from __future__ import annotations

import dataclasses

from ...specs import CORRELATION, FROM_ZERO, Direction, MetricSpec, Needs, Region, Requires

_PAIR = frozenset({Needs.TARGET})
_FACES = frozenset({Needs.TARGET, Needs.LANDMARKS})

PSNR = MetricSpec(
    "psnr",
    "peak signal-to-noise ratio of the whole image, mean over frames",
    "tgbench.metrics.image.psnr:Psnr",
    title="PSNR",
    unit="dB",
    direction=Direction.HIGHER,
    needs=_PAIR,
    decimals=2,
    bounds=FROM_ZERO,
    region=Region.WHOLE_IMAGE,
    gate_tolerance=0.2,
    table_place=100,
)
PSNR_FACE = dataclasses.replace(
    PSNR,
    name="psnr_face",
    summary="peak signal-to-noise ratio in the box of the target's face, mean over frames",
    implementation="tgbench.metrics.image.psnr:PsnrFace",
    title="PSNR (face)",
    needs=_FACES,
    takes_face_box=True,
    region=Region.FACE,
    table_place=110,
)
SSIM_FACE = MetricSpec(
    "ssim_face",
    "structural similarity (3DGS's) in the box of the target's face",
    "tgbench.metrics.image.ssim:SsimFace",
    title="SSIM (face)",
    direction=Direction.HIGHER,
    needs=_FACES,
    decimals=3,
    takes_face_box=True,
    bounds=CORRELATION,
    region=Region.FACE,
    gate_tolerance=0.005,
    table_place=120,
)
SSIM_FACE_GAUSSIAN = SSIM_FACE.variant(
    "gaussian",
    "tgbench.metrics.image.ssim:SsimFaceGaussian",
    "SSIM (face, Gaussian)",
    "structural similarity of the face's crop, Gaussian window inside it (as scikit-image's)",
    table_place=130,
)
SSIM_FACE_SKIMAGE = SSIM_FACE.variant(
    "skimage",
    "tgbench.metrics.image.ssim:SsimFaceSkimage",
    "SSIM (face, uniform)",
    "structural similarity of the face's crop with scikit-image's defaults",
    table_place=140,
)
SSIM_FACE_ALIGNED = SSIM_FACE.variant(
    "aligned",
    "tgbench.metrics.image.ssim_aligned:SsimFaceAligned",
    "SSIM (OpenFace-aligned)",
    "similarity of faces that OpenFace aligned in each video by itself, from its folders",
    needs=_PAIR,
    takes_face_box=False,
    requires=Requires(option="--aligned-faces"),
    table_place=150,
)
SSIM = dataclasses.replace(
    SSIM_FACE,
    name="ssim",
    summary="structural similarity (3DGS's) of the whole image",
    implementation="tgbench.metrics.image.ssim:SsimWhole",
    title="SSIM (image)",
    needs=_PAIR,
    by_name=True,
    takes_face_box=False,
    region=Region.WHOLE_IMAGE,
    table_place=160,
)
LPIPS = MetricSpec(
    "lpips",
    "learned perceptual distance of the whole image (AlexNet, v0.1)",
    "tgbench.metrics.image.lpips:Lpips",
    title="LPIPS",
    direction=Direction.LOWER,
    needs=_PAIR,
    decimals=4,
    bounds=FROM_ZERO,
    requires=Requires(("lpips", "torchvision"), "lpips", ("lpips_alexnet",)),
    region=Region.WHOLE_IMAGE,
    gate_tolerance=0.003,
    table_place=170,
)
LPIPS_VGG = LPIPS.variant(
    "vgg",
    "tgbench.metrics.image.lpips:LpipsVgg",
    "LPIPS (VGG)",
    "learned perceptual distance of the whole image (VGG, v0.1)",
    requires=Requires(("lpips", "torchvision"), "lpips", ("lpips_vgg",)),
    table_place=180,
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
)
