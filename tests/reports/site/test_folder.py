from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.reports.site.folder import MANIFEST, SiteFolder


def write(folder: Path, contents: dict[str, str]) -> SiteFolder:
    site = SiteFolder(folder)
    site.claim(contents)
    for name, text in contents.items():
        site.write(name, text)
    site.finish()
    return site


def there(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {
        MANIFEST
    }


def test_what_is_no_longer_written_goes_and_foreign_files_stay(tmp_path: Path) -> None:
    (tmp_path / "CNAME").write_text("example.org")
    (tmp_path / "results").mkdir()
    (tmp_path / "results/mine.html").write_text("mine")
    write(tmp_path, {"index.html": "1", "results/a-1.html": "a", "results/b-2.html": "b"})
    site = write(tmp_path, {"index.html": "2", "results/b-2.html": "b", "results/c-3.html": "é"})
    assert there(tmp_path) == {
        "CNAME",
        "results/mine.html",
        "index.html",
        "results/b-2.html",
        "results/c-3.html",
    }
    assert (tmp_path / "index.html").read_text() == "2"
    assert site.size == 4


def test_a_foreign_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(TgbenchError, match=r"index\.html: was not written by tgbench"):
        write(tmp_path, {"index.html": "1", "a.html": "a"})
    assert there(tmp_path) == {"index.html"}
    assert (tmp_path / "index.html").read_text() == "mine"


def test_a_stopped_run_leaves_the_old_site_and_the_next_one_tidies_up(tmp_path: Path) -> None:
    write(tmp_path, {"index.html": "old", "results/a-1.html": "a"})
    stopped = SiteFolder(tmp_path)
    stopped.claim(["index.html", "results/b-2.html"])
    stopped.write("results/b-2.html", "b")
    assert there(tmp_path) == {"index.html", "results/a-1.html", "results/b-2.html"}
    assert (tmp_path / "index.html").read_text() == "old"
    write(tmp_path, {"index.html": "new", "results/c-3.html": "c"})
    assert there(tmp_path) == {"index.html", "results/c-3.html"}


def test_a_forged_list_removes_nothing_elsewhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside.html"
    outside.write_text("mine")
    site = tmp_path / "site"
    site.mkdir()
    (site / "notes.txt").write_text("mine")
    forged = [
        "../outside.html",
        str(outside),
        "notes.txt",
        "results/../../outside.html",
        "a-1.html",
    ]
    (site / "a-1.html").write_text("the site's")
    (site / MANIFEST).write_text(json.dumps({"files": forged}))
    write(site, {"index.html": "1"})
    assert outside.exists()
    assert there(site) == {"index.html", "notes.txt"}


@pytest.mark.parametrize(
    "listed",
    ["", "[]", '{"files": [1]}', '{"files": null}', '{"files": "all"}', '{"files": {}}', "\xff"],
)
def test_a_broken_list_is_one_clear_line(tmp_path: Path, listed: str) -> None:
    (tmp_path / MANIFEST).write_bytes(listed.encode("latin-1"))
    with pytest.raises(TgbenchError, match=r"site\.json: is no list"):
        SiteFolder(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("")
    with pytest.raises(TgbenchError, match="is a file"):
        SiteFolder(tmp_path / "site")


def test_a_folder_in_the_place_of_a_page_is_one_clear_line(tmp_path: Path) -> None:
    write(tmp_path, {"index.html": "1"})
    (tmp_path / "index.html").unlink()
    (tmp_path / "index.html").mkdir()
    with pytest.raises(TgbenchError, match=r"index\.html: exists and is not a regular file"):
        write(tmp_path, {"index.html": "2"})


def test_where_nothing_can_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TgbenchError, match="cannot write here"):
        SiteFolder(tmp_path / "file" / "site")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="may write anywhere")
def test_no_permission_is_one_clear_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(TgbenchError, match="cannot write here"):
            SiteFolder(tmp_path / "site")
    finally:
        tmp_path.chmod(0o700)
