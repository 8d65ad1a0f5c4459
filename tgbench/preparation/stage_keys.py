"""What every stage of a preparation depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ..specs import BackendKind
from .backends.choice import Choice
from .crop import Crop
from .source import Source
from .stages import StageCache, StageKey

STAGES = ("faces", "frames", *(kind.value for kind in BackendKind), "plate", "composites")
"""Names of all stages, in order, without "identity", which needs all of them."""


class StageKeys:
    """The keys of a preparation's stages: a stage is redone when its key changes."""

    def __init__(self, cache: StageCache, source: Source, size: int, backends: Choice) -> None:
        """Take what was asked for.

        Raises:
            TgbenchError: a file that a backend's setting names cannot be read.
            Unavailable: a weight file of a backend is missing or another one.
        """
        self._cache, self._source, self._size, self._backends = cache, source, size, backends
        self._identities: Mapping[BackendKind, dict[str, Any]] = {
            kind: backends[kind].identity() for kind in BackendKind
        }

    def identity(self) -> StageKey:
        """Return the key of the whole."""
        return self._cache.key(
            "identity",
            4,
            video=self._source.pictures_key,
            sound=self._source.hashes["audio"],
            size=self._size,
            backends=self._identities,
        )

    def faces(self) -> StageKey:
        """Return the key of the first look."""
        return self._cache.key("faces", 2, video=self._source.pictures_key)

    def frames(self, faces: StageKey, crop: Crop) -> StageKey:
        """Return the key of the frames and what MediaPipe sees in them."""
        return self._cache.key(
            "frames",
            4,
            faces=faces,
            crop=crop.side,
            window=hashlib.sha256(crop.corners.tobytes()).hexdigest(),
            size=self._size,
            length=self._source.heard,
        )

    def backends(self, frames: StageKey) -> dict[BackendKind, StageKey]:
        """Return the key of what every backend makes; it changes with what the backend reads."""
        keys: dict[BackendKind, StageKey] = {}
        for kind in BackendKind:
            read = {earlier.value: keys[earlier] for earlier in self._backends[kind].spec.after}
            keys[kind] = self._cache.key(
                kind.value, 2, frames=frames, **read, backend=self._identities[kind]
            )
        return keys

    def plate(self, person: StageKey) -> StageKey:
        """Return the key of the background plate; `person` tells it from the person."""
        return self._cache.key("plate", 1, person=person)

    def composites(self, plate: StageKey, parsing: StageKey) -> StageKey:
        """Return the key of ground truth and torso images."""
        return self._cache.key("composites", 1, plate=plate, parsing=parsing)
