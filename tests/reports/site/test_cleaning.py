from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgbench.reports.site.cleaning import cleaned_result, cleaned_text
from tgbench.running.result import Result


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("/home/alice/models/lpips.pth", "…/lpips.pth"),
        ("/home/Alice Smith/my models/lpips.pth", "…/lpips.pth"),
        ("no such file: '/home/alice/x.pth' (look there)", "no such file: '…/x.pth' (look there)"),
        ("a=/data/clips/,b=~/secret/y", "a=…/,b=…/y"),
        ("~alice/my clips/x.wav", "…/x.wav"),
        ("gone: ~alice/clips/x.wav", "gone: …/x.wav"),
        ("file:///mnt/disk/z.npy is gone", "…/z.npy is gone"),
        (r"C:\Users\Bob\weights.pt", "…/weights.pt"),
        (r"cannot read D:\work\x.bin!", "cannot read …/x.bin!"),
        (r"\\server\share\people\a.mp4", "…/a.mp4"),
    ],
)
def test_places_on_somebodys_disk_are_cut(said: str, shown: str) -> None:
    assert cleaned_text(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "get it from https://github.com/TadasBaltrusaitis/OpenFace (licence: academic)",
        "13 frames/s, 300-3400 Hz, and/or 1/2/3; needs `a/b/c.pth`",
        "window 11x11 sigma 1.5; landmarks: mediapipe 0.10.21 face mesh",
        "речь 頭 مقياس\nsecond line\twith a tab",
        "5 / 6 / 7, about ~5/6/7",
    ],
)
def test_other_texts_stay(said: str) -> None:
    assert cleaned_text(said) == said


def test_what_no_file_can_hold_is_replaced() -> None:
    assert cleaned_text("half \ud800 a pair, a bell \x07 and nothing \x00") == (
        "half ? a pair, a bell \ufffd and nothing \ufffd"
    )


@given(said=st.text())
def test_cleaning_ends_and_can_be_written(said: str) -> None:
    once = cleaned_text(said)
    assert cleaned_text(once) == once
    assert once.encode("utf-8").decode("utf-8") == once


@given(parts=st.lists(st.text("abcXYZ019_-. é頭", min_size=1), min_size=2, max_size=5))
def test_no_folder_of_a_path_survives(parts: list[str]) -> None:
    # A marker that nothing else can contain stands for what must not be told.
    path = "/".join(["", *(f"secret{part}" for part in parts[:-1]), "last"])
    assert "secret" not in cleaned_text(path)


def test_everything_in_a_result_is_cleaned_but_numbers(
    make_result: Callable[..., Result],
) -> None:
    result = make_result(
        "ours", config={"/home/me/key": ["/home/me/list/x", 3, None, 0.1]}, psnr=31.0, lmd="/a/b/c"
    )
    clean = cleaned_result(result)
    assert clean.method.config == {"…/key": ["…/x", 3, None, 0.1]}
    assert clean.metrics["lmd"].reason == "…/c"
    assert clean.metrics["psnr"] == result.metrics["psnr"]
    assert clean.split == result.split


def test_bottomless_configurations_are_refused(make_result: Callable[..., Result]) -> None:
    deep: dict[str, object] = {}
    for _ in range(400):
        deep = {"a": deep}
    with pytest.raises(ValueError, match=r"depth|deep"):
        cleaned_result(make_result(config=deep))
