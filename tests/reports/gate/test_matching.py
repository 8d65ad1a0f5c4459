"""What may be compared, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tgbench.running.result import Record, Result
from tgbench.running.settings import hash_of_settings

from .conftest import Gate, WriteCase, record

SERIES = np.full(40, 30.0)
WHERE = "ours on synth-a, self_reconstruction"


def inside(part: str, **changes: object) -> Callable[[Result], Result]:
    """Change fields of a part of a result."""

    def edit(result: Result) -> Result:
        inner: Record = getattr(result, part)
        return result.model_copy(update={part: inner.model_copy(update=changes)})

    return edit


def other_measurer(result: Result) -> Result:
    other = record("psnr", 30.0, measured_by="weights, sha256 abc")
    return result.model_copy(update={"metrics": {"psnr": other}})


@pytest.fixture
def baseline(gate: Gate, write_case: WriteCase, tmp_path: Path) -> Gate:
    write_case(tmp_path / "before", {"psnr": SERIES})
    gate.update(tmp_path / "before")
    return gate


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (inside("protocol", version="2"), "protocol version: 1 in the baseline, 2 now"),
        (inside("identity", sha256="f" * 64), "identity's files: SHA-256"),
        (inside("driver", sha256="f" * 64), "driving sound: SHA-256 000000000000 in the baseline"),
        (
            inside("method", composite_mode="face pasted on the true video"),
            "composite mode: full frame in the baseline, face pasted on the true video now",
        ),
        (
            inside("method", leaked_conditions=["true pose"]),
            "leaked conditions: nothing in the baseline, true head pose now",
        ),
        (other_measurer, "measurer of psnr: tests in the baseline, weights, sha256 abc now"),
    ],
)
def test_what_was_measured_unlike_is_refused(
    baseline: Gate, write_case: WriteCase, tmp_path: Path, edit, said: str
) -> None:
    write_case(tmp_path / "now", {"psnr": SERIES}, edit=edit)
    code, printed = baseline(tmp_path / "now")
    assert code == 2
    assert f"{WHERE}: {said}" in printed
    assert "--update --reason" in printed


@pytest.mark.parametrize(("first", "frames"), [(1001, 40), (1000, 39)])
def test_other_frames_are_refused(
    baseline: Gate, write_case: WriteCase, tmp_path: Path, first: int, frames: int
) -> None:
    write_case(tmp_path / "now", {"psnr": SERIES[:frames]}, first_frame=first)
    code, printed = baseline(tmp_path / "now")
    assert code == 2
    assert f"frames: 40 (1000 to 1039) in the baseline, {frames} ({first} to" in printed


def test_other_frames_with_the_same_ends_are_told_apart(
    baseline: Gate, write_case: WriteCase, tmp_path: Path
) -> None:
    import pandas as pd

    folder = write_case(tmp_path / "now", {"psnr": SERIES})
    table = pd.read_parquet(folder / "frames.parquet")
    table.loc[5, "source_frame"] = 1004
    table.to_parquet(folder / "frames.parquet", index=False)
    code, printed = baseline(tmp_path / "now")
    assert code == 2
    assert "differ first at 1005 there, 1004 now" in printed


def test_many_differences_are_not_all_told(
    baseline: Gate, write_case: WriteCase, tmp_path: Path
) -> None:
    for number in range(8):
        write_case(tmp_path / "many", {"psnr": SERIES}, method=f"m{number}")
        write_case(tmp_path / "now", {"psnr": SERIES}, method=f"m{number}", version="2")
    baseline.update(tmp_path / "many")
    code, printed = baseline(tmp_path / "now")
    assert code == 2
    assert "; and 3 more; " in printed


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (inside("method", config_hash="f" * 64), "another configuration than in the baseline"),
        (lambda result: result.model_copy(update={"seed": 4}), "seed: 0 in the baseline, 4 now"),
        (
            inside("environment", packages={"torch": "9"}),
            "torch: nothing in the baseline, 9 now",
        ),
    ],
)
def test_what_explains_a_change_is_told_but_allowed(
    baseline: Gate, write_case: WriteCase, tmp_path: Path, edit, said: str
) -> None:
    write_case(tmp_path / "now", {"psnr": SERIES}, edit=edit)
    code, printed = baseline(tmp_path / "now")
    assert code == 0
    assert said in printed


def test_a_setting_whose_name_alone_changed_is_no_other_configuration(
    gate: Gate, write_case: WriteCase, tmp_path: Path
) -> None:
    about = {"method": "talkinggaussian"}
    old = inside("method", config={"face_gaussians": 50}, config_hash="old")
    settings = {"face.gaussians": 50}
    new = inside(
        "method", config=settings, config_hash=hash_of_settings("talkinggaussian", settings)
    )
    write_case(tmp_path / "before", {"psnr": SERIES}, old, **about)
    gate.update(tmp_path / "before")
    write_case(tmp_path / "after", {"psnr": SERIES}, new, **about)
    status, printed = gate(tmp_path / "after")
    assert status == 0
    assert "another configuration" not in printed
    other = inside("method", config={"face.gaussians": 60}, config_hash="other")
    write_case(tmp_path / "changed", {"psnr": SERIES}, other, **about)
    _, printed = gate(tmp_path / "changed")
    assert "face.gaussians 50, now 60" in printed
