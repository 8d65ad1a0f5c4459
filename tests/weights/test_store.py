from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError, Unavailable
from tgbench.weights import describe_weights, weight_file
from tgbench.weights import store as store_module
from tgbench.weights.formats import BFM2009, PICKLED_ARRAYS, SAFETENSORS, SKOPS, TORCH
from tgbench.weights.installing import add, fetch, verify
from tgbench.weights.table import TABLE, Weights

from .conftest import CONTENT

Enter = Callable[..., Weights]
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.pth"
    path.write_bytes(CONTENT)
    return path


def count_hashes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    hashed: list[Path] = []
    real = store_module.sha256
    monkeypatch.setattr(store_module, "sha256", lambda path: (hashed.append(path), real(path))[1])
    return hashed


def test_the_table_is_sound() -> None:
    files = [weights.file for weights in TABLE.values()]
    assert len(set(files)) == len(files)
    for weights in TABLE.values():
        assert weights.source.startswith(("https://", "http://"))
        assert weights.purpose
        assert weights.licence
        assert len(weights.sha256) in (0, 64)
        assert "-" not in weights.sha256
    named = {
        weights.name: weights.file.split("-")[-1].split(".")[0]
        for weights in TABLE.values()
        if weights.in_torch_hub
    }
    assert len(named) == 4
    for name, digits in named.items():
        assert TABLE[name].sha256.startswith(digits)


def test_what_no_hash_pins_is_known_by_format_and_if_pickled_by_size() -> None:
    for weights in TABLE.values():
        if weights.of_system:
            # tgbench never opens it, so any format may be right.
            assert weights.least_size > 0
        elif not weights.published_hash:
            assert weights.format in (TORCH, SAFETENSORS, SKOPS, PICKLED_ARRAYS, BFM2009)
            assert weights.least_size > 0 or weights.format != TORCH


def test_the_table_and_the_store_need_no_heavy_module() -> None:
    code = "import tgbench.commands.weights, tgbench.weights, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert not {"torch", "numpy", "rich", "urllib.request"} & set(loaded.split())


def test_a_missing_file_is_told_with_both_ways_to_get_it(store: Path) -> None:
    with pytest.raises(
        Unavailable, match=r"syncnet_v2\.model.*fetch syncnet.*add FILE --as syncnet"
    ):
        weight_file("syncnet")
    with pytest.raises(TgbenchError, match="did you mean 'syncnet'"):
        weight_file("sincnet")


