"""FAN, OpenFace and py-feat as backends; the networks themselves have tests of their own."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.errors import TgbenchError, Unavailable
from tgbench.identities import Identity
from tgbench.identities.layout import ALL_ACTION_UNITS
from tgbench.preparation.backends import fan, pyfeat
from tgbench.preparation.backends.choice import choose_backends
from tgbench.preparation.clip import Clip
from tgbench.preparation.frames import Measured, PersonMasks
from tgbench.preparation.images import read_rgb
from tgbench.preparation.prepare import prepare
from tgbench.progress import SILENT

from ..metrics.action_units import pyfaceau_standin as standin

Films = Callable[..., Path]

NAMES = [f"{unit}_r" for unit in ALL_ACTION_UNITS]


def table(path: Path, rows: int, fps: float = 25.0, lost: int = -1) -> Path:
    """OpenFace's table; unit k of row r is (r + k) mod 5."""
    lines = [", ".join(["frame", "face_id", "timestamp", "confidence", "success", *NAMES])]
    for row in range(rows):
        values = [f"{(row + k) % 5:.2f}" for k in range(len(NAMES))]
        head = [str(row + 1), "0", f"{row / fps:.3f}", "0.98", str(int(row != lost))]
        lines.append(", ".join([*head, *values]))
    path.write_text("\n".join(lines) + "\n")
    return path


def prepared(film: Path, out: Path, csv: Path | None) -> Identity:
    settings = {} if csv is None else {"action_units.table": str(csv)}
    backends = choose_backends({"action_units": "openface"}, settings)
    return Identity(prepare(film, out, size=64, backends=backends))


@pytest.mark.usefixtures("discs_for_faces")
def test_a_table_of_openface_becomes_the_action_units(tmp_path: Path, make_film: Films) -> None:
    film, out = make_film(tmp_path / "film.mp4", count=50), tmp_path / "identity"
    units = prepared(film, out, table(tmp_path / "of.csv", 50, lost=9)).action_units
    assert units.measured_by == "openface"
    for k, unit in enumerate(ALL_ACTION_UNITS):
        expected = (np.arange(50) + k) % 5
        kept = np.arange(50) != 9
        np.testing.assert_allclose(units.values[unit][kept], expected[kept])
    # The content counts, not the name.
    again = prepared(film, out, table(tmp_path / "of.csv", 50)).action_units
    assert again.values["AU45"][9] == (9 + 16) % 5


@pytest.mark.usefixtures("discs_for_faces")
@pytest.mark.parametrize(
    ("rows", "fps", "said"),
    [
        (40, 25.0, "another clip: it has 40 rows"),
        (60, 25.0, "another clip: it has 60 rows"),
        (50, 30.0, r"another clip: frame 50 is at 1\.633 s, not 1\.960 s"),
    ],
)
def test_a_table_of_another_clip_is_refused_before_any_work(
    tmp_path: Path, make_film: Films, rows: int, fps: float, said: str
) -> None:
    film, out = make_film(tmp_path / "film.mp4", count=50), tmp_path / "identity"
    with pytest.raises(TgbenchError, match=rf"of\.csv: is of {said}"):
        prepared(film, out, table(tmp_path / "of.csv", rows, fps))
    assert [path.name for path in out.iterdir()] == [".prepare"]


@pytest.mark.usefixtures("discs_for_faces")
def test_a_table_that_lacks_the_last_row_is_refused_and_what_is_made_stays(
    tmp_path: Path, make_film: Films
) -> None:
    film, out = make_film(tmp_path / "film.mp4", count=50), tmp_path / "identity"
    with pytest.raises(TgbenchError, match=r"of\.csv: is of another clip: it has 49 rows"):
        prepared(film, out, table(tmp_path / "of.csv", 49))
    made = (out / "parsing/7.png").stat().st_mtime_ns
    prepared(film, out, table(tmp_path / "of.csv", 50))
    assert (out / "parsing/7.png").stat().st_mtime_ns == made


