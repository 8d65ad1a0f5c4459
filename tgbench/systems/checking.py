"""Whether everything that a system takes is in place, before hours are spent on it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .. import plugins
from ..audio_encoders.mel import SPEC as MEL
from ..errors import TgbenchError
from ..faults import one_line
from ..identities import Identity, layout
from ..machine import free_memory_gb
from ..requirements import why_not_run
from ..synthetic.names import built_in
from .config import SystemConfig
from .declaration import Declaration
from .environments import (
    Contents,
    Environment,
    contents_of,
    environment_of,
    require_programs,
    run_python,
)
from .fields import Input, Stage
from .installation import find_checkout, find_weights
from .placeholders import expand
from .templates import unfilled

State = Literal["ok", "note", "missing"]

_IN_CHECKOUT = "{checkout}/"
_GPU_SECONDS = 40.0
_GPU_PROBE = "import torch; print('\\ncuda', torch.version.cuda, torch.cuda.is_available())"
_GPU_ANSWER = re.compile(r"^cuda (\S+) (True|False)$", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: what.
        state: "missing" where the system cannot run so.
        text: what was found, with the remedy where something is wrong.
    """

    subject: str
    state: State
    text: str


def check(
    declaration: Declaration, config: SystemConfig, identity: str, out: Path
) -> Iterator[Finding]:
    """Yield what is in place and what is not. No command of the system is run, but its Python.

    Args:
        declaration: of the system.
        config: where it is.
        identity: whose inputs are looked for, a built-in name or a folder; empty: nobody's.
        out: where results would go.
    """
    if fields := unfilled(declaration):
        yield Finding("declaration", "note", f"is still as the template has it: {fields}")
    checkout: Path | None = None
    try:
        checkout, state = find_checkout(declaration, config)
        if state is not None:
            differs = state.differs(declaration.commit)
            wanted = f"; the declaration is for {declaration.commit}" if differs else ""
            yield Finding("checkout", "note" if differs else "ok", f"{checkout}, {state}{wanted}")
    except TgbenchError as error:
        yield Finding("checkout", "missing", one_line(error))
        # A checkout at another commit still says whether weights and programs are there.
        if config.checkout and Path(config.checkout).expanduser().is_dir():
            checkout = Path(config.checkout).expanduser().absolute()
    yield from _files(declaration, checkout)
    yield from _weights(declaration, checkout)
    yield from _environment(declaration, config, checkout)
    yield from _machine(declaration, out)
    if own := built_in(identity):
        yield from _built_in_inputs(declaration, own)
    elif identity:
        yield from _inputs(declaration, Identity(Path(identity)))


def _files(declaration: Declaration, checkout: Path | None) -> Iterator[Finding]:
    """Look for the files of the checkout that commands name."""
    if checkout is None:
        return
    named: dict[str, None] = {}
    for stages in declaration.stages.values():
        for stage in stages:
            named |= dict.fromkeys(_named_files(stage))
    absent = [name for name in named if not (checkout / name).exists()]
    placed = {expand(file.path, {}) for file in declaration.weights.values()}
    absent = [name for name in absent if name not in placed]
    if absent:
        text = f"{checkout} has no {', '.join(absent)}; is it the right repository and commit?"
        yield Finding("commands", "missing", text)
    elif named:
        yield Finding("commands", "ok", f"the checkout has {', '.join(named)}")


def _named_files(stage: Stage) -> Iterator[str]:
    """Yield the paths in the checkout that a stage runs or needs."""
    script = stage.command[1] if len(stage.command) > 1 else ""
    if stage.command[0] == "python" and stage.folder == "{checkout}" and script.endswith(".py"):
        script = f"{_IN_CHECKOUT}{script}".replace(f"{_IN_CHECKOUT}{_IN_CHECKOUT}", _IN_CHECKOUT)
    for text in (stage.command[0], script, *stage.needs):
        inside = text.removeprefix(_IN_CHECKOUT)
        if inside != text and not re.search(r"[{}*?]", inside):
            yield inside


def _weights(declaration: Declaration, checkout: Path | None) -> Iterator[Finding]:
    for name, file in declaration.weights.items():
        alone = declaration.model_copy(update={"weights": {name: file}})
        subject = f"weights {name}"
        try:
            found, doubts = find_weights(alone, checkout)
        except TgbenchError as error:
            yield Finding(subject, "missing", one_line(error))
            continue
        for doubt in doubts:
            yield Finding(subject, "note", doubt)
        if not doubts:
            yield Finding(subject, "ok", str(next(iter(found.values()))))


def _environment(
    declaration: Declaration, config: SystemConfig, checkout: Path | None
) -> Iterator[Finding]:
    place = checkout or declaration.path.parent
    try:
        environment = environment_of(declaration, config.environment, place)
        contents = contents_of(environment, declaration.name, place)
    except TgbenchError as error:
        yield Finding("environment", "missing", one_line(error))
        return
    yield Finding("environment", "ok", str(contents))
    yield from _versions(declaration, contents)
    for program in declaration.environment.programs:
        try:
            require_programs([program], environment)
            yield Finding(f"program {program}", "ok", "is on the path")
        except TgbenchError as error:
            yield Finding(f"program {program}", "missing", one_line(error))
    if declaration.resources.gpus and "torch" in contents.packages:
        yield _gpu(environment, place)


