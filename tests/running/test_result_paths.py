from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.running.folders import out_of, variant_name
from tgbench.running.result import LARGEST_RESULT, read_result, result_paths


def test_results_are_found_wherever_they_are(tmp_path: Path) -> None:
    for place in ("b/c", "a", "."):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "result.json").touch()
    found = [str(path.relative_to(tmp_path)) for path in result_paths(tmp_path)]
    assert found == ["a/result.json", "b/c/result.json", "result.json"]


@pytest.mark.parametrize("out", ["results", "lipsync"])
@pytest.mark.parametrize(
    "variant", ["", variant_name("quick", {}, 0), variant_name("paper", {"words": "a b"}, -1)]
)
def test_the_folder_of_results_is_found_in_either_layout(
    tmp_path: Path, out: str, variant: str
) -> None:
    folder = tmp_path / out / "lipsync" / "synth-a" / "still" / variant / "track-voice"
    assert out_of(folder) == (tmp_path / out).resolve()


def test_a_folder_that_cannot_be_looked_into_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A method must not leave a table without a word because its folder is closed."""
    (tmp_path / "closed").mkdir()
    (tmp_path / "result.json").touch()
    looked = os.scandir

    def scandir(place: str | Path) -> Iterator[os.DirEntry[str]]:
        if Path(place).name == "closed":
            raise PermissionError(13, "Permission denied", str(place))
        return looked(place)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(TgbenchError, match="closed: cannot be looked into"):
        result_paths(tmp_path)


def test_a_result_of_much_more_than_a_result_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text('{"leaked_conditions": [' + "1," * LARGEST_RESULT + "1]}")
    with pytest.raises(TgbenchError, match="limit of 512 kB"):
        read_result(path)
