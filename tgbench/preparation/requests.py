"""What a preparation was asked for, kept in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..errors import TgbenchError
from ..files import write_json
from ..inputs import read_json, reason

WORK = ".prepare"
"""Folder within the identity for what the stages hand on to each other."""

_FILE = "request.json"


@dataclass(frozen=True)
class Request:
    """The options of `tgbench prepare`.

    Attributes:
        video, audio: absolute paths; no `audio`: the video's own sound.
        size: side of the images, pixels.
        deinterlace: whether whole pictures were to be made of interlaced ones.
        backends: names by kind.
        settings: of backends, "KIND.NAME" to the value as text.
    """

    video: str
    audio: str | None = None
    size: int = 512
    deinterlace: bool = False
    backends: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


def write_request(folder: Path, request: Request) -> None:
    """Keep a request in the folder of an identity, unless it is there."""
    with suppress(TgbenchError):
        if read_request(folder) == request:
            return
    write_json(folder / WORK / _FILE, asdict(request))


def read_request(folder: Path) -> Request:
    """Return what a folder was last prepared from.

    Raises:
        TgbenchError: it is not known.
    """
    if not (folder / WORK).is_dir():
        raise TgbenchError(f"{folder}: `tgbench prepare` did not make this folder")
    path = folder / WORK / _FILE
    try:
        said = read_json(path)
        request = Request(**said)
    except FileNotFoundError as error:
        raise TgbenchError(
            f"{path}: missing, so what was asked for is not known; give the video and the options"
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)}); delete it") from error
    tables = (request.backends, request.settings)
    if not isinstance(request.video, str) or not all(isinstance(each, dict) for each in tables):
        raise TgbenchError(f"{path}: is not a request; delete it")
    return request
