"""What the parts of a declaration must be, beyond their types."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from .. import plugins
from ..specs import CompositeMode, LeakedCondition
from ..weights.table import TABLE
from .placeholders import MEANINGS, OF_ALL, OF_INPUTS, OF_RENDERING, placeholders_of

if TYPE_CHECKING:
    from .declaration import Declaration, Facts
    from .fields import Phase, Stage

_WILDCARDS = frozenset("*?[")
_NUMBERED = re.compile(r"[^%]*%(0?\d{1,2})?d[^%/]*")


def _text(text: str) -> str:
    """Check the placeholders of a text.

    Raises:
        ValueError: one does not exist, or a brace has no partner.
    """
    for name in placeholders_of(text):
        if name not in MEANINGS:
            near = difflib.get_close_matches(name, MEANINGS, n=1)
            known = ", ".join(f"{{{each}}}" for each in MEANINGS)
            hint = f"did you mean {{{near[0]}}}?" if near else f"known: {known}"
            raise ValueError(f"'{text}' has an unknown placeholder {{{name}}}; {hint}")
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return text


def _plain_path(text: str) -> str:
    """Check a path that is relative to a folder and stays in it; `{name}` may be part of it.

    Raises:
        ValueError: it is absolute, leads out of the folder, or has other placeholders.
    """
    _text(text)
    if others := [name for name in placeholders_of(text) if name != "name"]:
        raise ValueError(f"'{text}' may hold {{name}}, not {{{others[0]}}}; it is a relative path")
    if is_escape(text):
        raise ValueError(f"'{text}' leads out of its folder; give a relative path without '..'")
    return text


def is_escape(text: str) -> bool:
    """Whether a path is absolute, leads upwards, or means other things on other systems."""
    path = PurePosixPath(text)
    is_odd = not text or "\\" in text or bool(re.search(r"[\x00-\x1f]", text)) or text[0] == "~"
    return is_odd or path.is_absolute() or ".." in path.parts


def _converter(text: str) -> str:
    """Check the name of a converter.

    Raises:
        ValueError: it is neither in a module nor in a file beside the declaration.
    """
    if text and not re.fullmatch(r"([A-Za-z_]\w*(\.[A-Za-z_]\w*)*|[\w-]+\.py):[A-Za-z_]\w*", text):
        raise ValueError(
            f"'{text}' is neither 'module:name' nor 'file.py:name' of a file beside it"
        )
    return text


def _variable(text: str) -> str:
    """Check the name of an environment variable.

    Raises:
        ValueError: it cannot be one.
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", text, re.ASCII):
        raise ValueError(f"'{text}' cannot be the name of an environment variable")
    return text


Text = Annotated[str, AfterValidator(_text)]
"""A text with placeholders."""

Converter = Annotated[str, AfterValidator(_converter)]
"""What turns inputs or outputs into others, or empty."""

Variable = Annotated[str, AfterValidator(_variable)]
"""The name of an environment variable."""

PlainPath = Annotated[str, AfterValidator(_plain_path)]
"""A path in a folder."""


def faults(declaration: Declaration) -> Iterator[str]:
    """Yield what is wrong between the parts of a declaration."""
    yield from _names(declaration)
    yield from _environment(declaration)
    yield from _inputs(declaration)
    yield from _stages(declaration)


def faults_of_published(facts: Facts) -> Iterator[str]:
    """Yield what is wrong with the published numbers of any declaration."""
    for index, row in enumerate(facts.published, 1):
        yield from _unknown(f"published.{index}.protocol", row.protocol, plugins.protocols())
        for name in row.metrics:
            yield from _unknown(f"published.{index}.metrics", name, plugins.metrics())


def _names(declaration: Declaration) -> Iterator[str]:
    encoder = declaration.audio_features
    if encoder:
        yield from _unknown("audio_features", encoder, plugins.audio_encoders())
    yield from faults_of_published(declaration)
    for name, file in declaration.weights.items():
        if placeholders_of(file.path):
            yield f"weights.{name}.path: '{file.path}' holds {{name}}; weights are of no identity"
        if not file.source:
            yield from _unknown("weights", name, TABLE, ", or say where it can be had (source)")
        elif name in TABLE:
            yield f"weights.{name}: the weight store knows its source; give its path alone"


def _unknown(place: str, name: str, known: Iterable[str], other: str = "") -> Iterator[str]:
    names = sorted(known)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names)}"
        yield f"{place}: there is no '{name}'; {hint}{other}"


