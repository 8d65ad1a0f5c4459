"""Methods that keep their contract or break it, installed for this process and its children."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench import plugins
from tgbench.conformance.bench import Bench
from tgbench.conformance.findings import Finding
from tgbench.conformance.kit import CHECKS
from tgbench.conformance.subject import Subject
from tgbench.identities import Identity
from tgbench.running.method_config import MethodConfig
from tgbench.running.settings import configure

from ..conftest import MadeOnce, write_identity

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "average_frame"
_POINTS = """\
[tgbench.methods]
puppet = puppet:SPECS
broken = broken:SPECS
average_frame = average_frame:SPEC
"""


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = tmp_path / "site" / "puppet-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: puppet\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(_POINTS)
    paths = [str(path) for path in (about.parent, HERE / "plugin", EXAMPLE)]
    for path in paths:
        monkeypatch.syspath_prepend(path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")]))
    plugins._specs.cache_clear()
    yield
    plugins._specs.cache_clear()
    for module in ("puppet", "broken", "broken_views", "average_frame", "average_frame_method"):
        sys.modules.pop(module, None)


def bench_of(name: str, identity: Path, folder: Path) -> Bench:
    """Return a bench for an installed method."""
    spec = plugins.method(name)
    config = MethodConfig(spec, configure(spec, "quick", {}), "quick")
    return Bench(Subject(config, "cpu"), name, Identity(identity), folder)


def finding(bench: Bench, name: str) -> Finding:
    """Make one check, and before it fit and save as far as others need that."""
    by_name = {check.name: check for check in CHECKS}
    for needed in ("fit", "save"):
        if needed == name:
            break
        by_name[needed].finding(bench)
    return by_name[name].finding(bench)


Benches = Callable[[str], Bench]


@pytest.fixture
def short_identity(made_once: MadeOnce) -> Path:
    """A sound identity of two held-out frames. Not to be changed."""
    made = made_once("conformance", lambda folder: write_identity(folder / "tiny", frames=22))
    return made / "tiny"


@pytest.fixture
def bench(short_identity: Path, tmp_path: Path) -> Benches:
    """Makes a bench for the method of a name, with a clip of its own: methods may spoil it."""
    own = shutil.copytree(short_identity, tmp_path / "tiny")
    return lambda name: bench_of(name, own, tmp_path / "bench")
