"""Places of systems: the folder that was meant is used, and no key depends on where it lies."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import pytest

from tgbench.identities import Identity
from tgbench.progress import SILENT
from tgbench.running.job import JobSpec, read_job
from tgbench.running.planning import Planner
from tgbench.running.request import RunRequest
from tgbench.running.runner import CasesFailed, run
from tgbench.running.worker import Worker
from tgbench.systems.config import SystemConfig
from tgbench.systems.installation import Installation
from tgbench.systems.mirror import mirror
from tgbench.systems.spec import read_spec
from tgbench.systems.videos.config import VideosConfig
from tgbench.systems.work import WorkFolder

from .standin import BARE, GREY, declare, make_checkout
from .videos.test_declaration import DEMOS

BRIGHT = GREY.replace("bytes([128])", "bytes([200])")


@pytest.fixture
def checkouts(tmp_path: Path) -> dict[str, Path]:
    """Two checkouts of one name; one renders grey, the other bright."""
    found = {}
    for name, learn in (("grey", GREY), ("bright", BRIGHT)):
        (tmp_path / name).mkdir()
        found[name] = make_checkout(tmp_path / name / "co", learn=learn)
    return found


@pytest.fixture
def request_(tmp_path: Path, tiny_identity: Path, checkouts: dict[str, Path]) -> RunRequest:
    declare(tmp_path, checkouts["grey"], commit="")
    return RunRequest(
        methods=(str(tmp_path / "mean.toml"),),
        protocols=("self_reconstruction",),
        identities=(str(tiny_identity),),
        overrides={"environment": BARE},
        metrics=("psnr",),
        out=tmp_path / "out",
    )


def jobs_at(request: RunRequest, place: str) -> list[JobSpec]:
    overrides = {**request.overrides, "mean.checkout": place}
    return Planner(dataclasses.replace(request, overrides=overrides)).plan(SILENT).to_do()


def test_a_place_is_named_as_it_is_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "co").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for given in ("co", "./co", "~/co", str(tmp_path / "co")):
        config = SystemConfig(checkout=given, environment=given)
        assert config.checkout == config.environment == str(tmp_path / "co")
        assert VideosConfig(folder=given).folder == str(tmp_path / "co")
    assert SystemConfig(environment="docker.io/name@sha256:12").environment == (
        "docker.io/name@sha256:12"
    )


def test_a_relative_place_is_that_of_the_folder_it_was_typed_in(
    request_: RunRequest,
    checkouts: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is planned in its own folder, and done by a process that was started in the other."""
    planned = {}
    for name in checkouts:
        monkeypatch.chdir(tmp_path / name)
        planned[name] = jobs_at(request_, "co")
    grey, bright = (planned[name] for name in ("grey", "bright"))
    assert grey[0].address != bright[0].address, "other code is another system"
    for name, (fit, _) in planned.items():
        monkeypatch.chdir(tmp_path / ("bright" if name == "grey" else "grey"))
        Worker(SILENT).do(read_job(fit.write()))
    models = {path.read_bytes()[-1] for path in request_.out.rglob("mean.raw")}
    assert models == {128, 200}


def test_keys_do_not_depend_on_where_a_checkout_lies(
    request_: RunRequest,
    checkouts: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "linked").symlink_to(tmp_path / "grey")
    (tmp_path / "other-name").symlink_to(checkouts["grey"])
    places = [str(checkouts["grey"]), "grey/co", "linked/co", "other-name"]
    addresses = {tuple(job.address for job in jobs_at(request_, place)) for place in places}
    assert len(addresses) == 1
    spec = read_spec(tmp_path / "mean.toml")
    found = {spec.fingerprint(SystemConfig(checkout=place)) for place in places}
    assert len(found) == 1
    assert spec.fingerprint(SystemConfig(checkout="bright/co")) not in found


def test_files_of_equal_names_are_linked_each_from_its_own_folder(tmp_path: Path) -> None:
    """As weights that a checkout links to from a disk of many systems."""
    checkout, disk = tmp_path / "co", tmp_path / "disk"
    for name in ("sync", "face"):
        (disk / name).mkdir(parents=True)
        (disk / name / "net.pth").write_text(name)
        (checkout / name).mkdir(parents=True)
        (checkout / name / "net.pth").symlink_to(disk / name / "net.pth")
    (checkout / "relative.pth").symlink_to("sync/net.pth")
    (checkout / "folder").symlink_to(disk / "face")
    mirror(checkout, tmp_path / "copy")
    texts = {
        path: (tmp_path / "copy" / path).read_text()
        for path in ("sync/net.pth", "face/net.pth", "relative.pth", "folder/net.pth")
    }
    assert texts == {
        "sync/net.pth": "sync",
        "face/net.pth": "face",
        "relative.pth": "sync",
        "folder/net.pth": "face",
    }


def test_videos_of_two_folders_of_one_name_are_told_apart(
    tmp_path: Path, tiny_identity: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = Identity(tiny_identity)
    for name, brighter in (("ours", 10), ("theirs", 20)):
        folder = tmp_path / name / "demos" / "tiny" / "self"
        folder.mkdir(parents=True)
        for index in identity.split().test:
            cv2.imwrite(str(folder / f"{index:03d}.png"), identity.frame(index) + brighter)
    file = tmp_path / "demos.toml"
    file.write_text(DEMOS.partition("table")[0])
    (tmp_path / "link").symlink_to(tmp_path / "ours")
    request = RunRequest(
        methods=(str(file),),
        protocols=("self_reconstruction",),
        identities=(str(tiny_identity),),
        metrics=("psnr",),
        out=tmp_path / "out",
    )

    def outcome(cwd: str, folder: str) -> tuple[str, bool]:
        monkeypatch.chdir(tmp_path / cwd)
        (found,) = run(dataclasses.replace(request, overrides={"folder": folder}), SILENT)
        return found.result.case_key, found.reused

    first = outcome("ours", "demos")
    assert outcome(".", "link/demos") == (first[0], True)
    assert outcome(".", str(tmp_path / "ours" / "demos")) == (first[0], True)
    with pytest.raises(CasesFailed, match="tiny/self was another file"):
        outcome("theirs", "demos")


def test_a_container_sees_what_links_of_the_checkout_lead_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each folder once, by its real path: Docker refuses a place that is mounted twice."""
    monkeypatch.setattr("tgbench.systems.mirror._COPIED_BYTES", 100)
    checkout, disk, store = make_checkout(tmp_path / "co"), tmp_path / "disk", tmp_path / "store"
    for folder in (disk, store):
        folder.mkdir()
    for large in ("net.pth", "other.pth"):
        (checkout / large).write_bytes(bytes(1000))
    (store / "stored.pth").write_bytes(b"weights")
    (disk / "data.bin").touch()
    (checkout / "data").symlink_to(disk)
    (checkout / "broken").symlink_to(tmp_path / "nowhere" / "net.pth")
    (tmp_path / "link").symlink_to(checkout)
    weights = 'own = { path = "nets/stored.pth", source = "its README" }'
    declaration = declare(tmp_path, checkout, output=f"[weights]\n{weights}")
    found = {"nets/stored.pth": store / "stored.pth", "net.pth": checkout / "net.pth"}
    at = tmp_path / "link"
    nothing = Installation(declaration, at, None, None, found)  # type: ignore[arg-type]
    work = WorkFolder(nothing, tmp_path / "work", "tiny", 0)
    work.furnish()
    assert work.linked_folders() == sorted([checkout, disk, store])
    assert (work.root / "checkout" / "net.pth").resolve() == checkout / "net.pth"
