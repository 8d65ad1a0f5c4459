"""What a run keeps of a clip: its tables and sound, not its pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fit_memory import peak_of_a_run, repeat


@pytest.mark.slow
def test_a_clip_fifteen_times_as_long_is_never_held(tiny_identity: Path, tmp_path: Path) -> None:
    """Decoded, the longer clip alone would be 130 MB; its tables and sound take about 60."""
    short = peak_of_a_run(repeat(tiny_identity, tmp_path / "short", 300), tmp_path / "a")
    long = peak_of_a_run(repeat(tiny_identity, tmp_path / "long", 4500), tmp_path / "b")
    assert long < short + 100
    assert long < 2000
