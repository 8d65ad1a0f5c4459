"""A cache of preparation stages, each identified by the hash of everything that goes into it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import atomic_path, hash_of, write_json
from ..inputs import read_json


@dataclass(frozen=True)
class StageKey:
    """What identifies the outcome of a stage."""

    name: str
    digest: str


class StageCache:
    """Remembers in a folder which stages are done, and with which inputs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def key(self, name: str, version: int, *inputs: object) -> StageKey:
        """Return the key of a stage from its version and inputs: settings or other keys."""
        parts = [part.digest if isinstance(part, StageKey) else part for part in inputs]
        return StageKey(name, hash_of([name, version, parts]))

    def done(self, key: StageKey) -> bool:
        """Tell whether the stage has been completed with the same inputs."""
        return self._read(key).get("digest") == key.digest

    @contextmanager
    def working(self, key: StageKey) -> Iterator[dict[str, Any]]:
        """Mark the stage as done when the block ends well, and as undone until then.

        Yields:
            For JSON values about the stage, which `facts` returns later.
        """
        self._marker(key).unlink(missing_ok=True)
        facts: dict[str, Any] = {}
        yield facts
        write_json(self._marker(key), {"stage": key.name, "digest": key.digest, "facts": facts})

    def facts(self, key: StageKey) -> dict[str, Any]:
        """Return what is known of a stage that is done."""
        facts = self._read(key).get("facts")
        return facts if isinstance(facts, dict) else {}

    def forget(self, *names: str) -> None:
        """Mark stages as undone, whatever they were done with: what they wrote goes away."""
        for name in names:
            (self.folder / f"{name}.json").unlink(missing_ok=True)

    def save(self, key: StageKey, **arrays: NDArray) -> None:
        """Keep arrays of a stage."""
        with atomic_path(self._arrays(key)) as temporary:
            np.savez(temporary, **arrays)

    def load(self, key: StageKey) -> dict[str, NDArray]:
        """Return what `save` kept."""
        with np.load(self._arrays(key), allow_pickle=False) as arrays:
            return dict(arrays)

    def _read(self, key: StageKey) -> dict[str, Any]:
        try:
            marker = read_json(self._marker(key))
        except (OSError, ValueError):
            return {}
        return marker if isinstance(marker, dict) else {}

    def _marker(self, key: StageKey) -> Path:
        return self.folder / f"{key.name}.json"

    def _arrays(self, key: StageKey) -> Path:
        return self.folder / f"{key.name}.npz"
