"""The systems of papers that tgbench comes with, each declared in a file of `systems/`."""

from __future__ import annotations

from pathlib import Path

from tgbench.specs import MethodSpec
from tgbench.systems.spec import specs_of

METHODS: tuple[MethodSpec, ...] = specs_of(Path(__file__).parent / "systems")

VIDEOS: tuple[MethodSpec, ...] = specs_of(Path(__file__).parent / "videos")
"""Those of which there are only videos; whoever has them says in which folder."""
