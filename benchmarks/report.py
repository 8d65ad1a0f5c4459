"""Turn pytest-benchmark's JSON into Markdown: ``python -m benchmarks.report in.json out.md``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

MILLISECONDS = 1e3


def report(measured: Mapping) -> str:
    """Return one table per group of benchmarks."""
    groups: dict[str, list[Mapping]] = {}
    for run in measured["benchmarks"]:
        groups.setdefault(run["group"], []).append(run)
    parts = ["# Measured by `make bench`", _machine(measured)]
    parts += [f"## {name}\n\n{_table(runs)}" for name, runs in sorted(groups.items())]
    return "\n\n".join(parts) + "\n"


def _machine(measured: Mapping) -> str:
    machine = measured["machine_info"]
    cpu = machine["cpu"].get("brand_raw", machine["processor"])
    versions = ", ".join(f"{name} {machine[name]}" for name in ("torch", "numba", "numpy"))
    return (
        f"{measured['datetime'][:16].replace('T', ' ')} UTC, commit "
        f"{measured['commit_info'].get('id', 'unknown')[:10]}"
        f"{' with changes' if measured['commit_info'].get('dirty') else ''}. "
        f"{machine['cores']} cores of {cpu}, load at the end {machine['load_at_end']:.1f}. "
        f"Python {machine['python_version']}, {versions}.\n\n"
        "Median of the rounds; the spread is the distance between the quartiles; the ratio is to "
        "the first row. Kernels and iterations run on one thread, frames are rendered on all "
        "cores. *One core loaded*: beside a process that never waits."
    )


def _table(runs: Sequence[Mapping]) -> str:
    first = runs[0]["stats"]["median"]
    lines = ["| | median, ms | spread, ms | least, ms | rounds | ratio | |", "|-|-:|-:|-:|-:|-:|-|"]
    for run in runs:
        stats = run["stats"]
        numbers = [f"{stats[name] * MILLISECONDS:.2f}" for name in ("median", "iqr", "min")]
        frames = run["extra_info"].get("frames")
        rate = f"{frames / stats['median']:.0f} frames a second" if frames else ""
        ratio = f"{stats['median'] / first:.1f}"
        cells = [run["name"].removeprefix("test_"), *numbers, str(stats["rounds"]), ratio, rate]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    source, target = (Path(argument) for argument in sys.argv[1:])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(report(json.loads(source.read_text("utf-8"))), "utf-8")
