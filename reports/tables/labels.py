"""How rows are called: by the method's name, and by more where that is not enough."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from tgbench import plugins
from tgbench.configs import flat, setting_text
from tgbench.results import Variant
from tgbench.running.result import Result
from tgbench.running.settings import preset_settings

from .settings import PREFIX, setting

_MOST_SETTINGS = 4
"""More differing settings than this make no name; the configuration's hash does."""


def method_labels(results: Sequence[Result], elsewhere: Collection[str] = ()) -> dict[Variant, str]:
    """Return a label for each variant.

    Variants of one method that differ in preset, device or settings get labels that say so, with
    no more detail than distinguishes them. A setting is shown where it is not what the preset
    gives: the bare name is the method as it comes. Where that is not known here (the method is not
    installed, or its settings have other names by now), it is what most of them have.

    Args:
        results: whose methods get labels.
        elsewhere: settings that have a place of their own in the table.
    """
    by_name: dict[str, dict[Variant, Result]] = defaultdict(dict)
    for result in results:
        by_name[result.method.name][Variant.of(result)] = result
    labels: dict[Variant, str] = {}
    titles = _titles(by_name)
    for name, alike in by_name.items():
        found = _details(list(alike.values()), elsewhere)
        for key, details in zip(alike, found, strict=True):
            labels[key] = f"{titles[name]} ({', '.join(details)})" if details else titles[name]
    return labels


def _titles(by_name: Mapping[str, Mapping[Variant, Result]]) -> dict[str, str]:
    """Return how methods are called in print: by their title, or by their name.

    The name is used where the title is not known here, or where two would have one title.
    """
    specs = plugins.methods()
    titles = {
        name: specs[name].display_title if name in specs else _declared_title(alike) or name
        for name, alike in by_name.items()
    }
    taken = Counter(titles.values())
    return {name: title if taken[title] == 1 else name for name, title in titles.items()}


def _declared_title(alike: Mapping[Variant, Result]) -> str:
    """Return the title that results of a declared system hold."""
    systems = (result.method.system for result in alike.values())
    return next((system.title for system in systems if system is not None), "")


def _details(alike: Sequence[Result], elsewhere: Collection[str]) -> list[list[str]]:
    """Return for each result of one method the details that distinguish it from the others."""
    details = [
        [setting(result, field) for result in alike]
        for field in ("preset", "device")
        if field not in elsewhere
    ]
    details += _features(alike)
    differing = [texts for texts in details if len(set(texts)) > 1]
    shown = [[texts[index] for texts in differing] for index in range(len(alike))]
    # A variant has results of several seeds.
    known = [tuple(setting(r, field) for field in elsewhere if field != "seed") for r in alike]
    if _different(shown, known):
        return shown
    settings = _settings(alike, elsewhere)
    hashes = [[result.method.config_hash[:6]] for result in alike]
    readable = max(map(len, settings)) <= _MOST_SETTINGS and _different(
        [[*texts, *chosen] for texts, chosen in zip(shown, settings, strict=True)], known
    )
    return [
        texts + (chosen if readable else short)
        for texts, chosen, short in zip(shown, settings, hashes, strict=True)
    ]


def _features(alike: Sequence[Result]) -> list[list[str]]:
    """Return a detail for each result where one configuration read several files of features."""
    found = [(result.method.config_hash, Variant.of(result).features) for result in alike]
    if len(set(found)) == len({config for config, _ in found}):
        return []
    parts = [[part[:6] for part in features.split("+")] for _, features in found]
    return [[f"features {'+'.join(part)}" if any(part) else "features computed" for part in parts]]


def _different(shown: Sequence[Sequence[str]], known: Sequence[tuple[str, ...]]) -> bool:
    """Return whether no two agree in both what their labels show and what else is known."""
    pairs = {(tuple(texts), more) for texts, more in zip(shown, known, strict=True)}
    return len(pairs) == len(shown)


def _settings(alike: Sequence[Result], elsewhere: Collection[str]) -> list[list[str]]:
    """Return as KEY=VALUE what each configuration has that is not usual, where they differ."""
    chosen: list[list[str]] = [[] for _ in alike]
    configs = [flat(result.method.config) for result in alike]
    presets = [preset_settings(result) for result in alike]
    for key in dict.fromkeys(key for config in configs for key in config):
        values = [setting_text(config.get(key)) for config in configs]
        if PREFIX + key in elsewhere or len(set(values)) == 1:
            continue
        known = all(key in settings for settings in (*configs, *presets))
        usual = (
            [setting_text(preset[key]) for preset in presets] if known else _most_frequent(values)
        )
        for texts, value, expected in zip(chosen, values, usual, strict=True):
            if value != expected:
                texts.append(f"{key}={value}")
    return chosen


def _most_frequent(values: Sequence[str]) -> list[str | None]:
    """Return for each of several values the most frequent; none if two are equally frequent."""
    (value, most), (_, next_most) = Counter(values).most_common(2)
    return [None if most == next_most else value] * len(values)


def distinguishing(keys: Sequence[tuple[object, ...]]) -> list[str]:
    """Return for each key what it has that not all of them have; empty for a single one.

    Args:
        keys: different ones, of one metric.
    """
    flat = [tuple(_flattened(key)) for key in keys]
    if len({len(parts) for parts in flat}) == 1:
        differing = [len(set(values)) > 1 for values in zip(*flat, strict=True)]
    else:
        differing = [True] * max(map(len, flat), default=0)
    return [
        ", ".join(
            str(part)
            for part, differs in zip(parts, differing, strict=False)
            if differs and part not in (None, "")
        )
        for parts in flat
    ]


def _flattened(key: Iterable[object]) -> Iterable[object]:
    for part in key:
        if isinstance(part, tuple):
            yield from _flattened(part)
        else:
            yield part
