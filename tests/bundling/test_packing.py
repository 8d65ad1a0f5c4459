from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from tgbench.bundling import contents, packing
from tgbench.bundling.packing import pack
from tgbench.bundling.planning import GroundTruth
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.progress import SILENT
from tgbench.running.result import FRAMES_FOLDER

from .conftest import CASE, read_members


def test_a_bundle_holds_results_and_frames_and_no_truth(
    bundle: Path, still_results: Path, tiny_identity: Path
) -> None:
    members = read_members(bundle)
    frames = {f"{CASE}/frames/{index}.png" for index in range(4)}
    assert set(members) == {
        "bundle.json",
        f"{CASE}/result.json",
        f"{CASE}/frames.json",
        *frames,
    }
    place = still_results / "self_reconstruction/tiny/still/quick,seed=0/self"
    assert members[f"{CASE}/result.json"] == (place / "result.json").read_bytes()
    table = pd.read_parquet(place / "frames.parquet")
    values = json.loads(members[f"{CASE}/frames.json"])["values"]
    assert values == {name: table[name].tolist() for name in ("psnr", "ssim")}
    manifest = json.loads(members["bundle.json"])
    identity = Identity(tiny_identity)
    expected = [
        hashlib.sha256(b"RGB8 64x64\n" + identity.frame(index).tobytes()).hexdigest()
        for index in range(40, 44)
    ]
    assert manifest["cases"][0]["target_frames"] == expected
    assert manifest["files"] == {
        name: hashlib.sha256(data).hexdigest()
        for name, data in members.items()
        if name != "bundle.json"
    }


def test_frames_are_lossless_and_unlabelled(bundle: Path, tiny_identity: Path) -> None:
    """The still method shows training frames, so each must be one of them to the bit."""
    identity = Identity(tiny_identity)
    known = {identity.frame(index).tobytes() for index in range(40)}
    for name, data in read_members(bundle).items():
        if name.endswith(".png"):
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            assert np.ascontiguousarray(image[..., ::-1]).tobytes() in known


def test_packing_twice_gives_the_same_bytes_and_leaves_results_alone(
    still_results: Path, truth: GroundTruth, tmp_path: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in still_results.rglob("*.*")}
    first = pack(still_results, tmp_path / "a.zip", truth, SILENT)
    second = pack(still_results, tmp_path / "b.zip", truth, SILENT)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert first.rendered == 1
    changed = {path: path.stat().st_mtime_ns for path in still_results.rglob("*.*")}
    assert {path: time for path, time in changed.items() if not path.name.endswith(".lock")} == {
        path: time for path, time in before.items() if not path.name.endswith(".lock")
    }
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "b.zip"}
    with zipfile.ZipFile(first.path) as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}


def test_kept_frames_are_packed_as_they_are(
    still_results: Path, truth: GroundTruth, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(still_results, tmp_path / "copy"))
    shutil.rmtree(out / "models")
    images = out / "self_reconstruction/tiny/still/quick,seed=0/self" / FRAMES_FOLDER
    images.mkdir()
    for index in range(4):
        cv2.imwrite(str(images / f"{index}.png"), np.full((64, 64, 3), index, np.uint8))
    packed = pack(out, tmp_path / "kept.zip", truth, SILENT)
    assert packed.rendered == 0
    members = read_members(packed.path)
    assert members[f"{CASE}/frames/3.png"] == (images / "3.png").read_bytes()


def test_without_frames_and_fit_there_is_no_bundle(
    still_results: Path, truth: GroundTruth, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(still_results, tmp_path / "copy"))
    shutil.rmtree(out / "models")
    with pytest.raises(TgbenchError, match=r"kept no frames.*--frames"):
        pack(out, tmp_path / "none.zip", truth, SILENT)
    assert not (tmp_path / "none.zip").exists()


@pytest.mark.parametrize(
    "driver", [{"features_sha256": "b" * 64, "features": "given.npy"}, {"encoder": "deepspeech"}]
)
def test_frames_are_not_rendered_again_with_other_audio_features(
    still_results: Path, truth: GroundTruth, tmp_path: Path, driver: dict[str, str]
) -> None:
    results = shutil.copytree(still_results, tmp_path / "results")
    (path,) = results.rglob("result.json")
    stored = json.loads(path.read_text())
    stored["driver"] |= driver
    path.write_text(json.dumps(stored))
    with pytest.raises(TgbenchError, match=r"audio features.*--frames"):
        pack(results, tmp_path / "x.zip", truth, SILENT)


def test_the_right_identity_must_be_given(
    still_results: Path, own_identity: Path, tiny_identity: Path, tmp_path: Path
) -> None:
    with pytest.raises(TgbenchError, match="--identity"):
        pack(still_results, tmp_path / "a.zip", GroundTruth([own_identity], [], SILENT), SILENT)
    other = Path(shutil.copytree(tiny_identity, tmp_path / "tiny"))
    (other / "bc.jpg").write_bytes((other / "gt_imgs" / "0.jpg").read_bytes())
    with pytest.raises(TgbenchError, match="other files of 'tiny'"):
        pack(still_results, tmp_path / "a.zip", GroundTruth([other], [], SILENT), SILENT)


def test_what_no_one_could_verify_is_not_packed(
    still_results: Path, truth: GroundTruth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(packing, "MOST_MEMBERS", 6)
        with pytest.raises(TgbenchError, match="would hold 7 files, 6 are allowed"):
            pack(still_results, tmp_path / "a.zip", truth, SILENT)
    monkeypatch.setattr(contents, "LONGEST_SIDE", 63)
    with pytest.raises(TgbenchError, match="64x64 are larger than 63 pixels"):
        pack(still_results, tmp_path / "a.zip", truth, SILENT)
    assert not list(tmp_path.iterdir())


def test_a_folder_without_results_is_refused(truth: GroundTruth, tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="holds no results"):
        pack(tmp_path, tmp_path / "a.zip", truth, SILENT)
