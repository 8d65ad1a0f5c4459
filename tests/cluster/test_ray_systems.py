"""Systems on a Ray cluster whose nodes see no folder of the run."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tgbench.cluster.configs import RayConfig
from tgbench.cluster.ray_executor import RayExecutor
from tgbench.progress import SILENT
from tgbench.running.executors import Setting
from tgbench.running.request import RunRequest
from tgbench.running.runner import CasesFailed, run

from ..running.executors import ray_cluster
from ..running.test_job import assert_same

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ray_cluster.HAVE_RAY, reason=ray_cluster.NO_RAY),
]


def executor_in(out: Path) -> RayExecutor:
    return RayExecutor(RayConfig(address=ray_cluster.shared(), files="sent"), Setting(out))


def test_a_declared_system_and_videos_are_sent(
    mean: RunRequest, listed: RunRequest, tmp_path: Path
) -> None:
    for number, request in enumerate((mean, listed)):
        expected = run(dataclasses.replace(request, out=tmp_path / f"here-{number}"), SILENT)
        found = run(request, SILENT, executor_in(request.out))
        assert_same(found, expected)
        log = (found[0].folder / "log.txt").read_text()
        assert ".tgbench-ray" in log, "it was done in a folder of the node"


def test_a_checkout_that_no_node_has_is_named(
    mean: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As what the other machines lack; here it is asked for under a path that is nowhere."""
    monkeypatch.setattr(
        "tgbench.cluster.sending.Sender.required", lambda sender, job: ["/nowhere/checkout"]
    )
    with pytest.raises(CasesFailed, match=r"/nowhere/checkout: not on .*not sent"):
        run(mean, SILENT, executor_in(mean.out))
