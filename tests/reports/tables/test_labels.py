"""How rows are called."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tgbench import plugins
from tgbench.configs import flat
from tgbench.reports.tables.building import build_tables
from tgbench.reports.tables.labels import distinguishing, method_labels
from tgbench.results import Variant
from tgbench.running.result import Result
from tgbench.running.settings import configure, parse_overrides
from tgbench.specs import MethodSpec

MakeResult = Callable[..., Result]
ABLATION = Path(__file__).parents[3] / "examples" / "ablation" / "ablation.py"


@dataclass(frozen=True)
class Settings:
    """Of a method that is installed for the test."""

    motion: str = "moving"
    sampling: bool = True
    widths: tuple[int, ...] = (1, 2)
    steps: int = 100


SPEC = MethodSpec(
    name="ours",
    summary="",
    implementation="nowhere:Ours",
    config=f"{__name__}:Settings",
    presets={"quick": {"steps": 3}, "paper": {}},
)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[MethodSpec], None]:
    def install(spec: MethodSpec) -> None:
        monkeypatch.setattr(plugins, "methods", lambda: {spec.name: spec})

    return install


def told(results: Mapping[str, Result]) -> dict[str, str]:
    """The label of each result."""
    labels = method_labels(list(results.values()))
    return {name: labels[Variant.of(result)] for name, result in results.items()}


def quick(**changes: object) -> dict[str, object]:
    """A configuration of the method that is installed, as results hold it."""
    return asdict(Settings(steps=3)) | {"widths": [1, 2]} | changes


def test_the_whole_method_of_the_papers_ablation_has_the_bare_name(make_result: MakeResult) -> None:
    found = importlib.util.spec_from_file_location("ablation", ABLATION)
    assert found is not None
    assert found.loader is not None
    ablation = importlib.util.module_from_spec(found)
    found.loader.exec_module(ablation)
    spec = plugins.methods()["talkinggaussian"]
    results = {
        row: make_result(
            spec.name, config=flat(configure(spec, "quick", parse_overrides(settings))), psnr=1.0
        )
        for row, settings in ablation.ROWS.items()
    }
    labels = told(results)
    assert labels["full"] == "TalkingGaussian"
    assert labels["without_is"] == "TalkingGaussian (incremental_sampling=false)"
    assert labels["alpha"] == "TalkingGaussian (predict_opacity=true)"
    for row, settings in ablation.ROWS.items():
        inner = labels[row].removeprefix("TalkingGaussian").removeprefix(" (").removesuffix(")")
        assert set(inner.lower().split(", ")) - {""} == set(settings)
    (table,) = build_tables(list(results.values()))
    assert table.blocks[0].rows[0].label == "TalkingGaussian"


def test_settings_are_told_as_differences_from_the_preset(
    make_result: MakeResult, installed: Callable[[MethodSpec], None]
) -> None:
    results = {
        "whole": make_result(config=quick()),
        "still": make_result(config=quick(motion="still", sampling=False)),
        "all": make_result(config=quick(sampling=False)),
        "wide": make_result(config=quick(sampling=False, widths=[3])),
    }
    # Not known: what most have.
    assert told(results)["all"] == "ours"
    installed(SPEC)
    assert told(results) == {
        "whole": "ours",
        "still": "ours (motion=still, sampling=false)",
        "all": "ours (sampling=false)",
        "wide": "ours (sampling=false, widths=3)",
    }
    # What all of them have alike is not told.
    short = {name: results[name] for name in ("still", "all")}
    assert told(short) == {"still": "ours (motion=still)", "all": "ours"}


def test_what_presets_give_is_not_told_beside_their_names(
    make_result: MakeResult, installed: Callable[[MethodSpec], None]
) -> None:
    installed(SPEC)
    results = {
        "quick": make_result(config=quick()),
        "quick still": make_result(config=quick(motion="still")),
        "paper": make_result(preset="paper", config=quick(steps=100)),
        "paper longer": make_result(preset="paper", config=quick(steps=200)),
    }
    assert told(results) == {
        "quick": "ours (quick)",
        "quick still": "ours (quick, motion=still)",
        "paper": "ours (paper)",
        "paper longer": "ours (paper, steps=200)",
    }


@pytest.mark.parametrize(
    "spec",
    [
        MethodSpec("theirs", "", "nowhere:Theirs"),
        MethodSpec("ours", "", "nowhere:Ours", config="nowhere:Settings", presets=SPEC.presets),
        MethodSpec("ours", "", "nowhere:Ours", config=f"{__name__}:Gone", presets=SPEC.presets),
        MethodSpec("ours", "", "nowhere:Ours", config=SPEC.config, presets={"other": {}}),
        MethodSpec("ours", "", "nowhere:Ours", config=SPEC.config, presets={"quick": {"x": 1}}),
    ],
    ids=["not installed", "no module", "no class", "no such preset", "a preset of other settings"],
)
def test_without_the_preset_the_bare_name_is_what_most_have(
    make_result: MakeResult, installed: Callable[[MethodSpec], None], spec: MethodSpec
) -> None:
    installed(spec)
    configs = (quick(sampling=False), quick(sampling=False, motion="still"), quick())
    results = {str(n): make_result(config=config) for n, config in enumerate(configs)}
    assert list(told(results).values()) == ["ours", "ours (motion=still)", "ours (sampling=true)"]


def test_a_setting_of_another_name_by_now_is_usual_where_most_have_it(
    make_result: MakeResult, installed: Callable[[MethodSpec], None]
) -> None:
    installed(SPEC)
    configs = [{"movement": value} for value in ("still", "still", "moving")]
    results = {
        str(n): make_result(config=config | {"size": n % 2}) for n, config in enumerate(configs)
    }
    assert list(told(results).values()) == ["ours", "ours (size=1)", "ours (movement=moving)"]


def test_asking_for_presets_loads_no_implementation() -> None:
    code = (
        "import sys; from tgbench import plugins; from tgbench.reports.tables import labels; "
        "from tgbench.running.settings import configure; "
        "configure(plugins.methods()['talkinggaussian'], 'quick', {}); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_what_differs_is_told() -> None:
    keys = [("measurer", "full frame", None), ("measurer", "pasted", None)]
    assert distinguishing(keys) == ["full frame", "pasted"]
    assert distinguishing(keys[:1]) == [""]
    assert distinguishing([]) == []


def test_pairs_of_keys_are_told_as_one() -> None:
    keys = [(("cpu", 2), ("m", "pasted")), (("cpu", 4), ("m", "pasted"))]
    assert distinguishing(keys) == ["2", "4"]


def test_keys_of_other_lengths_are_told_whole() -> None:
    assert distinguishing([(), ("m", "pasted")]) == ["", "m, pasted"]


def test_methods_are_called_by_their_titles_where_that_is_clear(make_result: MakeResult) -> None:
    found = told({name: make_result(name, psnr=1.0) for name in ("still", "novel")})
    assert found == {"still": "Still", "novel": "novel"}
    clash = told({name: make_result(name, psnr=1.0) for name in ("still", "Still")})
    assert clash == {"still": "still", "Still": "Still"}
