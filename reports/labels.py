"""How rows are called: by the method's name, and by more where that is not enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from tgbench.running.result import Result

_DETAILS: tuple[Callable[[Result], str], ...] = (
    lambda result: result.method.preset,
    lambda result: f"seed {result.seed}",
    lambda result: result.environment.device,
    lambda result: result.method.config_hash[:6],
)


def method_labels(results: Sequence[Result]) -> dict[str, str]:
    """Return a label for each result by its case key.

    Results of one method that differ in preset, seed, device or configuration get labels that
    say so, with no more detail than tells them apart.
    """
    by_name: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_name[result.method.name].append(result)
    return {
        result.case_key: _label(result, _telling(alike))
        for alike in by_name.values()
        for result in alike
    }


def _telling(alike: Sequence[Result]) -> list[Callable[[Result], str]]:
    """Return in which details results of one method differ, the config's hash as a last resort."""
    *readable, config_hash = _DETAILS
    chosen = [detail for detail in readable if len({detail(result) for result in alike}) > 1]
    variants = {(r.method.config_hash, r.seed, r.environment.device) for r in alike}
    told = {(tuple(detail(r) for detail in chosen)) for r in alike}
    return [*chosen, config_hash] if len(told) < len(variants) else chosen


def _label(result: Result, details: Sequence[Callable[[Result], str]]) -> str:
    told = ", ".join(detail(result) for detail in details)
    return f"{result.method.name} ({told})" if told else result.method.name
