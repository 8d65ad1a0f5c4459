"""Archives that someone made with intent."""

from __future__ import annotations

import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tgbench.bundling import archive
from tgbench.bundling.contents import FramesRecord, Manifest
from tgbench.bundling.planning import GroundTruth
from tgbench.bundling.verifying import verify
from tgbench.errors import TgbenchError
from tgbench.progress import SILENT
from tgbench.running.result import SCHEMA_VERSION
from tgbench.running.schema import Record

from .conftest import CASE, Members, read_members, with_right_hashes, write_members

Spoil = Callable[..., Path]


def refused(path: Path, truth: GroundTruth, told: str) -> None:
    """Verifying fails with a clear word, and leaves nothing behind."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(TgbenchError, match=told) as caught:
        verify(path, truth, SILENT)
    assert str(path) in str(caught.value)
    assert sorted(path.parent.rglob("*")) == before


@pytest.mark.parametrize(
    "name",
    [
        "../outside.json",
        "cases/0000/../../../outside.json",
        "/etc/outside",
        "C:\\outside",
        "\\\\server\\share",
        "cases\\0000\\result.json",
        "cases/0000/CON",
        "cases/0000/frames/NUL.png",
        "cases/0000/Result.json",
        "CASES/0000/result.json",
        "cases/0000/frames/00.png",
        "cases/0000/frames/",
        "cases/0000/frames/1.png ",
        "cases/0000/frames/١.png",
        "bundle.json\n",
    ],
)
def test_names_that_no_bundle_has(spoiled: Spoil, truth: GroundTruth, name: str) -> None:
    path = spoiled(lambda members: members.update({name: b"x"}), right_hashes=True)
    refused(path, truth, "a name that no member of a bundle has")


def test_a_symbolic_link(bundle: Path, truth: GroundTruth) -> None:
    members = read_members(bundle)
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name.endswith("0.png") else 0o100644) << 16
            archive.writestr(info, data)
    refused(bundle, truth, "a link or a device")


def test_a_name_twice(bundle: Path, truth: GroundTruth) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(bundle, "a") as archive:
            archive.writestr(f"{CASE}/result.json", b"{}")
    refused(bundle, truth, "twice")


def test_anything_compressed(bundle: Path, truth: GroundTruth) -> None:
    write_members(bundle, read_members(bundle), zipfile.ZIP_DEFLATED)
    refused(bundle, truth, "compressed")


def test_more_members_than_any_bundle_has(
    bundle: Path, truth: GroundTruth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBERS", 6)
    refused(bundle, truth, "holds 7 members, a bundle has 6 at most")


def test_a_list_of_members_that_would_fill_the_memory(tmp_path: Path, truth: GroundTruth) -> None:
    """It is refused before it is read: the zip module makes objects of six times its size."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *([0] * 11), 1, *([0] * 6))
    entries = (entry + b"x") * 400_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, len(entries), 0, 0)
    path = tmp_path / "many.zip"
    path.write_bytes(entries + end)
    refused(path, truth, "list of members has more than")


