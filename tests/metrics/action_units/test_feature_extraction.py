from __future__ import annotations

import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.errors import Unavailable
from tgbench.identities.layout import ALL_ACTION_UNITS
from tgbench.interfaces import MetricContext
from tgbench.metrics.action_units import feature_extraction
from tgbench.metrics.action_units.error import LOWER_FACE, UPPER_FACE, action_unit_error
from tgbench.metrics.action_units.extraction import LosslessVideo
from tgbench.metrics.action_units.openface import (
    LowerFaceError,
    LowerFaceErrorUnmasked,
    UpperFaceError,
    UpperFaceErrorUnmasked,
)

from .tables import STYLES

Image = NDArray[np.uint8]

FRAMES = 7
HEIGHT, WIDTH = 33, 35
"""Odd, as a decoder that halves chroma would not leave them."""

# Measures unit k of a frame as its pixel (0, k): red, in fiftieths. So the test knows the values.
PROGRAM = """#!{python}
import sys
from pathlib import Path
import cv2

arguments = sys.argv[1:]
assert "-aus" in arguments and len(arguments) == 5, arguments
video = Path(arguments[arguments.index("-f") + 1])
out = Path(arguments[arguments.index("-out_dir") + 1])
with open({log!r}, "a") as log:
    log.write(video.name + "\\n")
capture, rows = cv2.VideoCapture(str(video)), []
while True:
    found, image = capture.read()
    if not found:
        break
    rows.append([f"{{value / 50:.2f}}" for value in image[0, :17, 2]])
comma = {comma!r}
names = {names!r}
with open(out / (video.stem + ".csv"), "w") as table:
    table.write(comma.join(["frame", "face_id", "timestamp", "confidence", "success", *names]))
    for number, row in enumerate(rows, start=1):
        tracked = "0" if video.stem == "prediction" and number == 3 else "1"
        cells = [str(number), "0", f"{{number / 25:.3f}}", "0.98", tracked, *row]
        table.write("\\n" + comma.join(cells))
"""


@dataclass
class Frame:
    index: int
    prediction: Image
    target: Image


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    """Put a program of OpenFace's name on the path."""
    program = folder / "bin" / "FeatureExtraction"
    program.parent.mkdir()
    program.write_text(text)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return program


def install_fake(folder: Path, monkeypatch: pytest.MonkeyPatch, style: str = "linux") -> Path:
    """Install the fake; it logs what it was run on in the file that is returned."""
    log = folder / "log.txt"
    text = PROGRAM.format(
        python=sys.executable,
        log=str(log),
        comma=", " if style == "windows" else ",",
        names=[f"{unit}_r" for unit in ALL_ACTION_UNITS],
    )
    install(folder, monkeypatch, text)
    return log


@pytest.fixture
def frames(rng: np.random.Generator) -> list[Frame]:
    images = rng.integers(0, 250, (2, FRAMES, HEIGHT, WIDTH, 3), dtype=np.uint8)
    return [Frame(index + 5, images[0, index], images[1, index]) for index in range(FRAMES)]


def exact(frames: list[Frame], name: str, units: tuple[str, ...]) -> NDArray[np.float64]:
    columns = [ALL_ACTION_UNITS.index(unit) for unit in units]
    images = np.stack([getattr(frame, name) for frame in frames])
    return images[:, 0, columns, 0] / 50.0


def feed(metrics: list, frames: list[Frame]) -> None:
    for frame in frames:
        for metric in metrics:
            assert metric.update(frame) is None


@pytest.mark.parametrize("style", STYLES)
def test_the_program_sees_the_very_frames_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, style: str, frames: list[Frame]
) -> None:
    log = install_fake(tmp_path, monkeypatch, style)
    shared = MetricContext(None, 25.0)
    classes = (LowerFaceError, UpperFaceError, LowerFaceErrorUnmasked, UpperFaceErrorUnmasked)
    metrics = [metric_class(shared) for metric_class in classes]
    feed(metrics, frames)
    found = [metric.compute() for metric in metrics]
    assert log.read_text().split() == ["prediction.avi", "target.avi"]
    kept = [0, 1, 3, 4, 5, 6]
    for result, units in zip(found, (LOWER_FACE, UPPER_FACE) * 2, strict=True):
        values = [exact(frames, name, units) for name in ("prediction", "target")]
        masked = result in found[:2]
        rows = kept if masked else list(range(FRAMES))
        assert result.value == pytest.approx(action_unit_error(*(v[rows] for v in values)))
        assert (result.scored, result.total) == (len(rows), FRAMES)
        assert "OpenFace FeatureExtraction" in result.measured_by
    assert found[0].details["left_out"] == {"prediction not tracked": 1}
    values = metrics[0].series()["aue_l"]
    assert [place for place, value in enumerate(values) if value is None] == [2]


