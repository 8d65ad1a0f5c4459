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
    version=2,
    apart=True,
    licence="Apache-2.0",
)
MESH = BackendSpec(
    "mesh",
    "head, hair, neck, torso and mouth from mesh outlines, the jaw's edge, place and colour",
    f"{_HERE}.embedded:MeshParsing",
    kind=BackendKind.PARSING,
    version=3,
    apart=True,
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
FAN = BackendSpec(
    "fan",
    "68 landmarks by FAN, the face found by S3FD, as the scripts of AD-NeRF and its successors",
    f"{_HERE}.fan:FanBackend",
    kind=BackendKind.LANDMARKS,
    requires=Requires(packages=("face_alignment",), extra="fan", weights=("fan", "fan_s3fd")),
    licence="code BSD-3-Clause; none stated for the weights",
)
BISENET = BackendSpec(
    "bisenet",
    "BiSeNet (CelebAMask-HQ) with the teeth of EasyPortrait's FPN, as in TalkingGaussian",
    f"{_HERE}.bisenet:BiSeNetParsing",
    kind=BackendKind.PARSING,
    requires=Requires(weights=("bisenet", "easyportrait")),
    finds_person=True,
    licence="code Apache-2.0; weights: none stated (BiSeNet), a variant of CC BY-SA 4.0 (FPN)",
)
OPENFACE = BackendSpec(
    "openface",
    "intensities of OpenFace 2.2, from its CSV or by FeatureExtraction on the path",
    f"{_HERE}.program_units:openface_units",
    config=f"{_HERE}.configs:OpenFaceConfig",
    kind=BackendKind.ACTION_UNITS,
    requires=Requires(programs=("FeatureExtraction",)),
    unless="table",
    check=f"{_HERE}.program_units:check_openface",
    licence="academic or non-profit non-commercial research (Carnegie Mellon University)",
)
PYFACEAU = BackendSpec(
    "pyfaceau",
    "intensities of pyfaceau, a Python program over OpenFace 2.2's models",
    f"{_HERE}.program_units:pyfaceau_units",
    config=f"{_HERE}.configs:PyFaceAuConfig",
    kind=BackendKind.ACTION_UNITS,
    requires=Requires(packages=("pyfaceau",), python="TGBENCH_PYFACEAU"),
    unless="python",
    check=f"{_HERE}.program_units:check_pyfaceau",
    licence="code CC BY-NC 4.0; models: academic or non-profit non-commercial research (Carnegie "
    "Mellon University)",
)
PYFEAT = BackendSpec(
    "pyfeat",
    "probabilities of py-feat times 5; AU43 (closed eyes) stands for AU45",
    f"{_HERE}.pyfeat:PyFeatUnits",
    kind=BackendKind.ACTION_UNITS,
    requires=Requires(
        packages=("feat",), extra="pyfeat", weights=("pyfeat_retinaface", "pyfeat_multitask")
    ),
    licence="code MIT; weights for non-commercial research",
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
OF_OTHERS = (FAN, BISENET, OPENFACE, PYFACEAU, PYFEAT)