def test_members_that_overlap(bundle: Path, truth: GroundTruth) -> None:
    """Every entry of the directory is made to point at the first member."""
    data = bytearray(bundle.read_bytes())
    with zipfile.ZipFile(bundle) as archive:
        start = archive.start_dir
        count = len(archive.infolist())
    for _ in range(count):
        struct.pack_into("<II", data, start + 20, len(data) // 2, len(data) // 2)
        name, extra, comment = struct.unpack_from("<HHH", data, start + 28)
        start += 46 + name + extra + comment
    bundle.write_bytes(data)
    refused(bundle, truth, "overlap")


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + b"\0" * 100])
def test_no_archive_at_all(tmp_path: Path, truth: GroundTruth, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    refused(path, truth, "not a zip archive, or cut short")


def test_an_archive_that_is_not_there(tmp_path: Path, truth: GroundTruth) -> None:
    refused(tmp_path / "none.zip", truth, "no such file")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_an_archive_cut_short(bundle: Path, truth: GroundTruth, share: float) -> None:
    data = bundle.read_bytes()
    bundle.write_bytes(data[: int(len(data) * share)])
    refused(bundle, truth, "cut short")


def test_an_archive_behind_something_else(bundle: Path, truth: GroundTruth) -> None:
    bundle.write_bytes(b"#!/bin/sh\n" + bundle.read_bytes())
    refused(bundle, truth, "begins with something else")


def test_an_archive_of_something_else(tmp_path: Path, truth: GroundTruth) -> None:
    refused(write_members(tmp_path / "x.zip", {"notes.txt": b"x"}), truth, "is no bundle")
    refused(write_members(tmp_path / "x.zip", {}), truth, "lacks bundle.json")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda raw: raw.update(schema_version=99), "newer tgbench"),
        (lambda raw: raw.update(cases=[]), "lists no cases"),
        (lambda raw: raw.update(cases=raw["cases"] * 2), "twice"),
        (lambda raw: raw["cases"][0].update(folder="../x"), "is no manifest"),
        (lambda raw: raw["cases"][0].update(landmarks="nonsense"), "'mediapipe' or 'fan'"),
        (lambda raw: raw["cases"][0].update(landmarks=None), "'mediapipe' or 'fan'"),
        (lambda raw: raw["cases"][0].update(folder="cases/0001"), "belongs to no case"),
        (lambda raw: raw["cases"][0]["target_frames"].pop(), "hashes of 3"),
        (lambda raw: raw.update(more=1), "is no manifest"),
        (lambda raw: raw["files"].popitem(), "does not list"),
        (lambda raw: raw["files"].update({"cases/0000/frames/9.png": "0"}), "lacks"),
    ],
)
def test_manifests_that_are_wrong(
    spoiled: Spoil, truth: GroundTruth, change: Callable[[dict], object], told: str
) -> None:
    def apply(members: Members) -> None:
        raw = json.loads(members["bundle.json"])
        change(raw)
        members["bundle.json"] = json.dumps(raw).encode()

    refused(spoiled(apply), truth, told)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 5_000, b"\xff\xfe\x00"])
def test_manifests_that_are_none(spoiled: Spoil, truth: GroundTruth, content: bytes) -> None:
    path = spoiled(lambda members: members.update({"bundle.json": content}))
    refused(path, truth, "cannot be read|is no manifest")


@pytest.mark.parametrize("name", ["result.json", "frames.json", "frames/1.png"])
def test_a_member_that_was_changed(spoiled: Spoil, truth: GroundTruth, name: str) -> None:
    path = spoiled(lambda members: members.update({f"{CASE}/{name}": b"changed"}))
    refused(path, truth, "SHA-256 differs")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("result.json", "cannot be read"),
        ("frames.json", "cannot be read"),
        ("frames/1.png", "is no PNG"),
    ],
)
def test_a_member_that_is_damaged(spoiled: Spoil, truth: GroundTruth, name: str, told: str) -> None:
    path = spoiled(
        lambda members: members.update({f"{CASE}/{name}": b"PAR1 nonsense PAR1"}),
        right_hashes=True,
    )
    refused(path, truth, told)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (FramesRecord, {"values": {"psnr": [[]] * 1000}}),
        (Manifest, {"tgbench_version": "0", "files": {}, "cases": [0] * 1000}),
        (
            Manifest,
            {"tgbench_version": "0", "cases": [], "files": {str(k): k for k in range(1000)}},
        ),
    ],
)
def test_parsing_stops_at_the_first_thing_that_is_wrong(kind: type[Record], content: dict) -> None:
    """An error kept for each element takes a hundred times the memory of the file."""
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(content)
    assert caught.value.error_count() == 1


def test_a_file_of_much_more_than_its_case_needs(spoiled: Spoil, truth: GroundTruth) -> None:
    content = json.dumps({"values": {"psnr": [0.0] * 100_000}}).encode()
    path = spoiled(lambda members: members.update({f"{CASE}/frames.json": content}), True)
    refused(path, truth, "bytes, .* are allowed")


def test_a_result_of_a_newer_schema(spoiled: Spoil, truth: GroundTruth) -> None:
    def apply(members: Members) -> None:
        raw = json.loads(members[f"{CASE}/result.json"])
        raw["schema_version"] = SCHEMA_VERSION + 1
        members[f"{CASE}/result.json"] = json.dumps(raw).encode()

    refused(spoiled(apply, right_hashes=True), truth, "newer tgbench")


def test_frames_are_as_many_as_the_result_says(bundle: Path, truth: GroundTruth) -> None:
    members = read_members(bundle)
    del members[f"{CASE}/frames/3.png"]
    write_members(bundle, with_right_hashes(members))
    refused(bundle, truth, "holds 3 frames")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 400, '"x"'])