def test_an_added_file_is_copied_and_hashed_once(
    store: Path, enter: Enter, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter()
    hashed = count_hashes(monkeypatch)
    assert add(file) == store / "net.pth"
    file.unlink()
    assert weight_file("net").read_bytes() == CONTENT
    assert describe_weights("net") == f"net.pth, sha256 {DIGEST[:12]}"
    assert len(hashed) == 1


def test_a_file_of_another_name_is_added_by_saying_what_it_is(
    store: Path, enter: Enter, file: Path
) -> None:
    enter()
    other = file.rename(file.with_name("downloaded (1).bin"))
    with pytest.raises(TgbenchError, match="--as: net"):
        add(other)
    assert add(other, "net").name == "net.pth"


def test_a_name_that_several_are_published_under_must_be_said(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "pytorch_model.bin"
    file.write_bytes(b"weights")
    with pytest.raises(TgbenchError, match=r"pytorch_model\.bin.*--as: .*hubert, wav2vec2"):
        add(file)
    with pytest.raises(Unavailable, match=r"pytorch_model\.bin .* hubert has at least"):
        add(file, "hubert")


def test_a_wrong_file_is_not_added(store: Path, enter: Enter, file: Path) -> None:
    enter()
    file.write_bytes(CONTENT[:-1])
    with pytest.raises(Unavailable, match="damaged or a different file"):
        add(file)
    assert file.is_file()
    assert not (store / "net.pth").exists()
    with pytest.raises(TgbenchError, match="no such file"):
        add(file.with_name("nothing.pth"), "net")


@pytest.mark.parametrize(
    ("facts", "content", "told"),
    [
        ({}, CONTENT[:-1] + b"x", f"net has sha256 {DIGEST}, this has "),
        ({}, CONTENT[:-1], "net has 3,072,000 bytes, this has 3,071,999"),
        ({"sha256": "", "size": None}, b"", "is empty"),
        ({"sha256": "", "size": None, "least_size": 10}, b"tiny", "at least 10 bytes, this has 4"),
        ({"sha256": "", "size": None, "format": "torch"}, b"<html>", "is not a torch file"),
        ({"sha256": "", "size": None, "sha1": "0" * 40}, CONTENT, f"net has sha1 {'0' * 40}"),
        ({"member": "inside"}, b"PK\x05\x06" + bytes(18), "is damaged, or has no inside"),
    ],
)
def test_a_refusal_names_the_users_file_which_stays(
    store: Path, enter: Enter, file: Path, facts: dict[str, object], content: bytes, told: str
) -> None:
    enter(**facts)
    file.write_bytes(content)
    with pytest.raises(TgbenchError) as refusal:
        add(file)
    text = str(refusal.value)
    assert text.startswith(str(file))
    assert told in text
    assert ".copy" not in text
    assert "delete" not in text
    assert file.read_bytes() == content
    assert [path.name for path in store.iterdir() if not path.name.endswith(".lock")] == []


def test_what_is_no_file_is_told_for_what_it_is(store: Path, enter: Enter, tmp_path: Path) -> None:
    enter()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    for name, told in (
        (".", "is a folder; give the weight file"),
        ("pipe", "is a pipe or a device"),
        ("link", "is a link to nowhere"),
        ("gone", "no such file"),
    ):
        with pytest.raises(TgbenchError, match=told):
            add(tmp_path / name, "net")


def test_a_file_in_place_of_the_store_is_refused(
    enter: Enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter()
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path / "file"))
    (tmp_path / "file").write_bytes(b"")
    for ask in (lambda: weight_file("net"), lambda: list(verify())):
        with pytest.raises(Unavailable, match=r"file: is not a folder; set TGBENCH_WEIGHTS"):
            ask()


def test_only_entries_that_something_loads_are_said_to_be_used() -> None:
    package = Path(store_module.__file__).parents[1]
    modules = [path.read_text() for path in package.rglob("*.py") if path.parent.name != "weights"]
    code = "".join(text for text in modules if re.search(r"from \.+weights|Requires\(", text))
    for name, weights in TABLE.items():
        loaded_here = not (weights.kept_for or weights.of_system)
        assert (f'"{name}"' in code) == loaded_here, name


def test_what_lies_behind_a_page_is_not_fetched_but_named_with_the_page(
    store: Path, tmp_path: Path
) -> None:
    for ask in (fetch, weight_file):
        with pytest.raises(TgbenchError) as refusal:
            ask("wav2lip_gan")
        text = str(refusal.value)
        assert "https://drive.google.com/file/d/15G3U08c8xsCkOqQxE38Z2XXDnPcOptNk" in text
        assert "add FILE --as wav2lip_gan" in text
    file = tmp_path / "wav2lip_gan.pth"
    file.write_bytes(CONTENT)
    add(file)
    first = hashlib.sha256(CONTENT).hexdigest()
    assert json.loads((store / "wav2lip_gan.pth.json").read_text())["sha256"] == first
    (store / "wav2lip_gan.pth").write_bytes(CONTENT[::-1])
    with pytest.raises(Unavailable, match=f"sha256 then {first[:12]}"):
        weight_file("wav2lip_gan")


def test_adding_the_stored_file_itself_is_harmless(store: Path, enter: Enter, file: Path) -> None:
    enter()
    assert add(add(file)).read_bytes() == CONTENT


@pytest.mark.parametrize("known", [True, False])
def test_a_file_that_changes_in_the_store_is_refused(
    store: Path, enter: Enter, file: Path, known: bool
) -> None:
    enter(sha256=DIGEST if known else "")
    stored = add(file)
    stored.write_bytes(CONTENT[::-1])
    os.utime(stored, ns=(0, 0))
    with pytest.raises(Unavailable, match="damaged" if known else "numbers made with the two"):
        weight_file("net")
    with pytest.raises(Unavailable):
        weight_file("net")
    stored.write_bytes(CONTENT)
    assert weight_file("net") == stored


def test_a_file_touched_but_not_changed_is_hashed_again_and_accepted(
    store: Path, enter: Enter, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter()
    stored = add(file)
    hashed = count_hashes(monkeypatch)
    os.utime(stored, ns=(1, 1))
    weight_file("net")
    weight_file("net")
    assert len(hashed) == 1


def test_verify_sees_a_change_that_kept_size_and_time(
    store: Path, enter: Enter, file: Path
) -> None:
    enter(sha256="")
    stored = add(file)
    assert [found.trouble for found in verify()] == [""]
    state = stored.stat()
    stored.write_bytes(CONTENT[::-1])
    os.utime(stored, ns=(state.st_atime_ns, state.st_mtime_ns))
    weight_file("net")
    (found,) = verify()
    assert found.path == stored
    assert "not comparable" in found.trouble


def test_verify_says_since_when_a_file_is_known(store: Path, enter: Enter, file: Path) -> None:
    enter(sha256="")
    store.mkdir()
    file.rename(store / "net.pth")
    (first,), (second,) = verify(), verify()
    record = json.loads((store / "net.pth.json").read_text())
    assert (first.since, second.since) == ("", record["since"])


def test_a_stored_file_of_another_format_is_told_by_verify(
    store: Path, enter: Enter, file: Path
) -> None:
    enter(sha256="", format="safetensors")
    store.mkdir()
    file.rename(store / "net.pth")
    (found,) = verify()
    assert found.trouble.startswith(f"{store / 'net.pth'} is not a safetensors file")


def test_the_date_of_the_first_record_stays(store: Path, enter: Enter, file: Path) -> None:
    enter(sha256="")
    stored = add(file)
    place = store / "net.pth.json"
    record = json.loads(place.read_text())
    place.write_text(json.dumps(record | {"since": "2020-02-02"}))
    os.utime(stored, ns=(1, 1))
    weight_file("net")
    assert json.loads(place.read_text())["since"] == "2020-02-02"


def test_a_damaged_record_is_told(store: Path, enter: Enter, file: Path) -> None:
    enter()
    add(file)
    (store / "net.pth.json").write_text("{")
    with pytest.raises(Unavailable, match=r"net\.pth\.json.*delete it"):
        weight_file("net")


def test_torchs_own_cache_is_accepted(
    store: Path, enter: Enter, file: Path, tmp_path: Path
) -> None:
    enter(in_torch_hub=True)
    cached = tmp_path / "torch" / "hub" / "checkpoints" / "net.pth"
    cached.parent.mkdir(parents=True)
    file.rename(cached)
    assert weight_file("net") == cached
    (found,) = verify()
    assert (found.path, found.trouble) == (cached, "")


def test_a_store_that_cannot_be_written_to_still_serves(
    store: Path, enter: Enter, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter()
    stored = add(file)
    (store / "net.pth.json").unlink()

    def refuse(path: Path, value: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("tgbench.weights.records.write_json", refuse)
    assert weight_file("net") == stored


def test_a_file_that_cannot_be_read_is_told(
    store: Path, enter: Enter, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter()
    stored = add(file)
    os.utime(stored, ns=(1, 1))

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("tgbench.weights.store.sha256", refuse)
    with pytest.raises(Unavailable, match=r"net\.pth: cannot be read \(Permission denied\)"):
        weight_file("net")
