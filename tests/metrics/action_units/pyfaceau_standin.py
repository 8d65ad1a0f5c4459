"""A program with the command line, the files and the messages of pyfaceau 1.4.1.

It measures unit k of a frame as its pixel (0, k): red, in fiftieths. So a test knows the values.
"""

from __future__ import annotations

import sys
from pathlib import Path

_MODELS = """
def models_ready(cache_dir=None):
    return {ready}

def load_manifest():
    return {{"files": [{{"path": "a", "sha256": "{package}", "size": 1}}]}}
"""

_MAIN = """
import argparse, os, sys
from pathlib import Path
import cv2

parser = argparse.ArgumentParser()
parser.add_argument("video")
parser.add_argument("-o", "--output")
given = parser.parse_args()
assert Path(given.video).is_file() and "OPENFACE_MODELS_ACCEPT_LICENSE" not in os.environ
names = {names!r}
capture, rows = cv2.VideoCapture(given.video), []
while True:
    found, image = capture.read()
    if not found:
        break
    number = len(rows)
    # A frame that is black has no face.
    face = bool(image.any())
    values = [f"{{value / 50}}" if face else "" for value in image[0, :17, 2]]
    rows.append([str(number), f"{{number / 25}}", str(face), *values])
{spoil}
with open(given.output, "w") as table:
    for row in (["frame", "timestamp", "success", *names], *rows):
        table.write(",".join(row) + "\\n")
faces = sum(row[2] == "True" for row in rows)
if not faces:
    print(f"No face was found in {{Path(given.video).name}}.", file=sys.stderr)
sys.exit(0 if faces else 1)
"""


def install(folder: Path, names: list[str], *, ready: bool = True, spoil: str = "") -> Path:
    """Make an environment that has it; return its Python.

    Args:
        folder: to make.
        names: of the columns with intensities.
        ready: whether the models of pyclnf are there.
        spoil: Python that changes `rows` before they are written.
    """
    for package in ("pyfaceau", "pyclnf", "pymtcnn"):
        place = folder / "lib" / package
        place.mkdir(parents=True)
        (place / "__init__.py").touch()
        here = ready or package != "pyclnf"
        (place / "models.py").write_text(_MODELS.format(ready=here, package=package))
        information = folder / "lib" / f"{package}-1.4.1.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Name: {package}\nVersion: 1.4.1\n")
    main = _MAIN.format(names=names, spoil=spoil)
    (folder / "lib" / "pyfaceau" / "__main__.py").write_text(main)
    return python(folder, f'PYTHONPATH="{folder}/lib" exec "{sys.executable}" "$@"')


def python(folder: Path, script: str) -> Path:
    """Make a program that a user may take for a Python; return its path."""
    program = folder / "python"
    folder.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program
