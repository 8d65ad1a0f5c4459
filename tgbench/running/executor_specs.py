"""The harness's own executors."""

from __future__ import annotations

from ..specs import ExecutorSpec

LOCAL = ExecutorSpec(
    "local",
    "on this machine: in this process, or with --jobs N in N processes",
    "tgbench.running.local:LocalExecutor",
    "tgbench.running.executor_config:LocalConfig",
)
