from __future__ import annotations

import argparse
import dataclasses
import datetime
import hashlib
import io
from pathlib import Path

import pytest

from tgbench.commands import weights as command
from tgbench.errors import TgbenchError
from tgbench.terminal import Terminal
from tgbench.weights import table
from tgbench.weights.table import TABLE, Weights


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path / "store"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "store"


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was fetched, instead of fetching it."""
    names: list[str] = []

    def fetch(name: str, progress: object) -> Path:
        names.append(name)
        return Path(name)

    monkeypatch.setattr("tgbench.weights.installing.fetch", fetch)
    return names


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.execute(parser.parse_args(words), Terminal())


def test_list_shows_every_file_with_its_licence(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.mkdir()
    (store / "79999_iter.pth").write_bytes(b"weights")
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    for weights in TABLE.values():
        (row,) = [n for n, line in enumerate(lines) if line.split()[:1] == [weights.name]]
        assert ("here" in lines[row]) == (weights.name == "bisenet")
        assert ("not used by tgbench yet" in lines[row + 1]) == bool(weights.kept_for)
        assert (f"system '{weights.of_system}'" in lines[row + 1]) == bool(weights.of_system)
        assert (
            weights.licence in lines[row + 2 if weights.kept_for or weights.of_system else row + 1]
        )
    assert any("unknown" in line for line in lines)


def test_list_with_names_shows_all_of_them_without_a_fetch(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("list", "syncnet", "pyfeat_svm") == 0
    shown = capsys.readouterr().out
    for entry in (TABLE["syncnet"], TABLE["pyfeat_svm"]):
        assert entry.source in shown
        assert entry.licence in shown
    assert TABLE["syncnet"].sha256 in shown
    assert "none published" in shown
    assert "not used by tgbench yet; kept for" in shown
    assert "bisenet" not in shown
    with pytest.raises(TgbenchError, match="did you mean 'syncnet'"):
        run("list", "sincnet")


def test_list_refuses_a_store_that_is_a_file(store: Path) -> None:
    store.write_bytes(b"")
    with pytest.raises(TgbenchError, match="is not a folder"):
        run("list")


def test_fetch_shows_the_terms_and_refuses_without_consent(
    store: Path,
    fetched: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(TgbenchError, match="--yes"):
        run("fetch", "syncnet")
    shown = capsys.readouterr().out
    entry = table.find("syncnet")
    for fact in (entry.source, entry.licence, "54.6 MB", entry.sha256):
        assert fact in shown
    assert fetched == []


@pytest.mark.parametrize(("answer", "agreed"), [("y", True), ("", False), ("n", False)])
def test_fetch_asks_at_a_terminal(
    store: Path,
    fetched: list[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    agreed: bool,
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda text: answer)
    if agreed:
        run("fetch", "hubert")
    else:
        with pytest.raises(TgbenchError, match="not fetched"):
            run("fetch", "hubert")
    assert fetched == ["hubert"] * agreed


def test_fetch_with_yes_takes_several_and_unknown_names_stop_it_before(
    store: Path, fetched: list[str]
) -> None:
    with pytest.raises(TgbenchError, match="did you mean 's3fd'"):
        run("fetch", "syncnet", "s3df", "--yes")
    assert fetched == []
    assert run("fetch", "syncnet", "s3fd", "--yes") == 0
    assert fetched == ["syncnet", "s3fd"]


def test_what_is_here_needs_no_consent(store: Path, fetched: list[str]) -> None:
    store.mkdir()
    (store / "fpn-fp-512.pth").write_bytes(b"weights")
    assert run("fetch", "easyportrait") == 0


def test_add_and_verify(
    store: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = {
        "a": Weights("a", "a.pth", "tests", "https://example.org/a.pth", "none"),
        "b": Weights("b", "b.pth", "tests", "https://example.org/b.pth", "none"),
    }
    for place in ("tgbench.weights.table", "tgbench.weights.installing", command.__name__):
        monkeypatch.setattr(f"{place}.TABLE", entries)
    assert run("verify") == 0
    assert "0 of 2 files are present" in capsys.readouterr().out
    file = tmp_path / "mine.bin"
    file.write_bytes(b"weights")
    assert run("add", str(file), "--as", "b") == 0
    assert run("verify") == 0
    shown = capsys.readouterr().out
    assert f"unchanged since it was added on {datetime.date.today()} (no published hash)" in shown
    assert "valid" not in shown
    assert run("list", "b") == 0
    recorded = (
        f"recorded on {datetime.date.today()}: sha256 {hashlib.sha256(b'weights').hexdigest()}"
    )
    assert recorded in capsys.readouterr().out
    assert "1 of 2 files are present, none damaged" in shown
    known = Weights("b", "b.pth", "", "", "", sha256=hashlib.sha256(b"weights").hexdigest())
    monkeypatch.setitem(entries, "b", known)
    assert run("verify") == 0
    assert f"valid: {store / 'b.pth'}" in capsys.readouterr().out
    monkeypatch.setitem(entries, "b", dataclasses.replace(known, sha256=""))
    (store / "b.pth").write_bytes(b"others!")
    with pytest.raises(TgbenchError, match="1 of 1 files"):
        run("verify")
    assert "not comparable" in capsys.readouterr().out
