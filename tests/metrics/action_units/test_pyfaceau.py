"""pyfaceau behind a stand-in of the same command line; it was tried itself by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.errors import TgbenchError, Unavailable
from tgbench.identities.layout import ALL_ACTION_UNITS
from tgbench.interfaces import MetricContext
from tgbench.metrics.action_units import pyfaceau
from tgbench.metrics.action_units.error import LOWER_FACE, UPPER_FACE, action_unit_error
from tgbench.metrics.action_units.pyfaceau import (
    LowerFaceErrorPyFaceAu,
    PyFaceAu,
    UpperFaceErrorPyFaceAu,
    read_pyfaceau,
)
from tgbench.metrics.availability import why_not_here

from . import pyfaceau_standin as standin

NAMES = [f"{unit}_r" for unit in ALL_ACTION_UNITS]


@dataclass
class Frame:
    index: int
    prediction: NDArray[np.uint8]
    target: NDArray[np.uint8]


@pytest.fixture
def frames(rng: np.random.Generator) -> list[Frame]:
    images = rng.integers(1, 250, (2, 6, 32, 34, 3), dtype=np.uint8)
    images[0, 2] = 0
    return [Frame(index, images[0, index], images[1, index]) for index in range(6)]


def test_both_lists_are_measured_and_frames_without_a_face_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frames: list[Frame]
) -> None:
    monkeypatch.setenv("TGBENCH_PYFACEAU", str(standin.install(tmp_path / "env", NAMES)))
    monkeypatch.setenv("OPENFACE_MODELS_ACCEPT_LICENSE", "1")
    shared = MetricContext(None, 25.0)
    metrics = [LowerFaceErrorPyFaceAu(shared), UpperFaceErrorPyFaceAu(shared)]
    for metric in metrics:
        assert why_not_here(metric.spec) == ""
        for frame in frames:
            metric.update(frame)
    kept = [0, 1, 3, 4, 5]
    for metric, units in zip(metrics, (LOWER_FACE, UPPER_FACE), strict=True):
        columns = [ALL_ACTION_UNITS.index(unit) for unit in units]
        exact = [
            np.stack([getattr(frames[i], name)[0, columns, 0] for i in kept]) / 50.0
            for name in ("prediction", "target")
        ]
        found = metric.compute()
        assert found.value == pytest.approx(action_unit_error(*exact))
        assert (found.scored, found.total) == (5, 6)
        assert found.details["left_out"] == {"prediction not tracked": 1}
        assert found.measured_by.startswith("pyfaceau 1.4.1")
        assert "openface" not in found.measured_by.lower()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ("rows[:] = [[*row[:2], 'False', *row[3:]] for row in rows]", "No face was found"),
        ("sys.exit('pyfaceau: no models\\n')", "exit code 1 (pyfaceau: no models)"),
        ("import time; time.sleep(30)", "was stopped after 2 s"),
    ],
)
def test_a_program_that_fails_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frames: list[Frame], spoil: str, told: str
) -> None:
    place = standin.install(tmp_path / "env", NAMES, spoil=spoil)
    monkeypatch.setenv("TGBENCH_PYFACEAU", str(place))
    if "sleep" in spoil:
        monkeypatch.setattr(pyfaceau, "_STARTING_SECONDS", 2.0)
        monkeypatch.setattr(pyfaceau, "_SECONDS_A_FRAME", 0.0)
    metric = LowerFaceErrorPyFaceAu(MetricContext(None, 25.0))
    for frame in frames:
        metric.update(frame)
    found = metric.compute()
    assert found.value is None
    assert told in found.reason


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "", ""),
        ("\n2,", "\n\n2,", ""),
        ("2,0.08,True,1.0", "", "measured 2 frames, not the 3"),
        ("\n1,", "\n7,", "not the 3 of the video in their order"),
        ("True,1.0", "True,nan", "AU01_r of frame 0 as 'nan'"),
        ("True,1.0", "True,7.5", "AU01_r of frame 0 as '7.5'"),
        ("True,1.0", "True,", "AU01_r of frame 0 as ''"),
        ("AU01_r", "AU01_c", "no column AU01_r"),
    ],
)
def test_what_it_writes_is_not_trusted(tmp_path: Path, old: str, new: str, told: str) -> None:
    rest = ",2.5" * 16
    rows = ["0,0.0,True,1.0" + rest, "1,0.04,False," + "," * 16, "2,0.08,True,1.0" + rest]
    text = "\n".join([",".join(["frame", "timestamp", "success", *NAMES]), *rows, ""])
    if old and not new:
        text = text.replace(f"{old}{rest}\n", "")
    path = tmp_path / "a.csv"
    path.write_text(text.replace(old, new, 1))
    if told:
        with pytest.raises(TgbenchError) as raised:
            read_pyfaceau(path, 3)
        assert told in str(raised.value)
        return
    table = read_pyfaceau(path, 3)
    assert table.frames.tolist() == [1, 2, 3]
    assert table.tracked.tolist() == [True, False, True]
    np.testing.assert_array_equal(table.intensities["AU45"], [2.5, np.nan, 2.5])


def test_an_environment_that_cannot_run_it_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TGBENCH_PYFACEAU", raising=False)
    with pytest.raises(Unavailable, match=r"not installed.*TGBENCH_PYFACEAU"):
        PyFaceAu()
    cases = {
        str(tmp_path / "absent"): "cannot be run (No such file or directory)",
        str(standin.python(tmp_path / "a", "echo hello")): "is no Python that has pyfaceau (hello)",
        str(standin.python(tmp_path / "b", 'exec python3 -S "$@"')): "cannot be imported",
        str(standin.install(tmp_path / "c", NAMES, ready=False)): "pyclnf are missing",
    }
    for python, told in cases.items():
        with pytest.raises(TgbenchError) as raised:
            PyFaceAu(python)
        assert python in str(raised.value)
        assert told in str(raised.value)
    monkeypatch.setenv("TGBENCH_PYFACEAU", str(tmp_path / "absent"))
    assert "TGBENCH_PYFACEAU names it" in why_not_here(LowerFaceErrorPyFaceAu.spec)
