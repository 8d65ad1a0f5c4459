"""Compare a run of the benchmarks with committed figures: `python -m benchmarks.compare RUN.json`.

Figures are ratios to a yardstick of the same run, so that a slow machine raises no alarm. Names
what got slower; `--accept` makes the run the one to compare with.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

YARDSTICK = "yardstick"
"""Group of the one benchmark that is plain torch."""

KEPT = Path(__file__).parent / "results" / "ratios.json"

SLOWER = 1.15

_LEFT_OUT = ("torch", "threads", "loaded")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what got slower and return 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="JSON of pytest-benchmark")
    parser.add_argument("--kept", type=Path, default=KEPT, help="figures to compare with")
    parser.add_argument("--accept", action="store_true", help="keep these figures instead")
    options = parser.parse_args(arguments)
    found = ratios(json.loads(options.run.read_text("utf-8")))
    if options.accept:
        options.kept.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        return 0
    before = json.loads(options.kept.read_text("utf-8"))
    lines = slower(before, found)
    print("\n".join(lines) or f"nothing of {len(before.keys() & found.keys())} got slower")
    return 1 if lines else 0


def ratios(run: Mapping) -> dict[str, float]:
    """Return the least time of each benchmark over that of the yardstick.

    The least, because other programs only ever add to a time. Those of plain torch are left out,
    which is not ours, and those that want two cores, which time what else the machine does.

    Raises:
        ValueError: the yardstick is not in the run.
    """
    least = {each["name"]: float(each["stats"]["min"]) for each in run["benchmarks"]}
    measures = [each["name"] for each in run["benchmarks"] if each["group"] == YARDSTICK]
    if not measures:
        raise ValueError("the run lacks the yardstick; run all of benchmarks/")
    yardstick = least[measures[0]]
    return {
        name: round(seconds / yardstick, 3)
        for name, seconds in sorted(least.items())
        if name not in measures and not any(word in name for word in _LEFT_OUT)
    }


def slower(before: Mapping[str, float], now: Mapping[str, float]) -> list[str]:
    """Return a line for each benchmark that got slower, the worst first."""
    common = before.keys() & now.keys()
    worst = sorted(common, key=lambda name: before[name] / now[name])
    return [
        f"{name}: {100 * (now[name] / before[name] - 1):.0f} % slower "
        f"({before[name]:.2f} yardsticks before, {now[name]:.2f} now)"
        for name in worst
        if now[name] > SLOWER * before[name]
    ]


if __name__ == "__main__":
    raise SystemExit(main())
