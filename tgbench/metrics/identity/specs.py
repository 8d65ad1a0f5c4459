"""Metrics of whether a head stays the person that it is of.

Networks for recognising faces look at a frame in every 0.2 s: one look takes up to half a second on
a CPU.
"""

from __future__ import annotations

from ...specs import CORRELATION, FROM_ZERO, Direction, MetricSpec, Needs, Region, Requires

SHORTEST_DRIFT = 10.0
"""Seconds that a drift takes: two are what it starts from."""

ARCFACE = "arcface"
"""Name of its weights in the store."""

_DLIB = Requires(packages=("dlib", "face_recognition_models"), extra="identity")

ID_DISTANCE = MetricSpec(
    "id_distance_dlib",
    "distance of the face from the true one to dlib's network; the same person is below 0.6",
    "tgbench.metrics.identity.likeness:IdDistance",
    title="Identity distance (dlib)",
    direction=Direction.LOWER,
    needs=frozenset({Needs.TARGET, Needs.MESH}),
    decimals=3,
    by_name=True,
    bounds=FROM_ZERO,
    requires=_DLIB,
    region=Region.FACE,
    gate_tolerance=0.03,
    table_place=389,
)
ID_DRIFT = MetricSpec(
    "id_drift",
    "how much the face goes away from that of the first two seconds, to dlib's network",
    "tgbench.metrics.identity.drift:IdDrift",
    title="Identity drift (dlib)",
    unit="1/min",
    direction=Direction.NONE,
    needs=frozenset({Needs.MESH}),
    decimals=3,
    by_name=True,
    averages_frames=False,
    shortest_seconds=SHORTEST_DRIFT,
    requires=_DLIB,
    region=Region.FACE,
    table_place=387,
)
CSIM_ARCFACE = MetricSpec(
    "csim_arcface",
    "cosine similarity of the face and the true one to ArcFace (w600k_r50)",
    "tgbench.metrics.identity.likeness:CsimArcface",
    title="CSIM (ArcFace)",
    direction=Direction.HIGHER,
    needs=frozenset({Needs.TARGET, Needs.MESH}),
    decimals=3,
    by_name=True,
    bounds=CORRELATION,
    requires=Requires(weights=(ARCFACE,)),
    region=Region.FACE,
    gate_tolerance=0.02,
    table_place=385,
)
ID_VIEW = MetricSpec(
    "id_view_dlib",
    "distance of the face from a real one seen from the nearest angle, to dlib's network",
    "tgbench.metrics.identity.by_angle:IdView",
    title="Identity by angle (dlib)",
    direction=Direction.LOWER,
    needs=frozenset({Needs.CAMERAS, Needs.MESH}),
    decimals=3,
    by_name=True,
    bounds=FROM_ZERO,
    requires=_DLIB,
    region=Region.FACE,
    gate_tolerance=0.03,
    table_place=395,
)
CSIM_VIEW_ARCFACE = MetricSpec(
    "csim_view_arcface",
    "cosine similarity of the face and a real one seen from the nearest angle, to ArcFace",
    "tgbench.metrics.identity.by_angle:CsimViewArcface",
    title="CSIM by angle (ArcFace)",
    direction=Direction.HIGHER,
    needs=frozenset({Needs.CAMERAS, Needs.MESH}),
    decimals=3,
    by_name=True,
    bounds=CORRELATION,
    requires=Requires(weights=(ARCFACE,)),
    region=Region.FACE,
    gate_tolerance=0.02,
    table_place=396,
)

METRICS = (ID_DISTANCE, ID_DRIFT, CSIM_ARCFACE, ID_VIEW, CSIM_VIEW_ARCFACE)
