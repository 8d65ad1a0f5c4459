"""A short clip of one synthetic person, filmed once for all tests here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tgbench.identities import Identity
from tgbench.synthetic import dataset
from tgbench.synthetic.person import SYNTH_A
from tgbench.synthetic.studio import Studio

SECONDS = 2.4
SIZE = 96


@pytest.fixture(scope="session")
def clip(made_once: Callable[[str, Callable[[Path], object]], Path]) -> SimpleNamespace:
    """What is acted (`take`), where it is filmed (`studio`), what was written (`identity`)."""

    def film(cache: Path) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TGBENCH_CACHE", str(cache))
            return dataset.ensure_identity("synth-a", size=SIZE, seconds=SECONDS)

    folder = film(made_once("synthetic", film))
    take = dataset.rehearse(SYNTH_A, SECONDS)
    return SimpleNamespace(
        take=take,
        studio=Studio(SYNTH_A, take.performance, SIZE),
        identity=Identity(folder),
        seconds=SECONDS,
        size=SIZE,
    )
