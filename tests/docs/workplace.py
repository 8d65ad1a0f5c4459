"""Where the examples of the documentation run: their files, and a quick suite."""

from __future__ import annotations

import argparse
import dataclasses
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tgbench import plugins, synthetic
from tgbench.audio import Waveform, read_waveform, write_wav
from tgbench.cli import main
from tgbench.identities import Identity
from tgbench.video.writer import VideoWriter

ROOT = Path(__file__).resolve().parents[2]
_FILE = re.compile(r"# (\w+\.py)\n")
OF_THE_SHELL = {"cd", "git", "source", "mv", "ray"}
"""Programs that examples may call and that no test runs."""

SIZE, SECONDS, SPOKEN = 64, 3.0, 1.6
SHORT = {
    "schedule.audio_pretraining_iterations": 4,
    "schedule.static_iterations": 4,
    "schedule.motion_iterations": 4,
    "schedule.finetune_iterations": 2,
    "face.gaussians": 100,
    "mouth.gaussians": 20,
}
"""Settings of TalkingGaussian that train it within a second or two."""


class Workplace:
    """The working folder of one page.

    It has `ours.mp4` and `real.mp4` (ours is noisy), folders `ours` and `real` of two such videos,
    `VIDEO.mp4`, `speech.wav`, the identity `data/NAME`, and `results`, `alice` and `bob` with the
    results of two methods.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[str, Any] = {"__name__": "__main__"}
        self._written: list[str] = []

    def command(self, words: Sequence[str]) -> None:
        """Run a command of `tgbench` or `python -c`; do without all others."""
        if words[0] == "tgbench":
            assert main(list(words[1:])) == 0, " ".join(words)
        elif words[:2] == ["python", "-c"]:
            exec(words[2], {"__name__": "__main__"})

    def python(self, text: str, page: Path) -> None:
        """Run a snippet in the namespace of the page, or write the file that it starts to name."""
        if named := _FILE.match(text):
            (self.folder / named[1]).write_text(text, encoding="utf-8")
            self._written.append(named[1])
            return
        exec(compile(text, f"{page.name} (snippet)", "exec"), self._names)

    def install(self, text: str) -> None:
        """Make the entry points of a part of `pyproject.toml` known, as pip would."""
        groups = tomllib.loads(text)["project"]["entry-points"]
        lines = [
            line
            for group, points in groups.items()
            for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
        ]
        about = self.folder / "page_plugin-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: page-plugin\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
        plugins._specs.cache_clear()

    def leave(self) -> None:
        """Forget the modules and plug-ins of the page."""
        plugins._specs.cache_clear()
        for file in self._written:
            sys.modules.pop(file.removesuffix(".py"), None)


def make_quick(patch: pytest.MonkeyPatch) -> None:
    """Let built-in people be small, tracks short, and TalkingGaussian train for an instant."""
    identity, track = synthetic.ensure_identity, synthetic.ensure_driving_track

    def small(name: str, *_: object, **__: object) -> Path:
        return identity(name, size=SIZE, seconds=SECONDS)

    def short(name: str) -> Path:
        whole = track(name)
        path = whole.parent / "short" / whole.name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            write_wav(path, read_waveform(whole).cut(0.0, SPOKEN))
        return path

    methods = plugins.methods
    spec = methods()["talkinggaussian"]
    presets = {name: {**changed, **SHORT} for name, changed in spec.presets.items()}
    quick = dataclasses.replace(spec, presets=presets)
    patch.setattr(synthetic, "ensure_identity", small)
    patch.setattr(synthetic, "ensure_driving_track", short)
    patch.setattr(plugins, "methods", lambda: {**methods(), spec.name: quick})


def furnish(folder: Path) -> None:
    """Write all files that examples name; `make_quick` is in force."""
    person = Identity(synthetic.ensure_identity("synth-a"))
    shutil.copytree(person.folder, folder / "data" / "NAME")
    for name, noise in (("ours", 6.0), ("real", 0.0)):
        _film(folder / f"{name}.mp4", person, noise, person.audio)
        (folder / name).mkdir()
        for clip in ("monday", "tuesday"):
            shutil.copy(folder / f"{name}.mp4", folder / name / f"{clip}.mp4")
    shutil.copy(folder / "real.mp4", folder / "VIDEO.mp4")
    shutil.copy(synthetic.ensure_driving_track("track-voice"), folder / "speech.wav")
    run = ["run", "--method", "still", "talkinggaussian", "--protocol", "self_reconstruction"]
    assert main([*run, "--out", str(folder / "results")]) == 0
    for name in ("alice", "bob"):
        shutil.copytree(folder / "results", folder / name)


def _film(path: Path, person: Identity, noise: float, sound: Waveform) -> None:
    rng = np.random.default_rng(0)
    frames = range(40)
    with VideoWriter(path, SIZE, SIZE, audio=sound.cut(0.0, len(frames) / 25)) as writer:
        for index in frames:
            picture = person.frame(index) + noise * rng.normal(size=(SIZE, SIZE, 3))
            writer.write(np.clip(picture, 0, 255).astype(np.uint8))


def parse(words: Sequence[str]) -> None:
    """Refuse a command that does not exist, has other options, or names what is not there."""
    program, *rest = words
    if program == "tgbench":
        _parse_tgbench(rest)
    elif program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert rest[0] in targets, f"make has no target {rest[0]}"
    elif program == "pip":
        _check_extras(rest)
    elif program == "python":
        if rest[0].endswith(".py"):
            assert (ROOT / rest[0]).is_file(), f"{rest[0]} is not there"
    else:
        assert program in OF_THE_SHELL or "=" in program, f"what is {program}?"


def _parse_tgbench(words: Sequence[str]) -> None:
    name, *rest = words
    assert name in plugins.commands(), f"tgbench has no command {name}"
    parser = argparse.ArgumentParser(prog=f"tgbench {name}")
    parser.add_argument("--debug", action="store_true")
    plugins.commands()[name].load().add_arguments(parser)
    parser.parse_args(rest)


def _check_names(given: str | Iterable[str], known: Iterable[str]) -> None:
    names = {given} if isinstance(given, str) else set(given)
    assert names <= set(known), f"not known: {names - set(known)}"


def _check_extras(words: Sequence[str]) -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = table["project"]["optional-dependencies"]
    for listed in re.findall(r"\[([\w,]+)\]", " ".join(words)):
        _check_names(listed.split(","), extras)
