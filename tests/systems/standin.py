"""A small system that really learns and renders: the mean frame, brighter where it is loud.

Its programs take what the field's do: an identity in the common layout, a work folder, a sound.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tgbench.systems.config import SystemConfig
from tgbench.systems.declaration import Declaration, read_declaration
from tgbench.systems.method import DeclaredMethod

from .conftest import git

LEARN = '''
"""learn.py IDENTITY MODEL SEED: the mean of the training frames."""
import json, sys
from pathlib import Path
import cv2, numpy as np
identity, model, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
ids = [f["img_id"] for f in json.loads((identity / "transforms_train.json").read_text())["frames"]]
pictures = [cv2.imread(str(identity / f"gt_imgs/{i}.jpg"))[..., ::-1] for i in ids]
model.parent.mkdir(parents=True, exist_ok=True)
mean = np.rint(np.mean(pictures, axis=0) + seed).astype(np.uint8)
model.write_bytes(b"%d %d\\n" % mean.shape[1::-1] + mean.tobytes())
print(f"learned from {len(ids)} frames")
'''

GREY = '''
"""The same command line, and a grey picture: it needs no library."""
import json, sys
from pathlib import Path
identity, model = Path(sys.argv[1]), Path(sys.argv[2])
cameras = json.loads((identity / "transforms_train.json").read_text())
width, height = int(cameras["cx"] * 2), int(cameras["cy"] * 2)
model.parent.mkdir(parents=True, exist_ok=True)
model.write_bytes(b"%d %d\\n" % (width, height) + bytes([128]) * (3 * width * height))
'''

SPEAK = '''
"""speak.py IDENTITY MODEL SOUND PATTERN: a PNG for each frame of transforms_val.json."""
import array, json, struct, sys, wave, zlib
from pathlib import Path
identity, model, sound, pattern = sys.argv[1:5]
count = len(json.loads((Path(identity) / "transforms_val.json").read_text())["frames"])
with wave.open(sound) as stream:
    samples = array.array("h", stream.readframes(stream.getnframes()))
head, _, pixels = Path(model).read_bytes().partition(b"\\n")
width, height = map(int, head.split())
Path(pattern).parent.mkdir(parents=True, exist_ok=True)
def chunk(kind, data):
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check
for i in range(count):
    loud = round(sum(map(abs, samples[640 * i : 640 * (i + 1)])) / 640 / 128)
    shown = bytes([loud] * 3) + pixels[3:]
    rows = b"".join(b"\\0" + shown[3 * width * y : 3 * width * (y + 1)] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")
    Path(pattern % i).write_bytes(b"\\x89PNG\\r\\n\\x1a\\n" + body)
print("rendered at 12.5 frames a second")
'''

SYSTEM = """
name = "mean"
summary = "the mean training frame, brighter where it is loud"
paper = "nobody et al."
repository = "https://example.org/mean"
commit = "{commit}"
licence = "MIT"
composite_mode = "full frame"
{facts}
[environment]
kind = "interpreter"
[resources]
gpus = 0
memory_gb = 0.5
[folders]
identity = "data/{{name}}"
[[inputs]]
what = "identity"
[[inputs]]
what = "audio"
name = "driving.wav"
phase = "render"
{train}
{render}
[output]
kind = "images"
path = "out/*.png"
{output}
"""

TRAIN = """
[[train]]
name = "learn"
command = ["python", "learn.py", "{identity}", "{workdir}/model/mean.raw", "{seed}"]
makes = ["model/*.raw"]
"""

RENDER = """
[[render]]
name = "speak"
command = [
  "python", "speak.py", "{identity}", "{workdir}/model/mean.raw", "{audio}", "{workdir}/out/%d.png",
]
makes = ["out/*.png"]
"""


def make_checkout(folder: Path, **programs: str) -> Path:
    """Write a git checkout of programs, by name without suffix; `learn` is grey unless given."""
    folder.mkdir()
    for name, text in {"learn": GREY, "speak": SPEAK, **programs}.items():
        (folder / f"{name}.py").write_text(text)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")
    return folder


def declare(folder: Path, checkout: Path, **parts: str) -> Declaration:
    """Write and read a declaration of the system.

    Args:
        folder: for its file.
        checkout: at whose commit it is.
        parts: of the file, in place of the usual ones: facts, train, render, output, commit.
    """
    usual = {"facts": "", "train": TRAIN, "render": RENDER, "output": ""}
    path = folder / "mean.toml"
    commit = git(checkout, "rev-parse", "HEAD")
    path.write_text(SYSTEM.format(**{**usual, "commit": commit, **parts}))
    return read_declaration(path)


BARE = os.path.realpath(sys.executable)
"""The Python without our packages, which starts quickly."""


def method_of(declaration: Declaration, checkout: Path, python: str = BARE) -> DeclaredMethod:
    """Return the method that runs a declaration in a checkout with a Python."""
    config = SystemConfig(checkout=str(checkout), environment=python)
    return DeclaredMethod(declaration, config)