@pytest.mark.usefixtures("discs_for_faces")
def test_pyfaceau_measures_the_prepared_frames(
    tmp_path: Path, make_film: Films, caplog: pytest.LogCaptureFixture
) -> None:
    film, out = make_film(tmp_path / "film.mp4", count=50), tmp_path / "identity"

    def by(python: Path) -> Identity:
        chosen = choose_backends({"action_units": "pyfaceau"}, {"action_units.python": str(python)})
        return Identity(prepare(film, out, size=64, backends=chosen))

    with pytest.raises(TgbenchError, match="pyclnf are missing"):
        by(standin.install(tmp_path / "unready", NAMES, ready=False))
    assert [path.name for path in out.iterdir()] == [".prepare"]
    lost = standin.install(tmp_path / "env", NAMES, spoil="rows[9][2] = 'False'")
    identity = by(lost)
    units = identity.action_units
    assert units.measured_by == "pyfaceau"
    kept = np.arange(50) != 9
    red = np.array([read_rgb(out / f"ori_imgs/{frame}.jpg", 64)[0, :17, 0] for frame in range(50)])
    np.testing.assert_allclose(units.values["AU45"][kept], red[kept, 16] / 50, atol=0.01)
    assert any("1 of 50 frames" in record.getMessage() for record in caplog.records)
    made = json.loads((out / "identity.json").read_text())["backends"]["action_units"]
    assert made["measured_by"].startswith("pyfaceau 1.4.1")


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    folder.mkdir()
    path = folder / "FeatureExtraction"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.usefixtures("discs_for_faces")
def test_a_program_that_fails_is_quoted(
    tmp_path: Path, make_film: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_film(tmp_path / "film.mp4", count=50)
    program(tmp_path / "bin", monkeypatch, "import sys\nprint('no models')\nsys.exit(3)\n")
    with pytest.raises(TgbenchError, match=r"exit code 3.*no models"):
        prepared(film, tmp_path / "identity", None)


def test_without_openface_both_remedies_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"FeatureExtraction.*--set action_units\.table=FILE"):
        choose_backends({"action_units": "openface"}, {})


class Blank(Clip):
    def image(self, frame: int) -> NDArray[np.uint8]:
        return np.full((64, 64, 3), frame, np.uint8)


@pytest.fixture
def blank(tmp_path: Path) -> Clip:
    seen = Measured(
        np.zeros((4, 478, 3), np.float32), np.zeros((3, 1, 2), np.float32), np.ones(4, np.bool_)
    )
    return Blank(tmp_path, 64, seen, PersonMasks(tmp_path / "masks"))


def test_fan_sees_every_frame_and_leaves_gaps(blank: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    class Fake:
        def find(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
            value = int(image[0, 0, 0])
            return None if value == 2 else np.full((68, 2), value, np.float32)

    monkeypatch.setattr(fan, "FanLandmarks", Fake)
    points = fan.FanBackend().landmarks(blank, SILENT)
    np.testing.assert_array_equal(points[:, 30, 1], [0.0, 1.0, np.nan, 3.0])


def test_probabilities_of_py_feat_reach_the_scale_and_closed_eyes_stand_for_a_blink(
    blank: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fake:
        def measure(self, image: NDArray[np.uint8]) -> dict[str, float] | None:
            value = int(image[0, 0, 0])
            names = {*ALL_ACTION_UNITS, "AU43"} - {"AU45"}
            return None if value == 1 else dict.fromkeys(names, 0.5) | {"AU43": value / 10}

    monkeypatch.setattr(pyfeat, "PyFeat", Fake)
    units = pyfeat.PyFeatUnits().measure(blank, None, SILENT)  # type: ignore[arg-type]
    np.testing.assert_allclose(units["AU45"], [0.0, np.nan, 1.0, 1.5], rtol=1e-6)
    np.testing.assert_allclose(units["AU12"], [2.5, np.nan, 2.5, 2.5])
