"""`tgbench bundle` and `tgbench verify`, end to end on a synthetic identity."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from tgbench.commands import bundle, run, verify
from tgbench.terminal import Terminal

from .conftest import CASE, read_members, with_right_hashes, write_members


def call(module: object, *words: str) -> int:
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)  # type: ignore[attr-defined]
    return module.execute(parser.parse_args(words), Terminal())  # type: ignore[attr-defined]


def test_run_bundle_verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    method = ["--method", "still", "--size", "64", "--metrics", "psnr", "fps", "--device", "cpu"]
    assert call(run, *method, "--protocol", "self_reconstruction", "--out", "results") == 0
    assert call(bundle, "results") == 0
    told = capsys.readouterr().out
    assert "results.zip (1 case, 1 of them rendered again" in told
    assert call(verify, "results.zip") == 0
    told = capsys.readouterr().out
    assert "1 agrees, 1 not measured" in told
    assert "fps: time cannot be told from frames" in told

    members = read_members(Path("results.zip"))
    raw = json.loads(members[f"{CASE}/result.json"])
    raw["metrics"]["psnr"]["value"] += 0.01
    members[f"{CASE}/result.json"] = json.dumps(raw).encode()
    write_members(Path("polished.zip"), with_right_hashes(members))
    assert call(verify, "polished.zip") == 1
    assert "differs" in capsys.readouterr().out
