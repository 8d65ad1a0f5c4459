"""All numbers of a page as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ..renderers.values import FIELDS, csv_lines, harmless
from ..tables.settings import differing
from .submissions import Submission


def render_download(submissions: Sequence[Submission]) -> str:
    """Return a line for each result and metric, as tables' CSV has it, and where it is from."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, (*FIELDS, "source"), lineterminator="\n")
    writer.writeheader()
    settings = frozenset(differing([submission.result for submission in submissions]))
    for submission in submissions:
        source = {"source": submission.entry.folder.as_posix()}
        for line in csv_lines(submission.result, settings, submission.entry.superseded):
            writer.writerow({name: harmless(value) for name, value in (line | source).items()})
    return stream.getvalue()
