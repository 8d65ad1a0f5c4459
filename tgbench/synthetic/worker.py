"""The process that makes synthetic people and tracks: `python -m tgbench.synthetic.worker`.

Prints how many frames there will be, then a line break for each; or what went wrong, as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ..processes.reported import errors_reported
from .dataset import FPS
from .writing import write_identity, write_track


def main(arguments: Sequence[str]) -> None:
    """Do what `identity FOLDER NAME SIZE SECONDS` or `track FOLDER NAME` asks for."""
    kind, folder, name, *measures = arguments
    if kind == "track":
        print(json.dumps({"total": None}), flush=True)
        write_track(Path(folder), name)
        return
    size, seconds = int(measures[0]), float(measures[1])
    print(json.dumps({"total": int(seconds * FPS)}), flush=True)
    write_identity(Path(folder), name, size, seconds, lambda: print(flush=True))


if __name__ == "__main__":
    with errors_reported():
        main(sys.argv[1:])
