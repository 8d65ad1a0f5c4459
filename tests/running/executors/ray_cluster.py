"""A Ray cluster of three nodes on this machine."""

from __future__ import annotations

import atexit
import importlib.util
import os
from functools import cache
from typing import Any

HAVE_RAY = importlib.util.find_spec("ray") is not None
NO_RAY = "ray is not installed"


def start(nodes: int, **resources: Any) -> Any:
    """Start a cluster of one head, which takes no job, and some nodes that do."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    store = {"object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **store})
    for _ in range(nodes):
        cluster.add_node(object_store_memory=80 << 20, **resources)
    return cluster


@cache
def of_three_nodes() -> str:
    """Return the address of a cluster that all tests of a process share."""
    cluster = start(3, num_cpus=2, num_gpus=1)
    atexit.register(cluster.shutdown)
    return str(cluster.address)
