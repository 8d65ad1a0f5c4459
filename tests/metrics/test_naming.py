from __future__ import annotations

import pytest

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.metrics.naming import metric_named, metrics_named

SPECS = plugins.metrics()


@pytest.mark.parametrize("name", SPECS)
def test_names_and_titles_are_known_in_any_spelling(name: str) -> None:
    title = SPECS[name].title
    for text in (name, name.upper(), title, title.upper(), title.lower(), name.replace("_", " ")):
        assert metric_named(text) == name


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["psnr", "lmd"], ("psnr", "lmd")),
        (["PSNR,LMD"], ("psnr", "lmd")),
        (["Lip", "agreement", "psnr"], ("lip_agreement", "psnr")),
        (["SSIM (face, Gaussian),LMD / eyes"], ("ssim_face_gaussian", "lmd_relative")),
        (["AUE-L", "(geometry)", "AUE-L"], ("aue_l_geometry", "aue_l")),
        (["training time, FPS (end to end)"], ("training_time", "fps_end_to_end")),
        ([], ()),
    ],
)
def test_lists_hold_titles_without_quotes(words: list[str], found: tuple[str, ...]) -> None:
    assert metrics_named(words) == found


def test_what_may_mean_several_lists_them() -> None:
    with pytest.raises(TgbenchError, match=r"several metrics.*aue_l \(AUE-L\).*aue_u_geometry"):
        metric_named("AUE")
    with pytest.raises(TgbenchError, match=r"sync_c \(Sync-C\), sync_e \(Sync-E\)"):
        metric_named("Sync")


@pytest.mark.parametrize("text", ["psrn", "PSRN", "Snyc-C"])
def test_the_nearest_is_suggested(text: str) -> None:
    nearest = {"psrn": "psnr", "PSRN": "psnr", "Snyc-C": "sync_c"}[text]
    with pytest.raises(TgbenchError, match=f"did you mean '{nearest}'"):
        metric_named(text)


@pytest.mark.parametrize("text", ["", "-", "qqqq"])
def test_what_means_nothing_is_unknown(text: str) -> None:
    with pytest.raises(TgbenchError, match="unknown metric"):
        metric_named(text)


def test_metrics_of_results_alone_are_known() -> None:
    assert metric_named("THEIR metric", {"their_metric"}) == "their_metric"
