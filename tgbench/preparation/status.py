"""How far a preparation is, and what the same or another one would redo, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..identities import layout
from ..specs import BackendKind
from .backends.choice import choose_backends
from .crop import choose_crop
from .faces import FaceBoxes
from .requests import WORK, Request
from .source import open_source
from .stage_keys import STAGES, StageKeys
from .stages import StageCache, StageKey

_CHANGED = {
    "video": "another video",
    "sound": "another sound",
    "length": "the sound is longer or shorter",
    "size": "another size",
    "crop": "another crop",
    "window": "another crop",
    "backend": "another backend, setting or weight file",
    "backends": "another backend, setting or weight file",
    "version": "made by another version of tgbench",
}


@dataclass(frozen=True)
class StageStatus:
    """One stage of a preparation.

    Attributes:
        name: of the stage.
        backend: that makes it; empty where no backend does.
        since: when it was completed, seconds since 1970; None if it was not.
        redo: why it would be redone; empty if it would not.
    """

    name: str
    backend: str
    since: float | None
    redo: str


def preparation_status(folder: Path, request: Request) -> list[StageStatus]:
    """Return the stages of a folder, as if `request` were prepared there now; changes nothing.

    Args:
        folder: that `tgbench prepare` made, whole or not.
        request: what it would be asked for.

    Raises:
        TgbenchError: the video or sound cannot be read, or there is no such backend.
        Unavailable: something that a backend needs is not here.
    """
    audio = None if request.audio is None else Path(request.audio)
    source = open_source(Path(request.video), audio, request.deinterlace)
    chosen = choose_backends(request.backends, request.settings)
    cache = StageCache(folder / WORK)
    keys = StageKeys(cache, source, request.size, chosen)
    known: dict[str, StageKey] = {"faces": keys.faces()}
    if cache.done(known["faces"]):
        arrays = cache.load(known["faces"])
        boxes = FaceBoxes(arrays["boxes"], float(arrays["several"])).at(source.heard, layout.FPS)
        shown = (source.info.width, source.info.height)
        crop = choose_crop(boxes, shown, layout.FPS)
        known["frames"] = keys.frames(known["faces"], crop)
    if "frames" in known and cache.done(known["frames"]):
        made = keys.backends(known["frames"])
        known |= {kind.value: key for kind, key in made.items()}
        parsing = made[BackendKind.PARSING]
        person = parsing if chosen[BackendKind.PARSING].spec.finds_person else known["frames"]
        known["plate"] = keys.plate(person)
        known["composites"] = keys.composites(known["plate"], parsing)
    names = {kind.value: backend.spec.name for kind, backend in chosen.items()}
    stages = [*_stages(cache, known, names)]
    return [*stages, _whole(folder, cache, keys.identity(), stages)]


def _stages(
    cache: StageCache, known: Mapping[str, StageKey], names: Mapping[str, str]
) -> Iterator[StageStatus]:
    missing = ""
    for name in STAGES:
        since = cache.since(name)
        key = known.get(name)
        redo = _why(cache, key, since) if key is not None else f"after {missing}"
        if redo and name in ("faces", "frames"):
            missing = missing or name
        yield StageStatus(name, names.get(name, ""), since, redo)


def _whole(
    folder: Path, cache: StageCache, key: StageKey, stages: list[StageStatus]
) -> StageStatus:
    since = cache.since(key.name) if (folder / layout.PROVENANCE).is_file() else None
    redo = _why(cache, key, since)
    first = next((stage.name for stage in stages if stage.redo), "")
    return StageStatus(key.name, "", since, redo or (first and f"after {first}"))


def _why(cache: StageCache, key: StageKey, since: float | None) -> str:
    """Return why a stage would be redone; empty if it would not."""
    if since is None:
        return "not made, or interrupted"
    if cache.done(key):
        return ""
    changed = dict.fromkeys(_CHANGED.get(name, f"after {name}") for name in cache.changed(key))
    return ", ".join(changed) or "made by another version of tgbench"