def _versions(declaration: Declaration, contents: Contents) -> Iterator[Finding]:
    """Compare what is installed with what the authors name; a newer version may well do."""
    wanted = declaration.environment
    if wanted.python and not f"{contents.python}.".startswith(f"{wanted.python}."):
        text = f"is {contents.python}; the authors name {wanted.python}"
        yield Finding("Python", "note", text)
    for requirement in wanted.packages:
        name, _, version = requirement.partition("==")
        found = contents.packages.get(name.strip().lower())
        if found is None:
            yield Finding(name, "missing", f"is not in the environment; install {requirement}")
        elif version and found.partition("+")[0] != version.partition("+")[0]:
            yield Finding(name, "note", f"is {found}; the authors name {version}")


def _gpu(environment: Environment, place: Path) -> Finding:
    try:
        done = run_python(environment, _GPU_PROBE, place, _GPU_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("GPU", "note", f"PyTorch does not say whether it sees one ({error})")
    said = _GPU_ANSWER.search(done.said)
    if done.code or said is None:
        lines = done.said.strip().splitlines() or ["no reason given"]
        return Finding("GPU", "missing", f"PyTorch of the environment does not load: {lines[-1]}")
    if said[2] != "True":
        text = f"PyTorch of the environment (CUDA {said[1]}) sees none; the system needs one"
        return Finding("GPU", "missing", text)
    return Finding("GPU", "ok", f"PyTorch of the environment sees it (CUDA {said[1]})")


def _machine(declaration: Declaration, out: Path) -> Iterator[Finding]:
    wanted = declaration.resources
    place = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    free = shutil.disk_usage(place).free / 1e9
    enough = free >= wanted.disk_gb
    text = f"{free:.0f} GB free at {place}; a fit takes {wanted.disk_gb:g} GB"
    yield Finding("disk", "ok" if enough else "missing", text)
    if not os.access(place, os.W_OK):
        yield Finding("disk", "missing", f"{place} cannot be written to; choose another --out")
    memory = free_memory_gb()
    if memory is not None:
        text = f"{memory:.0f} GB free; a job takes {wanted.memory_gb:g} GB"
        yield Finding("memory", "ok" if memory >= wanted.memory_gb else "note", text)


def _built_in_inputs(declaration: Declaration, name: str) -> Iterator[Finding]:
    """A built-in person is not filmed for this: that takes minutes, and nothing lacks."""
    if declaration.audio_features:
        encoder = plugins.find(plugins.audio_encoders(), declaration.audio_features, "encoder")
        reason = "" if encoder.file == MEL.file else why_not_run(encoder)
        yield Finding("input features", "missing" if reason else "ok", reason or encoder.file)
    yield Finding("inputs", "ok", f"{name} has all other inputs")


def _inputs(declaration: Declaration, identity: Identity) -> Iterator[Finding]:
    """Look for what the system wants of an identity, each kind of input once."""
    kinds: dict[str, Input] = {each.what: each for each in declaration.inputs}
    for what in kinds:
        lacking = list(_lacking(what, declaration, identity))
        subject = f"input {what}"
        if lacking:
            text = f"{identity.name}: {'; '.join(lacking)}"
            yield Finding(subject, "missing", text)
        else:
            yield Finding(subject, "ok", f"{identity.name} has it")
    if "identity" in kinds and not (identity.folder / layout.ACTION_UNITS).is_file():
        text = f"{identity.name} has no {layout.ACTION_UNITS}, which some systems read"
        yield Finding("action units", "note", f"{text}; `tgbench prepare` makes it")


def _lacking(what: str, declaration: Declaration, identity: Identity) -> Iterator[str]:
    if what == "features":
        encoder = plugins.find(plugins.audio_encoders(), declaration.audio_features, "encoder")
        if identity.features_file(encoder) is None and (reason := why_not_run(encoder)):
            yield f"no {encoder.file}, and {reason}"
        return
    files = {
        "identity": (layout.GROUND_TRUTH, layout.TORSO_IMAGE, layout.PARSING, layout.LANDMARKS),
        "landmarks": (layout.LANDMARKS,),
        **dict.fromkeys(("video", "frames", "image"), (layout.ORIGINAL,)),
    }.get(what, ())
    tables = {
        "identity": (layout.BACKGROUND, layout.AUDIO),
        "background": (layout.BACKGROUND,),
        "audio": (layout.AUDIO,),
        "action_units": (layout.ACTION_UNITS,),
    }.get(what, ())
    absent = [name for name in tables if not (identity.folder / name).is_file()]
    absent += list(_missing_frames(files, identity))
    if absent:
        yield f"has no {', '.join(absent)}; `tgbench prepare` makes them"
    if what in ("identity", "action_units") and layout.ACTION_UNITS not in absent:
        try:
            _ = identity.action_units
        except TgbenchError as error:
            yield one_line(error)


def _missing_frames(patterns: Iterable[str], identity: Identity) -> Iterator[str]:
    """Yield the first file that lacks of each kind."""
    for pattern in patterns:
        paths = (identity.path(pattern, frame) for frame in range(len(identity)))
        absent = next((path for path in paths if not path.is_file()), None)
        if absent is not None:
            yield str(absent.relative_to(identity.folder))
