"""Where things lie in a folder of results.

    OUT/<protocol>/<identity>/<method>/<variant>/<driver>/   a case: result.json, video.mp4, ...
    OUT/models/<identity>/<method>/<hash>/                   a fit
    OUT/jobs/<address>.json                                  a job that a process of its own does

A variant is the preset, every setting that differs from it, and the seed, such as
`quick,motion=none,seed=1`. Earlier versions had no such level; see `without_variant`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..files import hash_of

MODELS = "models"
JOBS = "jobs"

_LONGEST = 100
_VARIANT = re.compile(r"(,seed=-?\d+|~[0-9a-f]{8})\Z")
_UNFIT = re.compile(r"[^\w.+=-]+")


def case_folder(
    out: Path, protocol: str, identity: str, method: str, variant: str, driver: str
) -> Path:
    """Return the folder of a case."""
    return out / protocol / identity / method / variant / driver


def without_variant(case: Path) -> Path:
    """Return where earlier versions kept the case of a folder."""
    return case.parents[1] / case.name


def variant_name(preset: str, changed: Mapping[str, Any], seed: int) -> str:
    """Return preset, changed settings and seed as the name of a folder.

    Args:
        preset: its name.
        changed: settings that differ from the preset, by name, and whatever else tells runs apart.
        seed: of every random choice.

    Returns:
        A readable name; where it is long, or a value holds signs that a name should not have, it
        ends in a hash that tells it from its like.
    """
    words = [preset, *(f"{key}={changed[key]}" for key in sorted(changed)), f"seed={seed}"]
    fit = [_UNFIT.sub("-", word) for word in words]
    name = ",".join(fit)
    if fit == words and len(name) <= _LONGEST:
        return name
    return f"{name[:_LONGEST].rstrip(',.')}~{hash_of(words)[:8]}"


def out_of(case: Path) -> Path:
    """Return the folder of results that the folder of a case lies in, whichever version made it."""
    parents = case.resolve().parents
    depth = 4 if _VARIANT.search(parents[0].name) else 3
    return parents[min(depth, len(parents) - 1)]
