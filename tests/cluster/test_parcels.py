"""Files on their way to a node: what arrives is what was sent, and nothing lands elsewhere."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgbench.cluster import parcels
from tgbench.cluster.parcels import files_of, pack, unpack
from tgbench.errors import TgbenchError


def packed(folder: Path) -> tuple[list[bytes], str]:
    chunks: list[bytes] = []
    return chunks, pack(files_of(folder, ""), chunks.append)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sent"
    (made / "images").mkdir(parents=True)
    (made / "table.csv").write_bytes(b"a,b\n" * 1000)
    (made / "images" / "0.png").write_bytes(bytes(range(256)) * 40)
    (made / "images" / "empty").write_bytes(b"")
    return made


@given(size=st.integers(1, 20_000))
def test_what_arrives_is_what_was_sent_however_it_is_cut(
    size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("cut")
    (base / "sent" / "deep" / "er").mkdir(parents=True)
    (base / "sent" / "deep" / "er" / "file").write_bytes(b"x" * 12_345)
    (base / "sent" / "name with ü").write_bytes(b"y")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parcels, "CHUNK", size)
        chunks, digest = packed(base / "sent")
    assert all(len(chunk) == size for chunk in chunks[:-1])
    unpack(chunks, base / "arrived", digest)
    assert contents(base / "arrived") == contents(base / "sent")


def test_the_digest_is_of_names_and_contents_alone(folder: Path, tmp_path: Path) -> None:
    chunks, digest = packed(folder)
    assert digest == hashlib.sha256(b"".join(chunks)).hexdigest()
    unpack(chunks, tmp_path / "copy")
    (tmp_path / "copy" / "table.csv").chmod(0o600)
    assert packed(tmp_path / "copy")[1] == digest
    (tmp_path / "copy" / "table.csv").write_bytes(b"other")
    assert packed(tmp_path / "copy")[1] != digest


def test_locks_and_unfinished_files_stay_here(folder: Path) -> None:
    (folder / ".case.lock").touch()
    (folder / ".self.part").mkdir()
    (folder / ".self.part" / "video.mp4").touch()
    names = {name for name, _ in files_of(folder, "in")}
    assert names == {"in/table.csv", "in/images/0.png", "in/images/empty"}


def test_a_link_back_to_its_own_folder_is_followed_once(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "1.png").write_bytes(b"linked")
    (folder / "more").symlink_to(elsewhere)
    (folder / "images" / "back").symlink_to(folder)
    assert {name for name, _ in files_of(folder, "")} == {
        "table.csv",
        "images/0.png",
        "images/empty",
        "more/1.png",
    }


def archive_of(*members: tarfile.TarInfo) -> list[bytes]:
    stream = io.BytesIO()
    with tarfile.open(mode="w", fileobj=stream) as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"!" * member.size))
    return [stream.getvalue()]


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    made.size = 1 if kind == tarfile.REGTYPE else 0
    return made


@pytest.mark.parametrize(
    "hostile",
    [
        member("../outside"),
        member("a/../../outside"),
        member("/tmp/tgbench-outside"),
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("link", tarfile.LNKTYPE, "../sent/table.csv"),
        member("pipe", tarfile.FIFOTYPE),
        member("device", tarfile.CHRTYPE),
        member("."),
        member("a\nb"),
    ],
    ids=lambda each: each.name,
)
def test_what_belongs_elsewhere_is_refused(hostile: tarfile.TarInfo, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "target"
    with pytest.raises(TgbenchError, match="no file that belongs here") as refused:
        unpack(archive_of(member("fine"), hostile), target)
    assert repr(hostile.name) in str(refused.value)
    assert set(contents(tmp_path)) <= {"deep/target/fine"}


def test_a_name_that_comes_twice_does_not_replace_the_first(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        unpack(archive_of(member("one"), member("one")), tmp_path / "target")


def test_an_archive_cut_short_or_changed_is_refused(folder: Path, tmp_path: Path) -> None:
    chunks, digest = packed(folder)
    whole = b"".join(chunks)
    with pytest.raises(TgbenchError, match=r"no whole archive|SHA-256"):
        unpack([whole[: len(whole) // 3]], tmp_path / "short", digest)
    changed = whole.replace(b"a,b\n", b"a,c\n", 1)
    with pytest.raises(TgbenchError, match="SHA-256"):
        unpack([changed], tmp_path / "changed", digest)


def test_more_than_may_come_is_refused_before_it_is_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks, digest = packed(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    unpack(chunks, tmp_path / "fits", digest, most=size)
    assert contents(tmp_path / "fits") == contents(folder)
    with pytest.raises(TgbenchError, match="3 files"):
        unpack(chunks, tmp_path / "large", digest, most=size - 1)
    assert len(contents(tmp_path / "large")) == 2
    monkeypatch.setattr(parcels, "MOST_FILES", 2)
    with pytest.raises(TgbenchError, match="2 files"):
        unpack(chunks, tmp_path / "many", digest)


def test_a_file_of_holes_counts_by_what_it_would_take(tmp_path: Path) -> None:
    """A header of an old GNU archive: a file of 8 GiB that has no data at all."""
    stream = io.BytesIO()
    with tarfile.open(mode="w", fileobj=stream, format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(member("holes", tarfile.GNUTYPE_SPARSE))
    header = bytearray(stream.getvalue())
    header[483:495] = b"%011o\0" % (8 << 30)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    with pytest.raises(TgbenchError, match=r"8\.59 GB"):
        unpack([bytes(header)], tmp_path / "target", most=1 << 20)
    assert contents(tmp_path) == {}
