from __future__ import annotations

import dataclasses
import resource
from pathlib import Path

import pytest
import torch

from tgbench.configs import flat, replaced
from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Split
from tgbench.methods.shared.checkpoint import (
    FORMAT,
    Origin,
    read_checkpoint,
    write_checkpoint,
)
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig

CONFIG = TalkingGaussianConfig()


def origin_of(identity: Identity, **changes: object) -> Origin:
    origin = Origin.of(CONFIG, identity, identity.split(), seed=3)
    return dataclasses.replace(origin, **changes)


def test_round_trip(sphere: Identity, tmp_path: Path):
    origin = origin_of(sphere)
    state = {"a": torch.arange(5), "b": {"c": 1.5, "d": [1, 2]}, "e": "text"}
    write_checkpoint(tmp_path / "x.pt", origin, state)
    back = read_checkpoint(tmp_path / "x.pt", origin)
    assert torch.equal(back["a"], state["a"])
    assert (back["b"], back["e"]) == (state["b"], state["e"])
    assert [path.name for path in tmp_path.iterdir()] == ["x.pt"]


@pytest.mark.parametrize("earlier", [True, False])
def test_what_the_disk_does_not_take_is_told_and_the_file_before_stays(
    sphere: Identity, tmp_path: Path, earlier: bool
):
    """The system itself stops the write, within torch's archive, whose end then fails too."""
    origin, path = origin_of(sphere), tmp_path / "x.pt"
    if earlier:
        write_checkpoint(path, origin, {"a": 1})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(TgbenchError, match=r"x\.pt: cannot be written \(File too large\)"):
            write_checkpoint(path, origin, {"a": torch.rand(1_000_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [found.name for found in tmp_path.iterdir()] == ["x.pt"] * earlier
    assert not earlier or read_checkpoint(path, origin) == {"a": 1}


def test_foreign_config_is_named(sphere: Identity, tmp_path: Path):
    other = flat(replaced(CONFIG, {"schedule.motion_iterations": 5}))
    write_checkpoint(tmp_path / "x.pt", origin_of(sphere, config=other), {})
    with pytest.raises(TgbenchError, match="motion_iterations is 5 there and 47000 here"):
        read_checkpoint(tmp_path / "x.pt", origin_of(sphere))


def test_foreign_identity_is_named(sphere: Identity, tmp_path: Path):
    files = {**origin_of(sphere).files, "au.csv": "0" * 64}
    stranger = dataclasses.replace(origin_of(sphere), identity="stranger", files=files)
    write_checkpoint(tmp_path / "x.pt", stranger, {})
    with pytest.raises(TgbenchError, match=r"au\.csv of identity 'stranger'"):
        read_checkpoint(tmp_path / "x.pt", origin_of(sphere))


def test_foreign_split_and_seed_are_named(sphere: Identity, tmp_path: Path):
    origin = Origin.of(CONFIG, sphere, Split(range(10), range(10, 33)), seed=4)
    write_checkpoint(tmp_path / "x.pt", origin, {})
    with pytest.raises(TgbenchError, match=r"frames \(0, 10\).*seed is 4"):
        read_checkpoint(tmp_path / "x.pt", origin_of(sphere))
    wanted = dataclasses.replace(origin, seed=None)
    assert read_checkpoint(tmp_path / "x.pt", wanted) == {}


def test_damaged_missing_and_old_files_are_refused(sphere: Identity, tmp_path: Path):
    origin, path = origin_of(sphere), tmp_path / "x.pt"
    with pytest.raises(TgbenchError, match="no such checkpoint"):
        read_checkpoint(path, origin)
    write_checkpoint(path, origin, {"a": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(TgbenchError, match="damaged"):
        read_checkpoint(path, origin)
    torch.save({"format": 0, "origin": {}, "state": {}}, path)
    with pytest.raises(TgbenchError, match="format 0"):
        read_checkpoint(path, origin)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9])
def test_one_changed_byte_is_noticed(sphere: Identity, tmp_path: Path, share: float):
    """In the description, or in the numbers, whose checksums torch does not look at."""
    origin, path = origin_of(sphere), tmp_path / "x.pt"
    write_checkpoint(path, origin, {"a": torch.arange(20_000.0)})
    content = bytearray(path.read_bytes())
    content[int(share * len(content))] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(TgbenchError, match="damaged"):
        read_checkpoint(path, origin)


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        torch.zeros(3),
        {"format": FORMAT},
        {"format": FORMAT, "origin": {}, "state": {}, "config_hash": ""},
        {"format": FORMAT, "origin": 5, "state": {}, "config_hash": ""},
    ],
)
def test_another_programs_file_is_refused(sphere: Identity, tmp_path: Path, content: object):
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(TgbenchError, match=r"x\.pt: is damaged or not a checkpoint"):
        read_checkpoint(tmp_path / "x.pt", origin_of(sphere))


def test_bytes_that_are_no_archive_are_refused(sphere: Identity, tmp_path: Path):
    for junk in (b"", b"text", b"PK\x03\x04" + bytes(100), bytes(range(256))):
        (tmp_path / "x.pt").write_bytes(junk)
        with pytest.raises(TgbenchError, match="damaged"):
            read_checkpoint(tmp_path / "x.pt", origin_of(sphere))


def test_a_config_that_is_not_that_of_its_hash_is_refused(sphere: Identity, tmp_path: Path):
    origin, path = origin_of(sphere), tmp_path / "x.pt"
    write_checkpoint(path, origin, {})
    content = torch.load(path, weights_only=True)
    content["origin"]["config"]["schedule.motion_iterations"] = 5
    torch.save(content, path)
    changed = {**flat(CONFIG), "schedule.motion_iterations": 5}
    with pytest.raises(TgbenchError, match="damaged"):
        read_checkpoint(path, dataclasses.replace(origin, config=changed))


def test_other_sound_is_another_clip(sphere: Identity, tmp_path: Path):
    files = {**origin_of(sphere).files, "aud.wav": "0" * 64}
    write_checkpoint(tmp_path / "x.pt", origin_of(sphere, files=files), {})
    with pytest.raises(TgbenchError, match=r"aud\.wav of identity"):
        read_checkpoint(tmp_path / "x.pt", origin_of(sphere))


def test_code_in_a_file_is_not_run(sphere: Identity, tmp_path: Path):
    class Trap:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"format": FORMAT, "origin": Trap(), "state": {}}, tmp_path / "x.pt")
    with pytest.raises(TgbenchError, match="damaged"):
        read_checkpoint(tmp_path / "x.pt", origin_of(sphere))
    assert not (tmp_path / "ran").exists()


def test_failed_write_leaves_the_old_file(sphere: Identity, tmp_path: Path):
    origin, path = origin_of(sphere), tmp_path / "x.pt"
    write_checkpoint(path, origin, {"a": 1})
    with pytest.raises(AttributeError):
        write_checkpoint(path, origin, {"a": lambda: None})
    assert read_checkpoint(path, origin) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.pt"]
