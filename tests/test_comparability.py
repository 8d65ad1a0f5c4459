"""A third party's metric is treated by what its spec declares, exactly as one of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tgbench import plugins
from tgbench.comparability import (
    Condition,
    case_facts,
    differing,
    leak_note,
    value_facts,
    why_not_applicable,
    why_not_comparable,
)
from tgbench.errors import TgbenchError
from tgbench.reports.gate.tolerances import default_tolerance
from tgbench.reports.tables.building import build_tables
from tgbench.reports.tables.cells import Status, Table
from tgbench.running.result import MachineRecord, Result
from tgbench.specs import LeakedCondition, MethodSpec, Region

from .reports.conftest import result

FULL, PASTED = "full frame", "face pasted on the true video"

THEIRS = """
from tgbench.specs import MetricSpec, Region

SHARPNESS = MetricSpec(
    "sharpness", "sharpness", "nowhere:Sharpness", title="Sharpness",
    region=Region.{region}, gate_tolerance=0.5, table_place=105,
)
"""


def install(folder: Path, patch: pytest.MonkeyPatch, region: str) -> None:
    """Put a package with one metric on the path, as pip would."""
    (folder / "their_metric.py").write_text(THEIRS.format(region=region))
    about = folder / "their_metric-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: their-metric\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[tgbench.metrics]\nx = their_metric:SHARPNESS\n")
    patch.syspath_prepend(str(folder))
    patch.delitem(__import__("sys").modules, "their_metric", raising=False)


@pytest.fixture
def fresh_plugins() -> Iterator[None]:
    plugins._specs.cache_clear()
    yield
    plugins._specs.cache_clear()


@pytest.fixture(params=list(Region))
def region(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fresh_plugins: None,
) -> Region:
    install(tmp_path, monkeypatch, request.param.name)
    plugins._specs.cache_clear()
    assert plugins.metric_spec("sharpness").region is request.param
    return request.param


OURS = {
    Region.WHOLE_IMAGE: "psnr",
    Region.FACE: "psnr_face",
    Region.UPPER_FACE: "au_u_pyfeat",
    Region.MOUTH: "lmd",
    Region.NONE: "fps",
}


def states(table: Table, metric: str) -> list[tuple[Status, str, int | None]]:
    cells = [row.cells[metric] for block in table.blocks for row in block.rows]
    return [(cell.status, cell.reason, cell.rank) for cell in cells]


def test_a_third_party_metric_has_dashes_and_ranks_of_ours(region: Region) -> None:
    """Their metric has the same numbers as one of ours with that region, on every method."""
    ours = OURS[region]
    better = -1.0 if plugins.metrics()[ours].direction == "lower" else 1.0

    def made(name: str, value: float, **about: object) -> object:
        return result(name, **{ours: better * value, "sharpness": value}, **about)

    results = [
        made("a", 31.0),
        made("b", 32.0, mode=PASTED),
        made("c", 33.0, mode=PASTED),
        made("d", 34.0, whole_image=False),
        made("e", 35.0, upper_face=False),
        made("f", 30.0),
    ]
    (table,) = build_tables(results)
    found = states(table, "sharpness")
    assert found == states(table, ours)
    dashes = [status is Status.NOT_APPLICABLE for status, *_ in found]
    assert dashes == [
        False,
        False,
        False,
        region in (Region.WHOLE_IMAGE, Region.FACE),
        region is Region.UPPER_FACE,
        False,
    ]
    within_modes = region in (Region.WHOLE_IMAGE, Region.FACE)
    assert (found[1][2] == 2 and found[2][2] == 1) == within_modes


def test_a_third_party_image_metric_is_not_compared_across_composite_modes(
    region: Region,
) -> None:
    pair = [result("a", sharpness=1.0), result("b", sharpness=2.0, mode=PASTED)]
    facts = [case_facts(r, range(10)) | value_facts(r.metrics["sharpness"]) for r in pair]
    why = why_not_comparable("sharpness", facts)
    if region in (Region.WHOLE_IMAGE, Region.FACE):
        assert FULL in why
        assert PASTED in why
    else:
        assert why == ""


def test_a_third_party_metric_has_its_own_tolerance_and_place(region: Region) -> None:
    assert default_tolerance("sharpness", 30.0) == 0.5
    assert plugins.in_table_order(["lmd", "sharpness", "psnr", "psnr_face"]) == (
        "psnr",
        "sharpness",
        "psnr_face",
        "lmd",
    )


def test_a_metric_that_is_not_installed_ranks_within_composite_modes_only() -> None:
    modes = {"a": FULL, "b": PASTED, "c": FULL}
    (table,) = build_tables(
        [result(name, gone=ord(name) * 1.0, mode=mode) for name, mode in modes.items()]
    )
    assert [cell[2] for cell in states(table, "gone")] == [2, None, 1]
    assert default_tolerance("gone", -50.0) == 1.0


def facts(**about: object) -> dict[Condition, object]:
    made = result(psnr=1.0, **about)
    return case_facts(made, range(4)) | value_facts(made.metrics["psnr"])


@pytest.mark.parametrize(
    ("changed", "conditions"),
    [
        ({"version": "2"}, [Condition.PROTOCOL_VERSION]),
        ({"identity_sha": "f" * 64}, [Condition.IDENTITY_FILES]),
        ({"mode": PASTED}, [Condition.COMPOSITE_MODE]),
        ({"leaked": ("true head pose",)}, [Condition.LEAKED_CONDITIONS]),
        ({"cpu": "another"}, [Condition.MACHINE, Condition.TRAINING_MACHINE]),
    ],
)
def test_every_condition_that_differs_is_found(changed: dict, conditions: list[Condition]) -> None:
    assert differing(facts(), facts(**changed)) == conditions
    assert differing(facts(**changed), facts(**changed)) == []


def test_speed_compares_on_one_machine_and_other_frames() -> None:
    here, there = ({**facts(cpu=cpu), Condition.FRAMES: (cpu,)} for cpu in ("x", "y"))
    assert "machines" in why_not_comparable("fps", [here, there])
    assert why_not_comparable("fps", [here, {**here, Condition.FRAMES: ("z",)}]) == ""
    assert "frames" in why_not_comparable("psnr", [here, {**here, Condition.FRAMES: ("z",)}])


NODE = {"node": "node-1", "cpu": "a cpu", "cores": 2, "device": "cuda", "gpu": "a gpu"}


def on_nodes(name: str, value: float, rendered: dict, trained: dict) -> Result:
    """A result of a case that was rendered on one node, with a fit of another."""
    made = result(name, fps=value, training_time=value)
    return made.model_copy(
        update={
            "environment": made.environment.model_copy(update=rendered),
            "timing": made.timing.model_copy(update={"trained_on": MachineRecord(**trained)}),
        }
    )


@pytest.mark.parametrize(
    ("difference", "ranked"),
    [
        ({"node": "node-2"}, True),
        ({"exclusive": True}, True),
        ({"gpu": "another gpu"}, False),
        ({"cpu": "another cpu"}, False),
        ({"cores": 4}, False),
        ({"device": "cpu", "gpu": None}, False),
    ],
)
def test_speed_is_never_ranked_across_unlike_nodes(difference: dict, ranked: bool) -> None:
    """Nodes of one kind are alike, whatever their names; training may have been elsewhere."""
    other = {**NODE, **difference}
    both = {"fps": (NODE, other, NODE), "training_time": (NODE, NODE, other)}
    for metric, (first, rendered, trained) in both.items():
        pair = [on_nodes("a", 1.0, first, first), on_nodes("b", 2.0, rendered, trained)]
        (table,) = build_tables(pair)
        for name in ("fps", "training_time"):
            ranks = {rank for _, _, rank in states(table, name)}
            assert (ranks == {1, 2}) == (ranked or name != metric), name
            found = [case_facts(each) | value_facts(each.metrics[name]) for each in pair]
            assert (why_not_comparable(name, found) == "") == (ranked or name != metric)


def test_sound_matters_to_metrics_that_hear_it() -> None:
    here = facts()
    other = {**here, Condition.SOUND: "f" * 64}
    assert "sound" in why_not_comparable("sync_c", [here, other])
    assert why_not_comparable("psnr", [here, other]) == ""


def test_leaked_conditions_do_not_forbid_but_are_noted() -> None:
    assert why_not_comparable("psnr", [facts(), facts(leaked=("true head pose",))]) == ""
    assert leak_note(["x", "y"], ["y", "x"]) == ""
    note = leak_note(["true head pose"], [])
    assert "A is given true head pose" in note
    assert "B is given nothing" in note


def test_former_words_for_the_true_head_pose_are_mapped_on_reading() -> None:
    former, now = (result(leaked=(text,)) for text in ("true pose", "true head pose"))
    assert former.method.leaked_conditions == now.method.leaked_conditions == ["true head pose"]
    assert result(leaked=("of a newer version",)).method.leaked_conditions == ["of a newer version"]


def test_our_methods_name_one_condition_one_way() -> None:
    still, ours = (plugins.methods()[name] for name in ("still", "talkinggaussian"))
    shared = set(still.leaked_conditions) & set(ours.leaked_conditions)
    assert shared == {LeakedCondition.HEAD_POSE}


def test_a_leaked_condition_of_no_enumeration_is_refused() -> None:
    with pytest.raises(TgbenchError, match=r"'theirs'.*secret.*true head pose"):
        MethodSpec("theirs", "", "", leaked_conditions=("secret",))  # type: ignore[arg-type]


def test_no_training_time_of_a_method_that_is_not_trained() -> None:
    assert why_not_applicable(result(training=None), "training_time")
    assert not why_not_applicable(result(training=None), "fps")
    assert not why_not_applicable(result(training=1.0), "training_time")


def test_places_in_tables_are_distinct() -> None:
    places = [spec.table_place for spec in plugins.metrics().values()]
    assert len(set(places)) == len(places)
    assert max(places) < 1000, "third parties come after ours"
