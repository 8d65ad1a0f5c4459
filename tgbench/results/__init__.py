"""Reading results: what was measured, with its frames, from one folder or merged from several."""

from __future__ import annotations

from .measured_case import SCORE, CaseKey, Experiment, MeasuredCase, Variant, differences_among
from .merging import as_cases, latest_first, merge_cases, replaced_metrics
from .reading import Reading, read_cases, read_folder, read_folders, unfinished_runs
from .scores import ranking_sounds

__all__ = [
    "SCORE",
    "CaseKey",
    "Experiment",
    "MeasuredCase",
    "Reading",
    "Variant",
    "as_cases",
    "differences_among",
    "latest_first",
    "merge_cases",
    "ranking_sounds",
    "read_cases",
    "read_folder",
    "read_folders",
    "replaced_metrics",
    "unfinished_runs",
]
