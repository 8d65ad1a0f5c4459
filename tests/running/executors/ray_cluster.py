"""A Ray cluster of three nodes on this machine."""

from __future__ import annotations

import atexit
import importlib.util
import os
from collections.abc import Sequence
from functools import cache
from typing import Any

HAVE_RAY = importlib.util.find_spec("ray") is not None
NO_RAY = "ray is not installed"


def start(gpus: Sequence[int], cpus: int = 2) -> Any:
    """Start a cluster.

    Args:
        gpus: of each node; they are make-believe.
        cpus: of each node; the head takes no job.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    store = {"object_store_memory": 80 << 20}
    head = {"num_cpus": 0, "num_gpus": 0, "include_dashboard": False, **store}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for count in gpus:
        cluster.add_node(num_cpus=cpus, num_gpus=count, **store)
    return cluster


@cache
def shared() -> str:
    """Return the address of a cluster of three nodes that all tests of a process use."""
    cluster = start([1, 1, 0])
    atexit.register(cluster.shutdown)
    return str(cluster.address)
