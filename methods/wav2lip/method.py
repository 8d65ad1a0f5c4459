"""Wav2Lip as a plug-in of the suite."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tgbench.arrays import map_array
from tgbench.configs import flat
from tgbench.errors import TgbenchError
from tgbench.files import atomic_path, hash_of, sha256, write_json
from tgbench.identities import Identity, Split
from tgbench.identities.resolve import resolve_identity
from tgbench.inputs import read_json
from tgbench.interfaces import Drive, FitContext, FitReport, Image
from tgbench.progress import SILENT

from ..shared.checkpoint import clip_files
from ..shared.checks import usable_device
from .checkpoints import Weights, load_generator
from .crops import cropped, images, network_input, pasted
from .faces import Box, FaceFinder, face_finder, padded, smoothed
from .mel import Speech
from .references import References
from .spec import Wav2LipConfig

_STATE, _REFERENCES = "wav2lip.json", "references.npy"


class Wav2Lip:
    """Edits the mouth of the true video by what is said."""

    def __init__(self, config: Wav2LipConfig) -> None:
        self._config = config
        self._weights: Weights | None = None
        self._references: References | None = None
        self._identity: Identity | None = None
        self._train = range(0)
        self._device = torch.device("cpu")
        self._finder: FaceFinder | None = None

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Load the network, and keep reference faces; the person trains nothing.

        Raises:
            TgbenchError: there are no training frames, none of the references shows a face, or the
                reference clip is not there or is the person's own.
            Unavailable: the weights or the detector are missing.
        """
        if len(split.train) == 0:
            raise TgbenchError(f"{identity.folder}: has no training frame to take as a reference")
        self._device = usable_device(context.device, "Wav2Lip")
        clip, frames = self._reference_frames(identity, split.train, context)
        self._weights = load_generator(self._config, self._device, context.progress)
        self._identity, self._train = identity, split.train
        self._references = self._chosen_references(clip, frames, context)
        source = "training frames" if clip is identity else f"frames of the clip {clip.name}"
        notes = (self._weights.note, f"reference faces: {source}")
        return FitReport(seconds=0.0, notes=notes)

    def render(self, drive: Drive) -> Iterator[Image]:
        """Yield the true frames of a drive with another mouth, uint8 RGB [H, W, 3].

        Raises:
            TgbenchError: not fitted, a frame without a face, or a sound that holds no numbers.
        """
        if self._weights is None or self._references is None or self._identity is None:
            raise RuntimeError("fit or load comes before render and save")
        speech = Speech(drive.audio)
        places = iter(enumerate(self._placed(self._identity, drive.source_frames)))
        while batch := list(itertools.islice(places, self._config.batch)):
            numbers = [number for number, _ in batch]
            mels = torch.from_numpy(speech.windows(numbers, drive.fps)[:, None])
            frames = [frame for _, (frame, _) in batch]
            boxes = [box for _, (_, box) in batch]
            faces = [cropped(frame, box) for frame, box in zip(frames, boxes, strict=True)]
            seen = network_input(faces, [self._references.like(face) for face in faces])
            with torch.inference_mode():
                made = self._weights.network(mels.to(self._device), seen.to(self._device))
            for frame, face, box in zip(frames, images(made), boxes, strict=True):
                yield pasted(frame, face, box)

    def save(self, folder: Path) -> None:
        """Write the references, and which network and clip they belong to."""
        if self._weights is None or self._references is None or self._identity is None:
            raise RuntimeError("fit or load comes before render and save")
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(folder / _REFERENCES) as temporary:
            np.save(temporary, self._references.faces)
        state = _origin(self._config, self._identity, self._train)
        state["references"] = sha256(folder / _REFERENCES)
        state["weights"] = self._weights.sha256
        write_json(folder / _STATE, state)

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Restore what `save` wrote for the same config, identity and split.

        Raises:
            TgbenchError: it cannot be read, or was saved for other frames, settings or weights.
        """
        saved = _read_state(folder / _STATE)
        expected = _origin(self._config, identity, split.train)
        self._device = usable_device(device, "Wav2Lip")
        path = folder / _REFERENCES
        try:
            expected["references"] = sha256(path)
            faces = np.array(map_array(path))
        except (OSError, ValueError) as error:
            raise TgbenchError(f"{path}: cannot be read ({error}); delete it, run again") from error
        self._weights = load_generator(self._config, self._device, SILENT)
        expected["weights"] = self._weights.sha256
        for key, value in expected.items():
            if saved.get(key) != value:
                raise TgbenchError(
                    f"{folder / _STATE}: was saved for another {key} ({saved.get(key)}, now "
                    f"{value}); delete it and run again"
                )
        self._references = References(faces)
        self._identity, self._train = identity, split.train

    def _reference_frames(
        self, identity: Identity, train: range, context: FitContext
    ) -> tuple[Identity, range]:
        name = self._config.reference_clip
        if not name:
            return identity, train
        clip = resolve_identity(name, identity.intrinsics.width, context.progress)
        if _same_clip(clip, identity):
            raise TgbenchError(
                f"reference_clip {name}: is the clip whose held-out frames are edited, so true "
                "mouths would be seen; name another one, or leave it empty for training frames"
            )
        return clip, range(len(clip))

    def _chosen_references(
        self, identity: Identity, frames: range, context: FitContext
    ) -> References:
        count = min(self._config.references, len(frames))
        chosen = np.linspace(frames.start, frames.stop - 1, count).round().astype(int)
        found = []
        with context.progress.task("finding reference faces", count) as task:
            for frame in map(int, chosen):
                image = identity.frame(frame)
                box = self._detector().find(image)
                if box is not None:
                    inside = padded(box, self._config.pads, *image.shape[:2])
                    found.append(cropped(image, next(smoothed([inside], 1))))
                task.advance()
        if not found:
            raise TgbenchError(
                f"{identity.folder}: no face is found in any of {count} frames; give a "
                "clip that shows a face"
            )
        return References(np.stack(found))

    def _placed(
        self, identity: Identity, sources: NDArray[np.int64]
    ) -> Iterator[tuple[Image, Box]]:
        """Yield each true frame and where its face is; a few frames are held at a time."""
        frames, again = itertools.tee(identity.frame(int(source)) for source in sources)
        boxes = (
            self._place(identity, int(source), frame)
            for source, frame in zip(sources, again, strict=True)
        )
        return zip(frames, smoothed(boxes, self._config.smoothing), strict=True)

    def _place(self, identity: Identity, source: int, frame: Image) -> NDArray[np.float64]:
        box = self._detector().find(frame)
        where = f"{identity.folder}: frame {source}"
        if box is None:
            raise TgbenchError(
                f"{where}: no face is found in it, so there is no mouth to edit; cut such frames "
                "out of the clip"
            )
        try:
            return padded(box, self._config.pads, *frame.shape[:2])
        except TgbenchError as error:
            raise TgbenchError(f"{where}: {error}") from error

    def _detector(self) -> FaceFinder:
        if self._finder is None:
            self._finder = face_finder(self._config.detector, str(self._device))
        return self._finder


def _same_clip(clip: Identity, other: Identity) -> bool:
    """Return whether it is the same folder, or a copy of it."""
    if clip.folder.resolve() == other.folder.resolve():
        return True
    return np.array_equal(clip.frame(0), other.frame(0))


def _origin(config: Wav2LipConfig, identity: Identity, train: range) -> dict[str, Any]:
    origin = {
        "settings": hash_of(flat(config)),
        "identity": identity.name,
        "training range": [train.start, train.stop],
    }
    # The references are kept, so a clip that is gone is no fault; one that was made again is.
    if config.reference_clip and (folder := Path(config.reference_clip)).is_dir():
        origin["reference clip"] = hash_of(clip_files(folder))
    return origin


def _read_state(path: Path) -> dict[str, Any]:
    try:
        saved = read_json(path)
    except (OSError, ValueError) as error:
        raise TgbenchError(f"{path}: cannot be read ({error}); delete it and run again") from error
    if not isinstance(saved, dict):
        raise TgbenchError(f"{path}: is not a state of this method; delete it and run again")
    return saved
