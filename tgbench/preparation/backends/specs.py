"""The preparation backends that come with tgbench. Light, so that `tgbench list` is instant."""

from __future__ import annotations

from ...specs import BackendKind, BackendSpec, Requires

_HERE = "tgbench.preparation.backends"

MEDIAPIPE = BackendSpec(
    "mediapipe",
    "68 landmarks among the points of MediaPipe's face mesh",
    f"{_HERE}.embedded:MeshLandmarks",
    kind=BackendKind.LANDMARKS,
    requires=Requires(packages=("mediapipe",), extra="face"),
    licence="Apache-2.0",
)
BUNDLE = BackendSpec(
    "bundle",
    "head pose by bundle adjustment over mesh landmarks and optical flow",
    f"{_HERE}.embedded:BundlePose",
    kind=BackendKind.POSE,
    licence="Apache-2.0",
)
MESH = BackendSpec(
    "mesh",
    "head, hair, neck, torso and mouth from mesh outlines, the jaw's edge, place and colour",
    f"{_HERE}.embedded:MeshParsing",
    kind=BackendKind.PARSING,
    licence="Apache-2.0",
)
GEOMETRY = BackendSpec(
    "geometry",
    "action units from the geometry of mesh landmarks, calibrated to the person",
    f"{_HERE}.embedded:GeometryUnits",
    kind=BackendKind.ACTION_UNITS,
    after=(BackendKind.POSE,),
    licence="Apache-2.0",
)
BFM = BackendSpec(
    "bfm",
    "head pose by the field's tracker: Basel Face Model 2009 (01_MorphableModel.mat)",
    f"{_HERE}.bfm:BfmPose",
    kind=BackendKind.POSE,
    after=(BackendKind.LANDMARKS,),
    requires=Requires(weights=("bfm2009", "bfm_expressions", "bfm_topology", "bfm_keys")),
    licence="code Apache-2.0; the model: research, after registration, no redistribution",
)
BFM_CUT = BackendSpec(
    "bfm_3dmm_info",
    "the same tracker over the 3DMM_info.npy that AD-NeRF's convert_BFM.py made of the model",
    f"{_HERE}.bfm:BfmCutPose",
    kind=BackendKind.POSE,
    after=(BackendKind.LANDMARKS,),
    requires=Requires(weights=("bfm_3dmm_info", "bfm_keys")),
    licence="code Apache-2.0; the model: research, after registration, no redistribution",
)
FACE_MODELS = (BFM, BFM_CUT)
EMBEDDED = (MEDIAPIPE, BUNDLE, MESH, GEOMETRY)
