"""Write the tables of experiments in a folder of results, and what their jobs took, as a page.

python -m benchmarks.paper_tables results benchmarks/results/paper-tables.md "how it was run"
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from statistics import median

EXPERIMENTS = (
    "self-reconstruction",
    "lip-synchronization",
    "user-study",
    "ablation",
    "hybrid-motion",
    "audio-encoders",
    "cross-lingual",
    "native-baselines",
)


def page(results: Path, how: str) -> str:
    """Return the page as Markdown."""
    parts = ["# The paper's tables, measured here", how]
    head = "| experiment | cases | fit, median [min] | case, median [min] | all jobs [min] |"
    lines = [head, "| --- | ---: | ---: | ---: | ---: |"]
    tables = []
    for name in EXPERIMENTS:
        folder = results / "experiments" / name
        if not (folder / "table.md").is_file():
            continue
        with (folder / "times.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        fits = [float(row["fit_s"]) / 60 for row in rows if row["fit_s"]]
        cases = [float(row["case_s"]) / 60 for row in rows]
        fit = f"{median(fits):.2f}" if fits else "–"
        total = sum(fits) + sum(cases)
        lines.append(f"| {name} | {len(rows)} | {fit} | {median(cases):.2f} | {total:.1f} |")
        tables += [f"# {name}", (folder / "table.md").read_text(encoding="utf-8").strip()]
    text = "\n\n".join([*parts, "\n".join(lines), *tables]) + "\n"
    # Where it was run on this machine is nobody's business.
    return text.replace(f"{results.resolve().parent}/", "").replace(str(Path.home()), "~")


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(page(Path(sys.argv[1]), sys.argv[3]), encoding="utf-8")