def test_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frames: list[Frame]
) -> None:
    install_fake(tmp_path, monkeypatch)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    metric = LowerFaceError(MetricContext(None, 25.0))
    feed([metric], frames)
    assert [path.name for path in scratch.glob("*/*.avi")]
    metric.compute()
    assert list(scratch.iterdir()) == []


def test_parts_cannot_be_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frames: list[Frame]
) -> None:
    install_fake(tmp_path, monkeypatch)
    for metric_class in (LowerFaceError, UpperFaceErrorUnmasked):
        first, second = (metric_class(MetricContext(None, 25.0)) for _ in range(2))
        feed([first], frames[:3])
        feed([second], frames[3:])
        with pytest.raises(Unavailable, match="calibrates its values to the whole clip"):
            first.merge(second)


def test_no_frames_are_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = install_fake(tmp_path, monkeypatch)
    metric = LowerFaceError(MetricContext(None, 25.0))
    assert metric.compute().value is None
    assert "no frames" in metric.compute().reason
    assert not log.exists()


def test_a_link_is_followed_to_where_the_models_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = install(tmp_path, monkeypatch, "#!/bin/sh\n")
    links = tmp_path / "links"
    links.mkdir()
    (links / "FeatureExtraction").symlink_to(program)
    monkeypatch.setenv("PATH", str(links), prepend=":")
    assert feature_extraction.find_program() == program


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo could not load the models >&2; exit 3", "exit code 3 (could not load the models)"),
        ("echo nothing; exit 0", "wrote no table (nothing)"),
        ('echo hello > "$4/prediction.csv"', "prediction.csv: has no column frame"),
        ("exec sleep 30", "was stopped after 0 s"),
    ],
)
def test_a_program_that_fails_is_a_reason_that_both_metrics_tell(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    frames: list[Frame],
    script: str,
    told: str,
) -> None:
    log = tmp_path / "log.txt"
    install(tmp_path, monkeypatch, f'#!/bin/sh\necho run >> "{log}"\n{script}\n')
    if "sleep" in script:
        monkeypatch.setattr(feature_extraction, "_STARTING_SECONDS", 0.3)
        monkeypatch.setattr(feature_extraction, "_SECONDS_A_FRAME", 0.0)
    shared = MetricContext(None, 25.0)
    metrics = [LowerFaceError(shared), UpperFaceErrorUnmasked(shared)]
    feed(metrics, frames)
    for metric in metrics:
        found = metric.compute()
        assert found.value is None
        assert told in found.reason
        assert found.total == FRAMES
    assert metrics[0].series() == {}
    assert log.read_text() == "run\n"


def test_a_file_that_is_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frames: list[Frame]
) -> None:
    install(tmp_path, monkeypatch, "\x7fELF of another machine")
    metric = LowerFaceError(MetricContext(None, 25.0))
    feed([metric], frames)
    assert "cannot be run" in metric.compute().reason


def test_a_frame_of_another_size_stops_both_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frames: list[Frame]
) -> None:
    install_fake(tmp_path, monkeypatch)
    shared = MetricContext(None, 25.0)
    metrics = [LowerFaceError(shared), UpperFaceError(shared)]
    feed(metrics, frames[:2])
    odd = Frame(9, frames[2].prediction[:-2], frames[2].target[:-2])
    for metric in metrics:
        with pytest.raises(ValueError, match="frame 2 is"):
            metric.update(odd)


def test_lossless_is_lossless(tmp_path: Path, rng: np.random.Generator) -> None:
    images = rng.integers(0, 256, (5, HEIGHT, WIDTH, 3), dtype=np.uint8)
    video = LosslessVideo(tmp_path / "a.avi", 25.0, (WIDTH, HEIGHT))
    for image in images:
        video.write(image)
    video.close()
    capture = cv2.VideoCapture(str(video.path))
    read = [capture.read()[1][..., ::-1] for _ in range(5)]
    np.testing.assert_array_equal(read, images)
    assert not capture.read()[0]
    assert capture.get(cv2.CAP_PROP_FPS) == 25.0
