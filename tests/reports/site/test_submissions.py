from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgbench.reports.site.folder import _OWN
from tgbench.reports.site.submissions import page_name, source_names


@given(words=st.lists(st.text()), key=st.text())
def test_a_page_is_called_safely_whatever_it_is_about(words: list[str], key: str) -> None:
    name = page_name(words, key.encode("utf-8", "replace").decode())
    assert _OWN.fullmatch(f"results/{name}.html")
    assert name == name.lower()
    assert len(name) <= 61


@pytest.mark.parametrize("words", [["../../etc/passwd"], ["CON"], ["."], ["a\x00b"], ["речь"]])
def test_nothing_leads_elsewhere(words: list[str]) -> None:
    name = page_name(words, 1)
    assert "/" not in name
    assert "." not in name
    assert name != "con"


def test_alike_but_for_case_or_letters_are_two_pages() -> None:
    names = [page_name([word], [word]) for word in ("Ours", "ours", "头", "頭", "", "-")]
    assert len({name.lower() for name in names}) == len(names)


def test_folders_are_told_as_given_but_not_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    given = ["submissions/alice", str(tmp_path / "bob"), "../bob", "bob", "bob (2)", "."]
    assert source_names(list(map(Path, given))) == [
        "submissions/alice",
        "bob",
        "bob (2)",
        "bob (3)",
        "bob (2) (2)",
        "here",
    ]
