"""What a declared system is, for the keys of fits and results, and for who reads results."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TgbenchError, Unavailable
from ..files import hash_of, sha256
from ..inputs import reason
from ..specs import Fingerprint
from .config import SystemConfig
from .declaration import Declaration, Facts
from .fields import Stage
from .installation import find_checkout, find_weights

if TYPE_CHECKING:
    from .videos.declaration import VideosDeclaration

ENGINE_VERSION = 1
"""Grows when the same declaration would leave other frames, so that earlier results do not count.

The Python files of this package do not count, unlike those of a method that runs in this process:
other people's training takes a day, and most changes here do not touch it.
"""

_TRAINING_TIME = "what the commands of [[train]] took"


def fingerprint(declaration: Declaration, config: SystemConfig) -> Fingerprint:
    """Return what makes a system what it is: how it is run, its checkout, its weights.

    What a reader of the file learns (title, paper, published numbers) is no part of it, nor are
    limits. Rendering and output are no part of a fit, so that a mistake there costs no training.

    Raises:
        TgbenchError: the checkout or the weights are not there, or not as declared.
    """
    checkout, state = find_checkout(declaration, config)
    weights, _ = find_weights(declaration, checkout)
    said = declaration.model_dump(mode="json")
    environment = dict(said["environment"])
    del environment["remedy"], environment["interpreter"]
    fit = {
        "engine": ENGINE_VERSION,
        "checkout": state.fingerprint if state else "",
        "weights": {target: _content(path) for target, path in weights.items()},
        "environment": [environment, _environment_file(declaration)],
        "folders": said["folders"],
        "audio_features": declaration.audio_features,
        "inputs": [_input(declaration, index) for index in _indices(declaration, "fit")],
        "stages": [_stage(stage) for stage in (*declaration.prepare, *declaration.train)],
    }
    output = dict(said["output"])
    del output["largest_gb"]
    whole = {
        "fit": fit,
        "inputs": [_input(declaration, index) for index in _indices(declaration, "render")],
        "stages": [_stage(stage) for stage in declaration.render],
        "output": [output, _converter(declaration, declaration.output.converter)],
        "speed": said["speed"],
    }
    return Fingerprint(hash_of(fit), hash_of(whole))


def provenance(declaration: Declaration, config: SystemConfig) -> dict[str, Any]:
    """Return what results say of a system: the fields of `SystemRecord`.

    Raises:
        TgbenchError: as `fingerprint`.
    """
    checkout, state = find_checkout(declaration, config)
    weights, _ = find_weights(declaration, checkout)
    names = {file.path: name for name, file in declaration.weights.items()}
    return {
        **stated(declaration),
        "commit_found": state.commit if state else "",
        "changed_files": list(state.changed) if state else [],
        "environment": _environment(declaration),
        "weights": {names[target]: _content(path) for target, path in weights.items()},
        "training_time": _TRAINING_TIME if declaration.trains else "",
        "speed": declaration.speed.measured if declaration.speed else "",
    }


def stated(facts: Facts) -> dict[str, Any]:
    """Return what results say of any system, also of one of which there are only videos."""
    return {
        "title": facts.title or facts.name,
        "paper": facts.paper,
        "repository": facts.repository,
        "commit": facts.commit,
        "licence": facts.licence,
        "permits": facts.permits,
        "contamination": dict(facts.contamination),
        "randomness": facts.randomness,
    }


def fingerprint_of_videos(declaration: VideosDeclaration) -> Fingerprint:
    """Return what tells finished videos from others, beside the videos themselves."""
    rules = dataclasses.asdict(declaration.videos.align)
    whole = hash_of([ENGINE_VERSION, json.loads(json.dumps(rules))])
    return Fingerprint(hash_of([ENGINE_VERSION, "videos"]), whole)


def _environment(declaration: Declaration) -> str:
    """Return in a few words what the commands run in, as declared."""
    wanted = declaration.environment
    named = wanted.file or wanted.image or (f"Python {wanted.python}" if wanted.python else "")
    return ", ".join(filter(None, [wanted.kind, named, *wanted.packages]))


def _environment_file(declaration: Declaration) -> str:
    """Return the SHA-256 of the environment's file; one in the checkout is part of its state."""
    name = declaration.environment.file
    if not name or name.startswith("{checkout}/"):
        return ""
    return sha256(_beside(declaration, name))


def _converter(declaration: Declaration, named: str) -> str:
    """Return the SHA-256 of a converter's file."""
    module = named.partition(":")[0]
    if not module:
        return ""
    if module.endswith(".py"):
        return sha256(_beside(declaration, module))
    import importlib.util

    found = importlib.util.find_spec(module)
    return sha256(Path(found.origin)) if found and found.origin else ""


def _beside(declaration: Declaration, name: str) -> Path:
    path = declaration.path.parent / name
    if not path.is_file():
        raise TgbenchError(f"{declaration.path}: there is no {name} beside it")
    return path


def _content(path: Path) -> str:
    """Return the SHA-256 of a file, which may have gigabytes: hashed once for each state of it."""
    try:
        state = path.stat()
        return _content_of(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise Unavailable(f"{path}: cannot be read ({reason(error)})") from error


@cache
def _content_of(path: Path, _size: int, _changed: int) -> str:
    return sha256(path)


def _indices(declaration: Declaration, phase: str) -> list[int]:
    return [index for index, each in enumerate(declaration.inputs) if each.phase in (None, phase)]


def _input(declaration: Declaration, index: int) -> list[Any]:
    wanted = declaration.inputs[index]
    return [wanted.model_dump(mode="json"), _converter(declaration, wanted.converter)]


def _stage(stage: Stage) -> dict[str, Any]:
    return stage.model_dump(mode="json", exclude={"time_limit"})
