"""The notebook in examples/: its cells run in order, and its text tells the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .workplace import ROOT

NOTEBOOK = ROOT / "examples" / "notebook" / "two_videos.ipynb"


@pytest.mark.slow
def test_the_cells_of_the_notebook_run_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    stored = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert stored["nbformat"] == 4
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(stored["cells"]):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
    values = names["table"].set_index(["method", "metric"]).value
    assert values["noisy.mp4", "psnr"] < values["late.mp4", "psnr"]
    assert values["late.mp4", "lmd"] > values["noisy.mp4", "lmd"]
    assert names["distance"] == pytest.approx(values["late.mp4", "lmd"], abs=0.2)
    assert (tmp_path / "frames.svg").stat().st_size > 0
