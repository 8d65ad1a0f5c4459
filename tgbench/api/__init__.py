"""The Python API: what the commands do, called from a program.

A function takes the options of the command of its name as keyword arguments and calls what the
command calls. It returns records, raises `TgbenchError` where the command prints an error, and
prints nothing unless `progress` asks for it.
"""

import logging

from .results import compare, load_results
from .running import prepare, run
from .scoring import score, score_folder, score_pairs

__all__ = ["compare", "load_results", "prepare", "run", "score", "score_folder", "score_pairs"]

# A library does not print its warnings by itself: a program shows them by configuring `logging`.
logging.getLogger("tgbench").addHandler(logging.NullHandler())
