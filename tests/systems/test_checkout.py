"""At which commit a checkout is, whether it was changed, and copies of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError, Unavailable
from tgbench.systems.checkout import require_checkout, state_of
from tgbench.systems.mirror import mirror

from .conftest import git

REPOSITORY = "https://example.org/system"


def refusal(folder: Path, commit: str) -> str:
    with pytest.raises(TgbenchError) as refused:
        require_checkout(folder, commit, REPOSITORY)
    assert "any_commit=true" in str(refused.value)
    return str(refused.value)


def test_a_clean_checkout_at_the_commit(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    found = require_checkout(checkout, commit[:8], REPOSITORY)
    assert found.commit == commit
    assert not found.changes
    assert str(found) == commit[:8]


def test_another_commit_is_refused_unless_it_is_allowed(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    said = refusal(checkout, "0123abcd")
    assert commit[:8] in said
    assert "checkout 0123abcd" in said
    assert require_checkout(checkout, "0123abcd", REPOSITORY, any_commit=True).commit == commit


def test_a_change_is_refused_unless_it_is_allowed(checkout: Path) -> None:
    clean = state_of(checkout)
    (checkout / "nets" / "net.py").write_text("SIZE = 4\n")
    assert "nets/net.py" in refusal(checkout, clean.commit[:8])
    four = require_checkout(checkout, clean.commit, REPOSITORY, any_commit=True)
    assert "changed" in str(four)
    (checkout / "nets" / "net.py").write_text("SIZE = 5\n")
    five = state_of(checkout)
    assert len({clean.fingerprint, four.fingerprint, five.fingerprint}) == 3
    git(checkout, "checkout", "-q", ".")
    assert state_of(checkout) == clean


def test_weights_and_results_are_no_change(checkout: Path) -> None:
    clean = state_of(checkout)
    (checkout / "results").mkdir()
    (checkout / "results" / "out.mp4").write_bytes(b"video")
    (checkout / "other.bin").write_bytes(b"weights")
    assert state_of(checkout) == clean


def test_a_folder_without_git_is_known_by_its_sources(checkout: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    mirror(checkout, plain)
    assert "unknown" in refusal(plain, "0123abcd")
    before = require_checkout(plain, "0123abcd", REPOSITORY, any_commit=True)
    assert before.commit == ""
    assert "unknown commit" in str(before)
    (plain / "main.py").write_text("print('other')\n")
    assert state_of(plain).fingerprint != before.fingerprint
    assert require_checkout(plain, "", REPOSITORY).sources, "no commit is declared"


def test_a_folder_inside_another_repository_is_no_checkout_of_it(checkout: Path) -> None:
    assert state_of(checkout / "nets").commit == ""


def test_no_checkout_names_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=REPOSITORY):
        require_checkout(tmp_path / "nowhere", "", REPOSITORY)


def test_settings_of_a_checkout_run_no_program(checkout: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    git(checkout, "config", "core.fsmonitor", f"touch {trap}")
    git(checkout, "config", "diff.external", f"touch {trap}")
    (checkout / "main.py").write_text("changed\n")
    trap.unlink(missing_ok=True)
    assert state_of(checkout).changes
    assert not trap.exists()


def test_a_copy_shares_no_file_with_the_checkout(checkout: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    mirror(checkout, copy)
    assert (copy / "net.pth").read_bytes() == b"weights"
    (copy / "main.py").write_text("spoilt")
    (copy / "net.pth").write_bytes(b"spoilt")
    (copy / "nets" / "result.avi").write_bytes(b"video")
    assert (checkout / "main.py").read_text() == "print('main')\n"
    assert (checkout / "net.pth").read_bytes() == b"weights"
    assert not (checkout / "nets" / "result.avi").exists()
    assert not (copy / ".git").exists()


def test_large_files_are_linked_and_old_results_left_out(checkout: Path, tmp_path: Path) -> None:
    with (checkout / "large.pth").open("wb") as stream:
        stream.truncate(20 << 20)
    (checkout / "results").mkdir()
    (checkout / "results" / "result.avi").write_bytes(b"of an earlier run")
    (checkout / "demo.png").write_bytes(b"picture")
    git(checkout, "add", "demo.png")
    git(checkout, "commit", "-q", "-m", "a picture that belongs to it")
    mirror(checkout, tmp_path / "copy")
    assert os.readlink(tmp_path / "copy" / "large.pth") == str(checkout / "large.pth")
    assert (tmp_path / "copy" / "results").is_dir()
    assert not (tmp_path / "copy" / "results" / "result.avi").exists()
    assert (tmp_path / "copy" / "demo.png").read_bytes() == b"picture"


def test_a_copy_into_the_checkout_itself_ends(checkout: Path) -> None:
    copy = checkout / "runs" / "one" / "checkout"
    mirror(checkout, copy)
    assert (copy / "main.py").is_file()
    assert not (copy / "runs").exists()


def test_a_second_copy_brings_what_changed(checkout: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    mirror(checkout, copy)
    (copy / "made.txt").write_text("by a stage")
    (copy / "nets" / "net.py").write_text("SIZE = 'set by a stage'\n")
    (checkout / "main.py").write_text("print('a new version')\n")
    (checkout / "late.pth").write_bytes(b"found at last")
    mirror(checkout, copy)
    assert (copy / "nets" / "net.py").read_text() == "SIZE = 'set by a stage'\n"
    assert (copy / "late.pth").read_bytes() == b"found at last"
    assert (copy / "main.py").read_text() == "print('a new version')\n"
    assert (copy / "made.txt").is_file()
