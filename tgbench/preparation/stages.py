"""A cache of preparation stages, each identified by the hash of everything that goes into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import atomic_path, hash_of, write_json
from ..inputs import read_json


@dataclass(frozen=True)
class StageKey:
    """What identifies the outcome of a stage.

    Attributes:
        name: of the stage.
        digest: of all that goes into it.
        inputs: the digest of each input by its name, and of the stage's version.
    """

    name: str
    digest: str
    inputs: Mapping[str, str] = field(default_factory=dict, compare=False)


class StageCache:
    """Remembers in a folder which stages are done, and with which inputs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def key(self, name: str, version: int, **inputs: object) -> StageKey:
        """Return the key of a stage from its version and inputs: settings or other keys."""
        parts = {
            label: part.digest if isinstance(part, StageKey) else part
            for label, part in inputs.items()
        }
        named = {label: hash_of(part) for label, part in {**parts, "version": version}.items()}
        return StageKey(name, hash_of([name, version, [*parts.values()]]), named)

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
        content = {"stage": key.name, "digest": key.digest, "inputs": {**key.inputs}}
        write_json(self._marker(key), {**content, "facts": facts})

    def since(self, name: str) -> float | None:
        """Return when a stage was completed, seconds since 1970; None if it was not."""
        try:
            return (self.folder / f"{name}.json").stat().st_mtime
        except OSError:
            return None

    def changed(self, key: StageKey) -> list[str]:
        """Return the names of inputs that are not those with which a stage was completed."""
        earlier = self._read(key).get("inputs")
        if not isinstance(earlier, dict):
            return ["version"]
        # What another backend reads besides has not changed.
        return [name for name, digest in key.inputs.items() if earlier.get(name, digest) != digest]

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
        with atomic_path(self.arrays_of(key)) as temporary:
            np.savez(temporary, **arrays)

    def load(self, key: StageKey) -> dict[str, NDArray]:
        """Return what `save` kept."""
        with np.load(self.arrays_of(key), allow_pickle=False) as arrays:
            return dict(arrays)

    def arrays_of(self, key: StageKey) -> Path:
        """Return the file of a stage's arrays."""
        return self.folder / f"{key.name}.npz"

    def _read(self, key: StageKey) -> dict[str, Any]:
        try:
            marker = read_json(self._marker(key))
        except (OSError, ValueError):
            return {}
        return marker if isinstance(marker, dict) else {}

    def _marker(self, key: StageKey) -> Path:
        return self.folder / f"{key.name}.json"
