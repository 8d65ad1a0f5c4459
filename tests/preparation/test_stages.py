from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tgbench.preparation.stages import StageCache


def test_a_stage_is_done_once_it_ended_well(tmp_path: Path) -> None:
    cache = StageCache(tmp_path / "work")
    key = cache.key("frames", 1, video="abc", size=256)
    assert not cache.done(key)
    with cache.working(key):
        cache.save(key, values=np.arange(3))
        assert not cache.done(key)
    assert cache.done(key)
    np.testing.assert_array_equal(StageCache(tmp_path / "work").load(key)["values"], np.arange(3))


def test_a_stage_that_broke_off_is_not_done(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)
    key = cache.key("frames", 1)
    with cache.working(key):
        pass
    with pytest.raises(KeyboardInterrupt), cache.working(key):
        raise KeyboardInterrupt
    assert not cache.done(key)


def test_every_input_counts(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)
    first = cache.key("faces", 1, video="video")
    keys = [
        cache.key("frames", 1, faces=first, size=256),
        cache.key("frames", 2, faces=first, size=256),
        cache.key("frames", 1, faces=first, size=512),
        cache.key("frames", 1, faces=cache.key("faces", 1, video="other"), size=256),
    ]
    with cache.working(keys[0]):
        pass
    assert [cache.done(key) for key in keys] == [True, False, False, False]
    assert [cache.changed(key) for key in keys] == [[], ["version"], ["size"], ["faces"]]


def test_a_damaged_marker_means_not_done(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)
    key = cache.key("frames", 1)
    with cache.working(key):
        pass
    (tmp_path / "frames.json").write_text("{")
    assert not cache.done(key)
