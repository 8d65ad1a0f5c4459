"""Where the examples of the documentation run: their files, and a quick suite."""

from __future__ import annotations

import argparse
import contextlib
import re
import runpy
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tgbench import plugins
from tgbench.cli import main

ROOT = Path(__file__).resolve().parents[2]
OF_THE_SHELL = {"cd", "git", "source", "mv"}
"""Programs that examples may call and that no test runs."""


class Workplace:
    """The working folder of one page.

    `ours` and `real` are five grey frames each, ours 10 levels brighter; of the videos of these
    names ours is noisy.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[str, Any] = {"__name__": "__main__"}

    def command(self, words: Sequence[str]) -> None:
        """Run a command of `tgbench`, or a script of the repository; do without all others."""
        if words[0] == "tgbench":
            with contextlib.suppress(SystemExit):
                assert main(list(words[1:])) in (0, 1), " ".join(words)
        elif words[0] == "python" and words[1] == "-c":
            exec(words[2], {"__name__": "__main__"})

    def python(self, text: str, page: Path) -> None:
        """Run a snippet in the namespace of the page."""
        exec(compile(text, f"{page.name} (snippet)", "exec"), self._names)


def grey(folder: Path, level: int) -> None:
    """Write five grey frames, as a folder of images."""
    folder.mkdir(parents=True)
    for index in range(5):
        pixels = np.full((64, 64, 3), level + index, np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")


def parse(words: Sequence[str]) -> None:
    """Refuse a command that does not exist, or has other options, or names what is not there."""
    program, *rest = words
    if program == "tgbench":
        _parse_tgbench(rest)
    elif program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert rest[0] in targets, f"make has no target {rest[0]}"
    elif program == "pip":
        _check_extras(rest)
    elif program == "python":
        script = next(word for word in rest if not word.startswith("-") or word == "-c")
        named = ROOT / script if rest[0] != "-m" else ROOT / f"{script.replace('.', '/')}.py"
        assert script in ("-c", "pytest", "venv") or named.exists(), f"{script} is not there"
    else:
        assert program in OF_THE_SHELL or "=" in program, f"what is {program}?"


def _parse_tgbench(words: Sequence[str]) -> None:
    name, *rest = words
    assert name in plugins.commands(), f"tgbench has no command {name}"
    parser = argparse.ArgumentParser(prog=f"tgbench {name}")
    parser.add_argument("--debug", action="store_true")
    plugins.commands()[name].load().add_arguments(parser)
    given = vars(parser.parse_args(rest))
    known = {
        "method": plugins.methods(),
        "protocol": plugins.protocols(),
        "metrics": plugins.metrics(),
    }
    del known, given


def _check_extras(words: Sequence[str]) -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = table["project"]["optional-dependencies"]
    for extra in re.findall(r"\[([\w,]+)\]", " ".join(words)):
        for name in extra.split(","):
            assert name in extras, f"there is no extra {name}"
