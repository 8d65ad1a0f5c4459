"""Checks of what a method says to bad input: one clear line that names the file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from ..audio_encoders.mel import SPEC as MEL
from ..errors import TgbenchError
from ..identities import Identity, Split, layout
from .bench import Bench
from .clips import change_poses, change_units, copied, without
from .comparing import difference
from .findings import DoesNotHold, NotTried, theirs
from .subject import Frames, StepCounter, checked

_BARE = "everything but the camera tables"
_SHARE = 4
"""A fit that went on for this part of its steps does not miss a file any more."""

_PATIENCE = 20.0
"""Seconds of a fit without progress that may be repeated for every group of files."""

_MOST_FILES = 4


class _Enough(BaseException):
    """Ends a fit that did not miss what was taken away."""


def says_which_file_is_missing(bench: Bench) -> str:
    """Take files of the identity away, group by group, then fit and render."""
    groups = _groups(bench)
    if bench.fit.steps < 2 and bench.fit.seconds > _PATIENCE:
        groups = {_BARE: groups[_BARE]}
    missed = [name for name, files in groups.items() if _misses(bench, name, files)]
    others = [name for name in groups if name not in missed]
    if not missed:
        return "needs none of the files of an identity but the camera tables"
    named = f"names what is missing: {', '.join(missed)}"
    return f"{named}; works without {', '.join(others)}" if others else named


def refuses_a_damaged_fit(bench: Bench) -> str:
    """Damage the files of a saved fit, one at a time, and load it."""
    files = sorted(path for path in bench.model.rglob("*") if path.is_file())
    if not files:
        raise NotTried("save writes no file")
    files = sorted(files, key=lambda path: -path.stat().st_size)[:_MOST_FILES]
    noticed = 0
    for number, path in enumerate(files):
        for what, damage in _DAMAGES.items():
            model = bench.folder / "damaged" / f"{number}-{what.replace(' ', '-')}"
            shutil.rmtree(model, ignore_errors=True)
            shutil.copytree(bench.model, model)
            spoilt = model / path.relative_to(bench.model)
            damage(spoilt)
            noticed += _notices(bench, model, spoilt, what)
    if not noticed:
        raise DoesNotHold("load reads none of the files that save wrote")
    return f"{len(files)} file(s) missing, cut short or overwritten: refused by name"


def refuses_the_fit_of_another(bench: Bench) -> str:
    """Load a saved fit with another identity and another split."""
    model, clip = bench.model, copied(bench.clip, bench.folder / "other")
    other = Identity(clip.folder.rename(clip.folder.with_name(f"{clip.name}-other")))
    split = other.split()
    poses = other.poses.copy()
    poses[:, :3, 3] *= 1.1
    change_poses(other, poses, range(len(other)))
    change_units(other, layout.ALL_ACTION_UNITS, range(len(other)), lambda values: 5.0 - values)
    other = Identity(other.folder)
    shorter = Split(split.train[:-1], split.test)
    method = bench.subject.new()
    error = _error_of(
        "load, with another identity and split,",
        lambda: method.load(model, other, shorter, bench.subject.device),
    )
    if error is not None:
        return f"refused: {error}"
    raise DoesNotHold(
        "load takes a fit of another identity and split; save whom it is of, and compare"
    )


def _groups(bench: Bench) -> dict[str, tuple[str, ...]]:
    """Return by name the files of an identity that are taken away together."""
    sound = (layout.AUDIO, *{MEL.file, bench.encoder.file})
    groups = {
        "frames": (layout.ORIGINAL, layout.GROUND_TRUTH),
        "parsing": (layout.PARSING,),
        "torso images": (layout.TORSO_IMAGE,),
        "landmarks": (layout.LANDMARKS,),
        layout.ACTION_UNITS: (layout.ACTION_UNITS,),
        layout.BACKGROUND: (layout.BACKGROUND,),
        "sound": sound,
    }
    return {_BARE: tuple(name for files in groups.values() for name in files), **groups}


def _misses(bench: Bench, name: str, files: Collection[str]) -> bool:
    """Return whether a method refuses an identity without some files, and names one of them."""
    lacking = copied(bench.clip, bench.folder / "without" / name.replace(" ", "-"))
    without(lacking, files, range(len(lacking)))
    known = {file.partition("/")[0] for file in files} | {str(lacking.folder)}
    for doing, step in (("fit", _fit), ("render", _render)):
        error = _error_of(f"{doing}, without {name},", partial(step, bench, lacking))
        if error is None:
            continue
        if not any(file in str(error) for file in known):
            raise DoesNotHold(f"{doing}, without {name}, names no file in its error: {error}")
        return True
    return False


def _fit(bench: Bench, lacking: Identity) -> None:
    limit = bench.fit.steps // _SHARE

    def at_step(steps: int) -> None:
        if limit and steps >= limit:
            raise _Enough

    workdir = lacking.folder.parent / "work"
    with suppress(_Enough):
        bench.subject.fit(bench.subject.new(), lacking, workdir, StepCounter(at_step))


def _render(bench: Bench, lacking: Identity) -> None:
    method, _ = bench.loaded_with(lacking)
    for _ in method.render(replace(bench.drive, backdrop=lacking)):
        pass


def _notices(bench: Bench, model: Path, spoilt: Path, what: str) -> bool:
    """Return whether a method refuses a damaged fit; it may also do without the file.

    Raises:
        DoesNotHold: it raises something else, names no file, or renders other frames.
    """
    method, doing = bench.subject.new(), f"load, with {spoilt.name} {what},"

    def load_and_render() -> Frames:
        method.load(model, bench.clip, bench.clip.split(), bench.subject.device)
        return np.stack(list(checked(method.render(bench.drive), bench.drive)))

    found: list[Frames] = []
    error = _error_of(doing, lambda: found.append(load_and_render()))
    if error is None and (apart := difference(bench.frames, found[0])):
        raise DoesNotHold(f"{doing} says nothing, and renders other frames: {apart}")
    if error is not None and spoilt.name not in str(error) and str(model) not in str(error):
        raise DoesNotHold(f"{doing} names no file in its error: {error}")
    return error is not None


def _error_of(doing: str, action: Callable[[], object]) -> TgbenchError | None:
    """Return the `TgbenchError` that an action raises; None: it raises nothing.

    Raises:
        DoesNotHold: it raises something else.
    """
    try:
        with theirs(doing, passing=TgbenchError):
            action()
    except TgbenchError as error:
        return error
    return None


def _cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _overwrite(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(max(64, path.stat().st_size)))


_DAMAGES: dict[str, Callable[[Path], None]] = {
    "missing": Path.unlink,
    "cut short": _cut,
    "overwritten": _overwrite,
}
