"""Metrics that compare action units."""

from __future__ import annotations

import dataclasses

from ...specs import FROM_ZERO, Direction, MetricSpec, Needs, Region, Requires

PYFACEAU_PLACE = "TGBENCH_PYFACEAU"
"""Environment variable that names the Python of pyfaceau's environment."""

PYFACEAU = Requires(packages=("pyfaceau",), python=PYFACEAU_PLACE)
_OPENFACE = Requires(programs=("FeatureExtraction",), option="--action-units")
_PYFEAT = Requires(
    packages=("feat",), extra="pyfeat", weights=("pyfeat_retinaface", "pyfeat_multitask")
)

AUE_L = MetricSpec(
    "aue_l",
    "error of the lower face's action units (OpenFace, failed frames left out)",
    "tgbench.metrics.action_units.openface:LowerFaceError",
    title="AUE-L",
    direction=Direction.LOWER,
    needs=frozenset({Needs.TARGET, Needs.ACTION_UNITS}),
    decimals=2,
    bounds=FROM_ZERO,
    requires=_OPENFACE,
    region=Region.MOUTH,
    gate_tolerance=0.05,
    table_place=300,
)
AUE_U = dataclasses.replace(
    AUE_L,
    name="aue_u",
    summary="error of the upper face's action units (OpenFace, failed frames left out)",
    implementation="tgbench.metrics.action_units.openface:UpperFaceError",
    title="AUE-U",
    region=Region.UPPER_FACE,
    table_place=310,
)
AUE_L_UNMASKED = AUE_L.variant(
    "unmasked",
    "tgbench.metrics.action_units.openface:LowerFaceErrorUnmasked",
    "AUE-L (unmasked)",
    "AUE-L as the official script sums it: failed frames count as zeros",
    averages_frames=False,
    table_place=320,
)
AUE_U_UNMASKED = AUE_U.variant(
    "unmasked",
    "tgbench.metrics.action_units.openface:UpperFaceErrorUnmasked",
    "AUE-U (unmasked)",
    "AUE-U as the official script sums it: failed frames count as zeros",
    averages_frames=False,
    table_place=330,
)
AUE_L_GEOMETRY = dataclasses.replace(
    AUE_L,
    name="aue_l_geometry",
    summary="error of the lower face's action units, from the geometry of landmarks",
    implementation="tgbench.metrics.action_units.geometry:LowerFaceError",
    title="AUE-L (geometry)",
    needs=frozenset({Needs.TARGET, Needs.MESH}),
    requires=Requires(),
    gate_tolerance=0.2,
    table_place=340,
)
AUE_U_GEOMETRY = dataclasses.replace(
    AUE_L_GEOMETRY,
    name="aue_u_geometry",
    summary="error of the upper face's action units, from the geometry of landmarks",
    implementation="tgbench.metrics.action_units.geometry:UpperFaceError",
    title="AUE-U (geometry)",
    region=Region.UPPER_FACE,
    gate_tolerance=0.05,
    table_place=350,
)
AUE_L_PYFACEAU = dataclasses.replace(
    AUE_L,
    name="aue_l_pyfaceau",
    summary="error of the lower face's action units (pyfaceau, failed frames left out)",
    implementation="tgbench.metrics.action_units.pyfaceau:LowerFaceErrorPyFaceAu",
    title="AUE-L (pyfaceau)",
    by_name=True,
    requires=PYFACEAU,
    table_place=352,
)
AUE_U_PYFACEAU = dataclasses.replace(
    AUE_L_PYFACEAU,
    name="aue_u_pyfaceau",
    summary="error of the upper face's action units (pyfaceau, failed frames left out)",
    implementation="tgbench.metrics.action_units.pyfaceau:UpperFaceErrorPyFaceAu",
    title="AUE-U (pyfaceau)",
    region=Region.UPPER_FACE,
    table_place=354,
)
AU_L_PYFEAT = MetricSpec(
    "au_l_pyfeat",
    "distance of the lower face's action unit probabilities (py-feat)",
    "tgbench.metrics.action_units.pyfeat:LowerFaceDistance",
    title="AU-L (py-feat)",
    direction=Direction.LOWER,
    needs=frozenset({Needs.TARGET}),
    by_name=True,
    bounds=FROM_ZERO,
    requires=_PYFEAT,
    region=Region.MOUTH,
    gate_tolerance=0.02,
    table_place=360,
)
AU_U_PYFEAT = dataclasses.replace(
    AU_L_PYFEAT,
    name="au_u_pyfeat",
    summary="distance of the upper face's action unit probabilities (py-feat)",
    implementation="tgbench.metrics.action_units.pyfeat:UpperFaceDistance",
    title="AU-U (py-feat)",
    region=Region.UPPER_FACE,
    table_place=370,
)

METRICS = (
    AUE_L,
    AUE_U,
    AUE_L_UNMASKED,
    AUE_U_UNMASKED,
    AUE_L_GEOMETRY,
    AUE_U_GEOMETRY,
    AUE_L_PYFACEAU,
    AUE_U_PYFACEAU,
    AU_L_PYFEAT,
    AU_U_PYFEAT,
)
