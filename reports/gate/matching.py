"""Whether results may be compared with a baseline at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tgbench.comparability import Condition, Facts, case_facts, differing, value_facts
from tgbench.errors import TgbenchError

from .baseline import Baseline, CaseBaseline
from .measured import Key, Measured, one_line, title

_MOST_TOLD = 5
_MOST_NAMED = 5
_SHORT = 12
_HASH = re.compile(r"[0-9a-f]{64}")


def refuse_unlike(
    baseline: Baseline, cases: Mapping[Key, Measured], path: Path, remedy: str
) -> None:
    """Make sure that all cases that both have were measured alike.

    Raises:
        TgbenchError: they were not; it names what differs, and the remedy.
    """
    pairs = [(case, cases[case.key]) for case in baseline.cases if case.key in cases]
    found = [f"{title(old.key)}: {told}" for old, now in pairs for told in _differences(old, now)]
    if not found:
        return
    rest = len(found) - _MOST_TOLD
    more = f"; and {rest} more" if rest > 0 else ""
    raise TgbenchError(
        f"{path}: these results cannot be compared with this baseline: "
        f"{'; '.join(found[:_MOST_TOLD])}{more}; {remedy}"
    )


def _differences(old: CaseBaseline, now: Measured) -> Iterator[str]:
    then, here = _facts(old), case_facts(now.result, now.source_frames)
    for condition in differing(then, here):
        if condition is Condition.FRAMES:
            yield _frames(old.source_frames, now.source_frames)
        else:
            yield from _unlike(condition, _words(then[condition]), _words(here[condition]))
    for name, metric in old.metrics.items():
        record = now.metrics.get(name)
        if record is None or record.value is None:
            continue
        then, here = value_facts(metric), value_facts(record)
        for condition in differing(then, here):
            yield from _unlike(
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


def _unlike(what: str, old: str, now: str) -> Iterator[str]:
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
        f"{_first_unlike(old, now)}"
    )


def _range(frames: Sequence[int]) -> str:
    if not frames:
        return "none"
    return f"{len(frames)} ({frames[0]} to {frames[-1]})"


def _first_unlike(old: Sequence[int], now: Sequence[int]) -> str:
    """Tell frame sets apart that have the same size and ends."""
    if _range(old) != _range(now):
        return ""
    there, here = next(pair for pair in zip(old, now, strict=True) if pair[0] != pair[1])
    return f", which differ first at {there} there, {here} now"


def worth_knowing(baseline: Baseline, cases: Mapping[Key, Measured]) -> list[str]:
    """Return what differs but forbids no comparison: each explains a change."""
    told: dict[str, list[str]] = {}
    for old in baseline.cases:
        if old.key in cases:
            for note in _explanations(old, cases[old.key]):
                told.setdefault(note, []).append(old.method)
    return [f"{', '.join(dict.fromkeys(methods))}: {note}" for note, methods in told.items()]


def _settings(old: CaseBaseline, now: Measured) -> str:
    """Name the settings that differ, as far as the baseline holds them."""
    then, here = old.config, now.result.method.config
    unlike = [name for name in sorted({*then, *here}) if then.get(name) != here.get(name)]
    if not then or not unlike:
        return f"preset {old.preset} there, {now.result.method.preset} now"
    more = f", and {len(unlike) - _MOST_NAMED} more" if len(unlike) > _MOST_NAMED else ""
    named = (f"{name} {then.get(name)}, now {here.get(name)}" for name in unlike[:_MOST_NAMED])
    return one_line("; ".join(named) + more)


def _explanations(old: CaseBaseline, now: Measured) -> Iterator[str]:
    result, before = now.result, old.environment
    if old.config_hash != result.method.config_hash:
        yield f"another configuration than in the baseline ({_settings(old, now)})"
    yield from _unlike("seed", str(old.seed), str(result.seed))
    yield from _unlike("device", before.device, result.environment.device)
    packages = result.environment.packages
    for name in sorted({*before.packages, *packages}):
        yield from _unlike(name, before.packages.get(name, ""), packages.get(name, ""))
