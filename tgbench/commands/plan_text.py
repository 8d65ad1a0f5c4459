"""What is planned, as text or JSON."""

from __future__ import annotations

import json
from pathlib import Path

from rich.text import Text

from ..faults import one_line
from ..progress import duration
from ..running.estimates import estimates
from ..running.plan import Plan, PlannedCase
from ..terminal import Terminal
from ..terminal.text_table import Head, print_table


def print_plan(planned: Plan, out: Path, as_json: bool, terminal: Terminal) -> int:
    """Print the jobs of a run, what is there of them, and how long they may take.

    Args:
        planned: the jobs.
        out: folder of results.
        as_json: whether to print JSON instead of text.
        terminal: where to print.

    Returns:
        1 if something cannot be done.
    """
    left = {job.address for job in planned.to_do()}
    seconds = estimates(planned, out)
    jobs = []
    of_fit: dict[str, list[PlannedCase]] = {}
    for case in planned.cases:
        of_fit.setdefault(case.fit.address, []).append(case)
    for address, cases in of_fit.items():
        fit = cases[0].fit
        state = "done" if fit.fitting.is_done else "to do"
        state = state if state == "done" or address in left else "not needed"
        jobs.append((fit.job, state, fit.fitting.folder))
        for case in cases:
            state = "refused" if case.state is None else case.state.value
            jobs.append((case.job, state, case.folder))
    timings = {job.address for job in planned.to_do() if job.kind == "timing"}
    jobs += [
        (case.timing, "to do", case.folder)
        for case in planned.cases
        if case.timing is not None and case.timing.address in timings
    ]
    to_do = [job for job, state, _ in jobs if state.startswith("to ")]
    known = [value for job in to_do if (value := seconds.get(job.address)) is not None]
    if as_json:
        rows = [
            {
                "address": job.address,
                "title": job.title,
                "state": state,
                "folder": str(folder),
                "depends_on": list(job.depends_on),
                "estimated_seconds": seconds.get(job.address) if job in to_do else None,
                "job": job.model_dump(mode="json"),
            }
            for job, state, folder in jobs
        ]
        failures = [{"what": each.what, "why": one_line(each.error)} for each in planned.failures]
        print(json.dumps({"jobs": rows, "failures": failures}, indent=2))
        return 1 if planned.failures else 0
    table = []
    for job, state, folder in jobs:
        takes = seconds.get(job.address)
        guess = "no earlier timing" if takes is None else f"about {duration(takes)}"
        cells = job.title, state, guess if job in to_do else "", str(folder)
        table.append([Text(cell) for cell in cells])
    heads = [Head(name, right=False) for name in ("job", "state", "time", "folder")]
    print_table(terminal.out, heads, table)
    for line in planned.warnings:
        terminal.out.print(Text(line))
    for failure in planned.failures:
        terminal.out.print(Text(f"cannot be done: {failure}"))
    unknown = len(to_do) - len(known)
    total = f"about {duration(sum(known))}" if known else "time not known"
    if known and unknown:
        total += f" and {unknown} without an earlier timing"
    terminal.out.print(
        Text(f"{len(to_do)} of {len(jobs)} jobs to do: {total}" if to_do else "nothing to do")
    )
    return 1 if planned.failures else 0
