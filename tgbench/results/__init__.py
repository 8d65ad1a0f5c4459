"""Reading results: what was measured, with its frames, from one folder or merged from several."""

from __future__ import annotations

from .measured_case import SCORE, CaseKey, Experiment, MeasuredCase, Variant
from .merging import latest_first, merge_cases
from .reading import Reading, read_cases, read_folder, read_folders, unfinished_runs

__all__ = [
    "SCORE",
    "CaseKey",
    "Experiment",
    "MeasuredCase",
    "Reading",
    "Variant",
    "latest_first",
    "merge_cases",
    "read_cases",
    "read_folder",
    "read_folders",
    "unfinished_runs",
]
