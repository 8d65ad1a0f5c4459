"""What tells ways of measuring apart, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Key = tuple[object, ...]
"""`Cell.comparable`, or several of them in one tuple."""


def told_apart(keys: Sequence[Key]) -> list[str]:
    """Return for each key what it has that not all of them have; empty for a single one.

    Args:
        keys: different ones, of one metric.
    """
    flat = [tuple(_parts(key)) for key in keys]
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


def _parts(key: Iterable[object]) -> Iterable[object]:
    for part in key:
        if isinstance(part, tuple):
            yield from _parts(part)
        else:
            yield part
