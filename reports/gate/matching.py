"""Whether results may be compared with a baseline at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tgbench.comparability import Condition, Facts, case_facts, differing, value_facts
from tgbench.errors import TgbenchError
from tgbench.results import MeasuredCase
from tgbench.terminal.printing import one_line

from .baseline import Baseline, CaseBaseline
from .results import Cases, watched

_MOST_LISTED = 5
_MOST_NAMED = 5
_SHORT = 12
_HASH = re.compile(r"[0-9a-f]{64}")


def refuse_incomparable(baseline: Baseline, cases: Cases, path: Path, remedy: str) -> None:
    """Make sure that all cases that both have may be compared.

    Raises:
        TgbenchError: they may not; it names what differs, and the remedy.
    """
    pairs = [(case, cases[case.key]) for case in baseline.cases if case.key in cases]
    found = [f"{old.key.title}: {text}" for old, now in pairs for text in _differences(old, now)]
    if not found:
        return
    rest = len(found) - _MOST_LISTED
    more = f"; and {rest} more" if rest > 0 else ""
    raise TgbenchError(
        f"{path}: these results cannot be compared with this baseline: "
        f"{'; '.join(found[:_MOST_LISTED])}{more}; {remedy}"
    )


def _differences(old: CaseBaseline, now: MeasuredCase) -> Iterator[str]:
    then, here = _facts(old), case_facts(now.result, now.source_frames)
    for condition in differing(then, here):
        if condition is Condition.FRAMES:
            yield _frames(old.source_frames, now.source_frames)
        else:
            yield from _differing(condition, _words(then[condition]), _words(here[condition]))
    records = watched(now)
    for name, metric in old.metrics.items():
        record = records.get(name)
        if record is None or record.value is None:
            continue
        then, here = value_facts(metric), value_facts(record)
        for condition in differing(then, here):
            yield from _differing(
                f"{condition} of {name}", _words(then[condition]), _words(here[condition])
            )


def _facts(old: CaseBaseline) -> Facts:
    return {
        Condition.PROTOCOL_VERSION: old.protocol_version,
        Condition.IDENTITY_FILES: old.identity_sha256,
        Condition.SOUND: old.driver_sha256,
        Condition.COMPOSITE_MODE: old.composite_mode,
        Condition.LEAKED_CONDITIONS: tuple(sorted(old.leaked_conditions)),
        Condition.FRAMES: tuple(old.source_frames),
    }


def _differing(what: str, old: str, now: str) -> Iterator[str]:
    if old != now:
        yield one_line(f"{what}: {old or 'nothing'} in the baseline, {now or 'nothing'} now")


def _words(fact: object) -> str:
    if isinstance(fact, tuple):
        return ", ".join(fact)
    text = str(fact)
    return f"SHA-256 {text[:_SHORT]}" if _HASH.fullmatch(text) else text


def _frames(old: Sequence[int], now: Sequence[int]) -> str:
    return (
        f"{Condition.FRAMES}: {_range(old)} in the baseline, {_range(now)} now"
        f"{_first_difference(old, now)}"
    )


def _range(frames: Sequence[int]) -> str:
    if not frames:
        return "none"
    return f"{len(frames)} ({frames[0]} to {frames[-1]})"


def _first_difference(old: Sequence[int], now: Sequence[int]) -> str:
    """Say where frame sets of the same size and ends differ."""
    if _range(old) != _range(now):
        return ""
    there, here = next(pair for pair in zip(old, now, strict=True) if pair[0] != pair[1])
    return f", which differ first at {there} there, {here} now"


def explanations(baseline: Baseline, cases: Cases) -> list[str]:
    """Return differences that allow a comparison and may explain a change."""
    found: dict[str, list[str]] = {}
    for old in baseline.cases:
        if old.key in cases:
            for note in _explanations(old, cases[old.key]):
                found.setdefault(note, []).append(old.method)
    return [f"{', '.join(dict.fromkeys(methods))}: {note}" for note, methods in found.items()]


def _settings(old: CaseBaseline, now: MeasuredCase) -> str:
    """Name the settings that differ, as far as the baseline holds them."""
    then, here = old.config, now.result.method.config
    differing = [name for name in sorted({*then, *here}) if then.get(name) != here.get(name)]
    if not then or not differing:
        return f"preset {old.preset} there, {now.result.method.preset} now"
    more = f", and {len(differing) - _MOST_NAMED} more" if len(differing) > _MOST_NAMED else ""
    named = (f"{name} {then.get(name)}, now {here.get(name)}" for name in differing[:_MOST_NAMED])
    return one_line("; ".join(named) + more)


def _explanations(old: CaseBaseline, now: MeasuredCase) -> Iterator[str]:
    result, before = now.result, old.environment
    if old.config_hash != result.method.config_hash:
        yield f"another configuration than in the baseline ({_settings(old, now)})"
    yield from _differing("seed", str(old.seed), str(result.seed))
    yield from _differing("device", before.device, result.environment.device)
    packages = result.environment.packages
    for name in sorted({*before.packages, *packages}):
        yield from _differing(name, before.packages.get(name, ""), packages.get(name, ""))