@pytest.mark.parametrize("field", ["value", "low"])
def test_numbers_that_are_none(spoiled: Spoil, truth: GroundTruth, number: str, field: str) -> None:
    def apply(members: Members) -> None:
        raw = json.loads(members[f"{CASE}/result.json"])
        interval = {"low": 1.0, "high": 2.0, "level": 0.95, "method": "guess"}
        raw["metrics"]["psnr"]["interval"] = interval
        (raw["metrics"]["psnr"] if field == "value" else interval)[field] = "HERE"
        text = json.dumps(raw).replace('"HERE"', number)
        members[f"{CASE}/result.json"] = text.encode()

    refused(spoiled(apply, right_hashes=True), truth, "is no result of tgbench")


def png_of_size(width: int, height: int) -> bytes:
    """A few bytes that claim to be a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(65, 64), (12_000, 12_000), (100_000, 100_000)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_larger_than_the_result_says(
    spoiled: Spoil, truth: GroundTruth, size: tuple[int, int]
) -> None:
    path = spoiled(
        lambda members: members.update({f"{CASE}/frames/1.png": png_of_size(*size)}),
        right_hashes=True,
    )
    refused(path, truth, "expected RGB of 64x64|is no PNG")


@settings(max_examples=60)
@given(position=st.floats(0, 1, exclude_max=True), bits=st.integers(1, 255))
def test_a_changed_byte_is_told_or_harmless(
    bundle: Path, truth: GroundTruth, position: float, bits: int
) -> None:
    """One byte anywhere: the numbers still agree, or there is an error a user can read."""
    data = bytearray(bundle.read_bytes())
    data[int(position * len(data))] ^= bits
    path = bundle.with_name("changed.zip")
    path.write_bytes(data)
    try:
        reports = verify(path, truth, SILENT)
    except TgbenchError:
        return
    assert reports[0].result.method.name == "still"


VALUES = [
    (b'{"values": {"psnr": [1.0, 2.0]}}', "has 2 values of 'psnr' for 4 frames"),
    (b'{"values": {"\x1b[2J": []}}', "cannot be read"),
    (b'{"values": {"\\u001b[2J": []}}', r"has values of '\\x1b\[2J', no metric"),
    (b'{"values": {"psnr": [1.0, NaN, 2.0, 3.0]}}', "is no table of values"),
    (b'{"values": {"psnr": [1.0, 1e400, 2.0, 3.0]}}', "is no table of values"),
    (b'{"values": {"psnr": [1.0, 1' + b"0" * 400 + b", 2.0, 3.0]}}", "is no table of values"),
    (b'{"values": {"psnr": [1.0, "2.0", 2.0, 3.0]}}', "is no table of values"),
    (b'{"values": {"psnr": [1.0, true, 2.0, 3.0]}}', "is no table of values"),
    (b'{"values": [1.0]}', "is no table of values"),
    (b'{"schema_version": 99, "values": {}}', "newer tgbench"),
    (b"[" * 5_000, "cannot be read"),
    (b"PAR1" + bytes(20) + b"PAR1", "cannot be read"),
]


@pytest.mark.parametrize(("content", "told"), VALUES, ids=range(len(VALUES)))
def test_values_of_frames_that_are_none(
    spoiled: Spoil, truth: GroundTruth, content: bytes, told: str
) -> None:
    path = spoiled(lambda members: members.update({f"{CASE}/frames.json": content}), True)
    refused(path, truth, told)


@settings(max_examples=150)
@given(data=st.data(), name=st.sampled_from(["frames.json", "frames/1.png", "result.json"]))
def test_what_decoders_are_fed_is_told_or_harmless(
    bundle: Path, truth: GroundTruth, data: st.DataObject, name: str
) -> None:
    """Bytes are changed, and the hash along with them, so that they come as far as a decoder."""
    members = read_members(bundle)
    content = bytearray(members[f"{CASE}/{name}"])
    places = st.integers(0, len(content) - 1)
    for place, byte in data.draw(st.dictionaries(places, st.integers(0, 255), max_size=8)).items():
        content[place] = byte
    members[f"{CASE}/{name}"] = bytes(content)
    path = write_members(bundle.with_name("changed.zip"), with_right_hashes(members))
    try:
        reports = verify(path, truth, SILENT)
    except TgbenchError:
        return
    assert len(reports) == 1
