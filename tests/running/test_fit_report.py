"""What a finished fit says of itself is checked before anything is made of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tgbench.cli import main

RUN = ("run", "--method", "still", "--protocol", "self_reconstruction", "--metrics", "psnr")
WHOLE = {"experiment": "a", "seconds": 1.0, "iterations": {}, "notes": []}


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        json.dumps(WHOLE | {"seconds": "long"}),
        json.dumps(WHOLE | {"seconds": None}),
        json.dumps(WHOLE | {"seconds": -1.0}),
        json.dumps(WHOLE | {"seconds": float("nan")}),
        json.dumps(WHOLE | {"iterations": [1]}),
        json.dumps(WHOLE | {"iterations": {"face": "many"}}),
        json.dumps(WHOLE | {"notes": {"a": 1}}),
        json.dumps(WHOLE | {"notes": [1]}),
    ],
)
def test_a_report_of_wrong_types_is_told_before_anything_is_measured(
    content: str, tiny_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run = [*RUN, "--identity", str(tiny_identity), "--out", str(out)]
    assert main(run) == 0
    capsys.readouterr()
    (path,) = out.glob("models/*/still/*/fit.json")
    path.write_text(content)
    (result,) = out.glob("self_reconstruction/*/*/*/result.json")
    result.unlink()
    assert main(run) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "fit.json: cannot be read" in line
    assert line.endswith("run with --fresh")
    assert not result.exists()
