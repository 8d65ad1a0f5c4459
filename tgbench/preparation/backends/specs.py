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
EMBEDDED = (MEDIAPIPE, BUNDLE, MESH, GEOMETRY)