def _environment(declaration: Declaration) -> Iterator[str]:
    environment = declaration.environment
    wanted = {"conda": "file", "docker": "image", "podman": "image", "apptainer": "image"}
    field = wanted.get(environment.kind, "interpreter")
    for other in ("interpreter", "file", "image"):
        if other != field and getattr(environment, other):
            yield f"environment.{other}: kind '{environment.kind}' takes '{field}' instead"
    if field != "interpreter" and not getattr(environment, field):
        yield f"environment.{field} is missing; kind '{environment.kind}' takes it"
    for name in ("image", "interpreter"):
        if getattr(environment, name).startswith("-"):
            yield f"environment.{name}: '{getattr(environment, name)}' would be taken for an option"
    for name, text in environment.variables.items():
        for other in set(placeholders_of(text)) - OF_ALL:
            yield f"environment.variables.{name}: {{{other}}} does not exist in all commands"
    file = environment.file.removeprefix("{checkout}/")
    if file and (placeholders_of(file) or is_escape(file)):
        yield f"environment.file: '{file}' must be beside this file, or '{{checkout}}/...'"


def _inputs(declaration: Declaration) -> Iterator[str]:
    sees_truth = False
    for index, each in enumerate(declaration.inputs, 1):
        place = f"inputs.{index}"
        if each.what != "identity" and each.name == ".":
            yield f"{place}.name is missing: the file, or folder, in {{identity}}"
        if each.what == "features" and not declaration.audio_features:
            yield f"{place}: 'features' need audio_features, the encoder that makes them"
        if each.leading_blanks and each.what not in ("identity", "action_units", "landmarks"):
            yield f"{place}.leading_blanks: only action units and landmarks have columns"
        if each.sound and (each.what != "video" or each.name.endswith(".avi")):
            yield f"{place}.sound: only an input 'video' in an MP4 can hold the sound"
        if each.what == "frames" and "%" in each.name and not _NUMBERED.fullmatch(each.name):
            yield f"{place}.name: '{each.name}' must hold one %d, such as '%05d.png'"
        if each.silence and each.what != "audio":
            yield f"{place}.silence: only an input 'audio' has a sound"
        if each.shows == "truth" and each.phase == "fit":
            yield f"{place}.shows: images for fitting are true frames anyway; leave it out"
        sees_truth |= each.shows == "truth"
    phases: tuple[Phase, ...] = ("fit", "render")
    for phase in phases:
        known: list[str] = [each.what for each in declaration.inputs_of(phase)]
        for what in sorted(OF_INPUTS):
            if known.count(what) > 1:
                yield f"inputs: two inputs '{what}' for {phase}; {{{what}}} would mean both"
    leaks = LeakedCondition.UPPER_FACE in declaration.leaked_conditions
    if sees_truth and not leaks:
        yield (
            "inputs: a system that is shown true frames when it renders must declare "
            f"'{LeakedCondition.UPPER_FACE}' in leaked_conditions"
        )
    if declaration.composite_mode is CompositeMode.FACE_PASTED and not sees_truth:
        yield (
            f"composite_mode '{CompositeMode.FACE_PASTED}' needs an input with shows = 'truth' to "
            "paste the face on"
        )


def _stages(declaration: Declaration) -> Iterator[str]:
    taken: set[str] = set()
    for table, stages in declaration.stages.items():
        phase: Phase = "render" if table == "render" else "fit"
        inputs = {each.what for each in declaration.inputs_of(phase)}
        for index, stage in enumerate(stages, 1):
            place = f"{table}.{index}"
            if stage.name in taken:
                yield f"{place}.name: two stages are called '{stage.name}'"
            taken.add(stage.name)
            if not stage.folder.startswith(("{checkout}", "{workdir}", "{identity}")):
                yield f"{place}.folder: must begin with {{checkout}}, {{workdir}} or {{identity}}"
            yield from _paths(stage, place)
            for name in _used(stage):
                if name in OF_RENDERING and table != "render":
                    yield f"{place}: {{{name}}} exists in [[render]] only"
                elif name in OF_INPUTS - inputs:
                    yield f"{place}: {{{name}}} needs an input '{name}' for phase '{phase}'"
                elif name == "output" and _WILDCARDS & set(declaration.output.path):
                    yield f"{place}: {{output}} needs an output.path without wildcards"


def _paths(stage: Stage, place: str) -> Iterator[str]:
    for field, paths in (("needs", stage.needs), ("folder", (stage.folder,))):
        for path in paths:
            inside = re.sub(r"^\{(checkout|workdir|identity)\}(/|$)", "", path)
            # Text right behind a placeholder would name a folder beside that which it stands for.
            is_beside = bool(re.match(r"\{(checkout|workdir|identity)\}", inside))
            if inside and (is_beside or is_escape(inside)):
                yield f"{place}.{field}: '{path}' leads out of the work folder and the checkout"
    for word in stage.command:
        if placeholders_of(word) and ".." in PurePosixPath(word).parts:
            yield f"{place}.command: '{word}' leads out of the work folder and the checkout"


def _used(stage: Stage) -> list[str]:
    """Return the placeholders of everything in a stage, each once."""
    texts = (*stage.command, stage.folder, *stage.needs)
    texts += (*stage.files.values(), *stage.variables.values())
    return list(dict.fromkeys(name for text in texts for name in placeholders_of(text)))
