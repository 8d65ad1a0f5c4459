"""The Ray cluster: found, joined or started; silent and offline."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
from collections.abc import Mapping

from ..errors import TgbenchError
from ..processes.python import python_command
from ..terminal import NOTICE

_PATIENCE = 4.0
"""Seconds that a machine has to answer."""

# In other processes, which can be ended, and whose output nobody sees. Ray is imported here only
# when it is known whether the cluster wants its token.
LAST = "from ray._private.utils import read_ray_address; print(read_ray_address() or '')"
PING = """\
import sys
from ray._raylet import GcsClient
try:
    GcsClient(address=sys.argv[1]).check_alive([], timeout=5)
except Exception as error:
    if type(error).__name__ != "AuthenticationError":
        raise
    print("token")
"""
_PING_SECONDS = 20.0

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Without it, Ray prints the log of a node that is lost.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",
    # Of a job that needs no GPU: it sees none.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
}

_log = logging.getLogger("tgbench")


def join(address: str) -> None:
    """Join a cluster, or start one of this machine alone.

    Args:
        address: of the cluster; empty: start one.

    Raises:
        TgbenchError: it is of another version of Ray or Python, or does not let this machine in.
    """
    import ray

    try:
        ray.init(
            address=address or "local",
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ray.exceptions.RayError, RuntimeError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())[:500]
        raise TgbenchError(
            f"--executor ray: the cluster at {address or 'this machine'} cannot be used ({reason})"
        ) from error
    # The head may take no jobs.
    count = sum(node.get("CPU", 0) > 0 for node in alive())
    where = f"the Ray cluster at {address}" if address else "a Ray cluster of this machine alone"
    _log.info("jobs run on %s, %d node%s", where, count, "" if count == 1 else "s", extra=NOTICE)


def alive() -> list[Mapping[str, float]]:
    """Return the resources of each node that is alive."""
    import ray

    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def find(address: str) -> str:
    """Return the address of a cluster that answers; empty: there is none, and none is asked for.

    Args:
        address: as of `RayConfig`.

    Raises:
        TgbenchError: the one that is asked for does not answer.
    """
    os.environ.update(_QUIET)
    if address == "local":
        return ""
    given = os.environ.get("RAY_ADDRESS", "") if address == "auto" else address
    if given:
        if problem := _why_not_reached(given):
            raise TgbenchError(
                f"--executor ray: no Ray cluster at {given} ({problem}); start one with `ray start "
                "--head` and join this machine to it, or use --set address=local"
            )
        return given
    last = _asked(LAST).stdout.strip()
    return last if last and not _why_not_reached(last) else ""


def _why_not_reached(address: str) -> str:
    """Return why no cluster answers at an address; empty: one does."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or "/" in host:
        return "an address is HOST:PORT"
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _PATIENCE):
            pass
        done = _asked(PING, address, seconds=_PING_SECONDS)
    except (OSError, OverflowError) as error:
        return getattr(error, "strerror", None) or str(error)
    except subprocess.TimeoutExpired:
        return "something listens there, but does not answer"
    if "token" in done.stdout:
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    return "what answers there is no Ray" if done.returncode else ""


def _asked(
    script: str, *arguments: str, seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    command = python_command("-c", script, *arguments)
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds)
