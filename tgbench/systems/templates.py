"""Declarations to fill in, as `tgbench systems new` writes them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from .. import plugins
from ..errors import TgbenchError
from ..files import write_text
from .spec import NAME, SUFFIX

if TYPE_CHECKING:
    from .declaration import Facts

_TO_FILL_IN = {
    "summary": "what it is, in a line",
    "paper": "Authors, venue and year",
    "licence": "see the repository",
}
_FACTS = """\
# A system as tgbench runs it. `tgbench systems show {file}` checks this file, and
# docs/extend/declaration.md describes every field.
name = "{name}"
title = "{name}"                      # as tables print it
summary = "{summary}"
paper = "{paper}"
repository = {repository}
commit = ""                           # the first digits; runs at another one are refused
licence = "{licence}"
permits = ""                          # what the licence allows

# What a rendered frame is made of: "full frame", "head over true torso and plate", or
# "face pasted on the true video". Image metrics are ranked within one of them only.
composite_mode = "full frame"
# What of the truth it is given when it renders: "true head pose", "true action units",
# "true upper-face action units", "true upper face", "true torso and background".
leaked_conditions = ["true head pose"]
moves_upper_face = true               # false: upper-face errors are a dash
whole_image_valid = true              # false: whole-image errors are a dash
hears_audio = true                    # false: agreement of lips and sound is chance
randomness = ""                       # what is random, and how it is seeded

# [contamination]
# HDTF = "trained on it (the paper)"
"""

_PROGRAM = """
[environment]
kind = "interpreter"                  # or "conda" (file), "docker", "podman", "apptainer" (image)
python = "3.10"
packages = []                         # versions that the authors name, such as "torch==1.12.1"
programs = ["ffmpeg"]
remedy = "install requirements.txt of the checkout into a virtual environment"

[resources]
gpus = 1
memory_gb = 16
disk_gb = 10

# [weights]                           # pretrained files, by their place in the checkout
# net = {{ path = "checkpoints/net.pth", source = "the README" }}

# What it is given, in the folder {{identity}}. In fitting, training frames only.
[[inputs]]
what = "identity"                     # the layout of AD-NeRF and its successors

[[inputs]]
what = "audio"                        # the driving sound
name = "audio.wav"
phase = "render"
rate = 16000

# Commands are lists of words; no shell reads them. Without [[train]] it is not fitted to a person.
[[train]]
name = "train"
folder = "{{workdir}}"
command = ["python", "{{checkout}}/train.py", "{{identity}}", "--workspace", "{{workdir}}/model"]
makes = ["model/*"]                   # what is kept of the fit
time_limit = 86400                    # seconds

[[render]]
name = "render"
folder = "{{workdir}}"
command = [
  "python", "{{checkout}}/test.py", "{{identity}}", "--workspace", "{{workdir}}/model",
  "--audio", "{{audio}}", "--out", "{{output}}",
]
makes = ["result.mp4"]
time_limit = 7200

[output]
kind = "video"                        # or "images"
path = "result.mp4"
audio = false
length = "exact"                      # or "truncated", "mirrored"

# [speed]                             # without it, frames a second are a dash
# measured = "its own timer, without loading and writing"
# pattern = "FPS: ([0-9.]+)"          # a line of its log; without it, FPS of all at once
"""

_VIDEOS = """
# Videos beside this file are <identity>/<driver>.mp4; a CSV can name others.
[videos]
# table = "videos.csv"                # columns: identity, driver, video
align = {{ }}                           # such as {{ rate = "clock", length = "truncated" }}
"""

_PUBLISHED = """
# What its paper prints, shown beside measured numbers and never ranked with them.
# [[published]]
# source = "the paper"
# table = "1"
# protocol = "self_reconstruction"
# metrics = {{ psnr = 32.8, lmd = 2.7 }}
"""


def write_template(path: Path, name: str, videos: bool = False, repository: str = "") -> None:
    """Write a declaration to fill in; it is sound as it stands.

    Args:
        path: of the file, which must not be there.
        name: of the system.
        videos: whether there are only videos.
        repository: of its code.

    Raises:
        TgbenchError: the name cannot be one or is taken, or the file is there.
    """
    if not re.fullmatch(NAME, name):
        raise TgbenchError(
            f"{name}: cannot be the name of a system; take small letters, digits, - and _"
        )
    if name in plugins.methods():
        raise TgbenchError(
            f"{name}: there is a method of this name already, and results are filed by it; choose "
            "another one"
        )
    if path.exists():
        raise TgbenchError(f"{path}: is there already; choose another name, or move it away")
    if path.suffix != SUFFIX:
        raise TgbenchError(f"{path}: the name of a declaration ends in {SUFFIX}")
    text = _FACTS + (_VIDEOS if videos else _PROGRAM) + _PUBLISHED
    told = {"name": name, "file": path.name, "repository": json.dumps(repository)}
    write_text(path, text.format(**told, **_TO_FILL_IN))


def unfilled(facts: Facts) -> str:
    """Return the fields of a declaration that still say what the template says, with commas."""
    return ", ".join(field for field, text in _TO_FILL_IN.items() if getattr(facts, field) == text)
