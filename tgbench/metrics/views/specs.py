"""Metrics that ask where a head is, and from where it is seen."""

from __future__ import annotations

from ...specs import FROM_ZERO, Direction, MetricSpec, Needs, Region

MASK_IOU = MetricSpec(
    "mask_iou",
    "overlap of the head's outline with the true one, where a method says where its head is",
    "tgbench.metrics.views.layers:MaskIou",
    title="Mask IoU",
    direction=Direction.HIGHER,
    needs=frozenset({Needs.CAMERAS, Needs.TARGET}),
    decimals=3,
    by_name=True,
    bounds=(0.0, 1.0),
    region=Region.FACE,
    gate_tolerance=0.01,
    table_place=391,
)
DEPTH_ERROR = MetricSpec(
    "depth_error",
    "how far the head's surface is from the true one along the camera's axis",
    "tgbench.metrics.views.layers:DepthError",
    title="Depth error",
    unit="mm",
    direction=Direction.LOWER,
    needs=frozenset({Needs.CAMERAS, Needs.TARGET}),
    decimals=2,
    by_name=True,
    bounds=FROM_ZERO,
    region=Region.FACE,
    gate_tolerance=1.0,
    table_place=392,
)
CAMERA_ERROR = MetricSpec(
    "camera_error",
    "angle between how far the head turned in the picture and how far the camera moved",
    "tgbench.metrics.views.obedience:CameraError",
    title="Camera error",
    unit="deg",
    direction=Direction.LOWER,
    needs=frozenset({Needs.CAMERAS, Needs.MESH}),
    decimals=2,
    by_name=True,
    bounds=(0.0, 180.0),
    region=Region.FACE,
    gate_tolerance=1.0,
    table_place=393,
)
REPROJECTION_ERROR = MetricSpec(
    "reprojection_error",
    "how much a head that does not move changes its looks from view to view",
    "tgbench.metrics.views.reprojection:ReprojectionError",
    title="Reprojection error",
    unit="levels",
    # Blur makes it small, so that the true head may have more of it than a rendered one.
    direction=Direction.NONE,
    needs=frozenset({Needs.CAMERAS}),
    decimals=2,
    by_name=True,
    bounds=(0.0, 255.0),
    region=Region.FACE,
    table_place=394,
)
ORBIT_FLICKER = MetricSpec(
    "orbit_flicker",
    "how much colours of a head that does not move jump from view to view and back",
    "tgbench.metrics.views.flicker:OrbitFlicker",
    title="Orbit flicker",
    unit="levels",
    direction=Direction.NONE,
    needs=frozenset({Needs.CAMERAS}),
    decimals=2,
    by_name=True,
    bounds=(0.0, 255.0),
    region=Region.FACE,
    table_place=397,
)

METRICS = (MASK_IOU, DEPTH_ERROR, CAMERA_ERROR, REPROJECTION_ERROR, ORBIT_FLICKER)
