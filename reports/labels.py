"""How rows are called: by the method's name, and by more where that is not enough."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from tgbench.running.result import Result

Variant = tuple[str, str, str]
"""Method, configuration and device: what a row of a table stands for, whatever the seed."""

_MOST_SETTINGS = 4
"""More differing settings than this make no name; the configuration's hash does."""


def variant(result: Result) -> Variant:
    """Return what has a row of its own."""
    return result.method.name, result.method.config_hash, result.environment.device


def method_labels(results: Sequence[Result]) -> dict[Variant, str]:
    """Return a label for each variant.

    Variants of one method that differ in preset, device or settings get labels that say so, with
    no more detail than tells them apart. A setting is told where it is not what most have.
    """
    by_name: dict[str, dict[Variant, Result]] = defaultdict(dict)
    for result in results:
        by_name[result.method.name][variant(result)] = result
    labels: dict[Variant, str] = {}
    for name, alike in by_name.items():
        told = _told(list(alike.values()))
        for key, details in zip(alike, told, strict=True):
            labels[key] = f"{name} ({', '.join(details)})" if details else name
    return labels


def _told(alike: Sequence[Result]) -> list[list[str]]:
    """Return the details that tell results of one method apart, for each."""
    details: list[Callable[[Result], list[str]]] = [
        lambda result: [result.method.preset],
        lambda result: [result.environment.device],
    ]
    differing = [detail for detail in details if len({tuple(detail(r)) for r in alike}) > 1]
    told = [[text for detail in differing for text in detail(result)] for result in alike]
    if len({tuple(texts) for texts in told}) == len(alike):
        return told
    settings = _settings([result.method.config for result in alike])
    hashes = [[result.method.config_hash[:6]] for result in alike]
    readable = max(map(len, settings)) <= _MOST_SETTINGS
    return [
        texts + (chosen if readable else short)
        for texts, chosen, short in zip(told, settings, hashes, strict=True)
    ]


def _settings(configs: Sequence[Mapping[str, object]]) -> list[list[str]]:
    """Return as KEY=VALUE what each configuration has that most have not."""
    chosen: list[list[str]] = [[] for _ in configs]
    for key in dict.fromkeys(key for config in configs for key in config):
        values = [str(config.get(key)) for config in configs]
        (usual, most), *others = Counter(values).most_common(2)
        if not others:
            continue
        # No value is the usual one if two are equally frequent.
        tie = others[0][1] == most
        for texts, value in zip(chosen, values, strict=True):
            if tie or value != usual:
                texts.append(f"{key}={value}")
    return chosen
