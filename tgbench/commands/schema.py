"""`tgbench schema`: the JSON Schema of result.json."""

from __future__ import annotations

import argparse
import json

from ..running.result import Result
from ..terminal import Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options: none."""


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print the schema."""
    print(json.dumps(Result.model_json_schema(), indent=2))
    return 0
