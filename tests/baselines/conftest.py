"""A machine on which every shipped system is installed, as a stand-in."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tgbench.audio import SAMPLE_RATE, Waveform, write_wav
from tgbench.identities import Identity
from tgbench.interfaces import Case, FitContext
from tgbench.plugins import methods
from tgbench.progress import SILENT
from tgbench.protocols.lipsync import LipSync
from tgbench.protocols.self_reconstruction import SelfReconstruction
from tgbench.systems.config import SystemConfig
from tgbench.systems.declaration import Declaration, read_declaration
from tgbench.systems.method import DeclaredMethod
from tgbench.weights.table import TABLE

from ..conftest import MadeOnce, write_identity
from .checkouts import STANDINS

SPOKEN = 20
"""Frames of the driving sound."""

_FRAMES, _SIZE = 44, 64
_MANY = 226
"""Of which 205 are for training: DFRF looks at the two hundredth."""

Install = Callable[..., DeclaredMethod]


def declaration_of(name: str) -> Declaration:
    """Return a shipped declaration."""
    return read_declaration(methods()[name].declaration)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take any bytes for weights, since these are stand-ins, too; and have a CUDA compiler."""
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path / "no-weights"))
    for name, weights in TABLE.items():
        anything = dataclasses.replace(
            weights, sha256="", sha1="", size=None, format="", least_size=0, in_torch_hub=False
        )
        monkeypatch.setitem(TABLE, name, anything)
    programs = tmp_path / "programs"
    programs.mkdir()
    compiler = programs / "nvcc"
    compiler.write_text("#!/bin/sh\nexit 0\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def identity(request: pytest.FixtureRequest, made_once: MadeOnce) -> Identity:
    """The person of a system, which is the parameter `name` of the test."""
    name = request.getfixturevalue("name")
    # A name of which shells and patterns of files would make something else.
    person = (*STANDINS[name].people, "anna b-1")[0]
    frames = _MANY if name == "dfrf" else _FRAMES
    folder = made_once(
        f"systems-{frames}-{person}", lambda made: write_identity(made / person, frames, _SIZE)
    )
    return Identity(folder / person)


@pytest.fixture
def spoken(identity: Identity, tmp_path: Path) -> Case:
    """A sound that gets louder and softer, which drives the training frames."""
    sound = tmp_path / "speech.wav"
    write_wav(sound, speech())
    (case,) = LipSync().plan([identity], [sound])
    return case


@pytest.fixture
def held_out(identity: Identity) -> Case:
    """The held-out part of the clip."""
    (case,) = SelfReconstruction().plan([identity], [])
    return case


def speech() -> Waveform:
    """A tone of which each frame has a loudness of its own."""
    loudness = 0.02 + 0.28 * np.random.default_rng(5).permutation(SPOKEN) / SPOKEN
    seconds = np.arange(SPOKEN * SAMPLE_RATE // 25) / SAMPLE_RATE
    tone = np.sqrt(2) * np.sin(2 * np.pi * 200 * seconds)
    return Waveform((np.repeat(loudness, SAMPLE_RATE // 25) * tone).astype(np.float32))


@pytest.fixture
def install() -> Install:
    """Returns a system as it is installed here."""

    def installed(
        name: str,
        checkout: Path,
        declaration: Declaration | None = None,
        any_commit: bool = True,
    ) -> DeclaredMethod:
        config = SystemConfig(
            checkout=str(checkout), environment=sys.executable, any_commit=any_commit
        )
        return DeclaredMethod(declaration or declaration_of(name), config)

    return installed


def context(folder: Path, seed: int = 3) -> FitContext:
    """What a method is fitted in: a folder whose name has a blank."""
    work = folder / "work folder"
    work.mkdir(parents=True, exist_ok=True)
    return FitContext(work, seed, "cpu", SILENT)
