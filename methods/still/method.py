"""The training frame with the nearest head pose, for every frame of a drive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.files import hash_of, write_json
from tgbench.identities import Identity, Split
from tgbench.inputs import read_json
from tgbench.interfaces import Drive, FitContext, FitReport, Image

from .poses import nearest_poses
from .spec import StillConfig

_STATE = "still.json"


class Still:
    """A floor: what a method that knows the pose, and cannot speak, gets."""

    def __init__(self, config: StillConfig) -> None:
        self._config = config
        self._identity: Identity | None = None
        self._train = range(0)

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Remember which frames may be shown; nothing is optimised."""
        if len(split.train) == 0:
            raise TgbenchError(f"{identity.folder}: has no training frame")
        self._identity, self._train = identity, split.train
        return FitReport(seconds=0.0, notes=("not trained: shows true training frames",))

    def render(self, drive: Drive) -> Iterator[Image]:
        """Yield for every pose the training frame with the nearest one, uint8 RGB [H, W, 3]."""
        identity = self._fitted()
        known = identity.poses[self._train.start : self._train.stop]
        nearest = nearest_poses(drive.poses, known, drive.intrinsics, self._config.head_radius)
        for index in nearest:
            yield identity.frame(self._train.start + int(index))

    def save(self, folder: Path) -> None:
        """Write which identity and frames were fitted."""
        write_json(folder / _STATE, _state(self._fitted(), self._train))

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Restore what `save` wrote.

        Raises:
            TgbenchError: it was saved for other frames or another clip, or cannot be read.
        """
        path = folder / _STATE
        try:
            saved = read_json(path)
        except (OSError, ValueError) as error:
            raise TgbenchError(
                f"{path}: cannot be read ({error}); delete it and run again"
            ) from error
        if not isinstance(saved, dict):
            raise TgbenchError(f"{path}: is not a state of this method; delete it and run again")
        expected = _state(identity, split.train)
        for key, value in expected.items():
            if saved.get(key) != value:
                raise TgbenchError(
                    f"{path}: was saved for another {key} ({saved.get(key)}, now {value}); "
                    "delete it and run again"
                )
        self._identity, self._train = identity, split.train

    def _fitted(self) -> Identity:
        if self._identity is None:
            raise RuntimeError("fit or load comes before render and save")
        return self._identity


def _state(identity: Identity, train: range) -> dict[str, object]:
    return {
        "identity": identity.name,
        "training range": [train.start, train.stop],
        "poses": hash_of(identity.poses.tolist()),
    }
