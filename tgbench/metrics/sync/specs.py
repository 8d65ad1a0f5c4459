"""What SyncNet measures: whether lips and sound belong together."""

from __future__ import annotations

import dataclasses

from ...specs import Direction, MetricSpec, Needs, Region, Requires

_SYNCNET = Requires(packages=("syncnet_python",), extra="sync", weights=("syncnet",))

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
    region=Region.MOUTH,
    gate_tolerance=0.2,
    table_place=400,
)
SYNC_E = dataclasses.replace(
    SYNC_C,
    name="sync_e",
    summary="SyncNet's distance between lips and sound (LSE-D)",
    implementation="tgbench.metrics.sync.metric:SyncError",
    title="Sync-E",
    direction=Direction.LOWER,
    table_place=410,
)
_SYNC = ((SYNC_C, "Confidence"), (SYNC_E, "Error"))
SYNC_C_JOONSON, SYNC_E_JOONSON = (
    of.variant(
        "joonson",
        f"tgbench.metrics.sync.metric:Joonson{name}",
        f"{of.title} (original crop)",
        f"{of.title} of a crop made through the original's AVI and MP3 files",
        requires=dataclasses.replace(_SYNCNET, weights=("syncnet", "s3fd"), programs=("ffmpeg",)),
        table_place=of.table_place + 20,
    )
    for of, name in _SYNC
)
SYNC_C_FAST, SYNC_E_FAST = (
    of.variant(
        "fast",
        f"tgbench.metrics.sync.metric:Fast{name}",
        f"{of.title} (fast)",
        f"{of.title} with the lip network run over time at once: equal to rounding only",
        table_place=of.table_place + 40,
    )
    for of, name in _SYNC
)


METRICS = (
    SYNC_C,
    SYNC_E,
    SYNC_C_JOONSON,
    SYNC_E_JOONSON,
    SYNC_C_FAST,
    SYNC_E_FAST,
)
