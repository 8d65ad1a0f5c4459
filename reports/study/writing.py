"""What `tgbench study analyse` prints and writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.files import make_folder, write_json, write_text
from tgbench.terminal.printing import one_line
from tgbench.terminal.text_table import Head, print_table

from ..renderers.report import TableReport
from ..tables.cells import Table
from .analysis import Findings, MetricAgreement
from .answers import Collected
from .correlation import Correlation
from .records import Key

_NO_FORM = "csv"
"""It is of results: a line for each metric of each."""


def print_findings(out: Console, key: Key, findings: Mapping[str, Findings]) -> None:
    """Print how far people agree, and how metrics go with what they said."""
    for question in key.design.questions:
        alphas = ", ".join(
            f"{scale} {'undefined' if alpha is None else f'{alpha:.3f}'}"
            for scale, alpha in findings[question.name].alphas.items()
        )
        out.print(Text(f"{question.title}: Krippendorff's alpha {alphas}"))
    rows = [
        _metric_row(question.title, metric)
        for question in key.design.questions
        for metric in findings[question.name].metrics
    ]
    if rows:
        out.print()
        heads = (
            *(Head(text, right=False) for text in ("metric", "with", "measured by")),
            *(Head(text) for text in ("videos", "Spearman", "Pearson")),
        )
        print_table(out, heads, [[Text(one_line(cell)) for cell in row] for row in rows])
        out.print(
            Text(
                "Intervals of correlations take videos for independent; those of one method are "
                "alike, so the true ones are wider.",
                style="dim",
            )
        )


def write_analysis(
    paths: Sequence[Path],
    key: Key,
    findings: Mapping[str, Findings],
    found: Collected,
    table: Table,
) -> None:
    """Write the table, or all numbers, in the form that each file's suffix says.

    Raises:
        TgbenchError: a suffix is unknown, or a file cannot be written.
    """
    for path in paths:
        suffix = path.suffix.removeprefix(".")
        make_folder(path.parent)
        if suffix == "json":
            write_json(path, _numbers(key, findings, found))
        else:
            write_text(path, _forms()[suffix].load()(TableReport([table])))


def check_suffixes(paths: Sequence[Path]) -> None:
    """Refuse files of which nothing says what they should be.

    Raises:
        TgbenchError: a suffix is unknown.
    """
    known = ("json", *_forms())
    for path in paths:
        if path.suffix.removeprefix(".") not in known:
            endings = ", ".join(f".{name}" for name in known)
            raise TgbenchError(f"{path}: name a file that ends in one of {endings}")


def _forms() -> dict[str, Any]:
    return {spec.suffix: spec for spec in plugins.renderers().values() if spec.suffix != _NO_FORM}


def _metric_row(question: str, metric: MetricAgreement) -> list[str]:
    return [
        metric.title,
        question,
        metric.measured_by,
        str(metric.videos),
        _correlation_text(metric.spearman),
        _correlation_text(metric.pearson),
    ]


def _correlation_text(found: Correlation | None) -> str:
    if found is None:
        return "undefined"
    return f"{found.value:+.2f} ({found.interval.low:+.2f} to {found.interval.high:+.2f})"


def _numbers(key: Key, findings: Mapping[str, Findings], found: Collected) -> dict[str, Any]:
    return {
        "design": key.design.hash,
        "kind": key.design.kind,
        "participants": [
            {
                "participant": person.answers.participant,
                "sequence": person.answers.sequence,
                "finished": person.answers.finished,
                "failed_checks": person.failed,
                "seen_checks": person.seen,
            }
            for person in found.participants
        ],
        "left_out": list(found.notes),
        "questions": {name: dataclasses.asdict(each) for name, each in findings.items()},
    }
