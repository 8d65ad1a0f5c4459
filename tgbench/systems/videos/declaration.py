"""What is declared of a system of which there are only videos: a TOML file beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from ...alignment.rules import AlignmentRules
from ...errors import TgbenchError
from ...toml_files import Table, read_toml
from ..declaration import Facts, validated
from ..rules import PlainPath, faults_of_published


def _as_rules(value: object) -> object:
    if not isinstance(value, dict):
        return value
    try:
        return AlignmentRules.of(value)
    except (TgbenchError, TypeError) as error:
        raise ValueError(str(error)) from error


class VideosTable(Table):
    """Where the videos are, and how they become the frames of a case."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    table: PlainPath | None = Field(
        default=None,
        description="A CSV beside this file with the columns identity, driver, video and, for "
        "rules of single ones, align; by default a video is `<identity>/<driver>.mp4`.",
    )
    align: Annotated[AlignmentRules, BeforeValidator(_as_rules)] = Field(
        default=AlignmentRules(), description="Rules for all videos, by name."
    )


class VideosDeclaration(Facts):
    """A system of which there are only videos."""

    videos: VideosTable


def read_videos(path: Path) -> VideosDeclaration:
    """Read the declaration of a system of which there are only videos, and check all of it.

    Raises:
        TgbenchError: it cannot be read, or something in it is wrong; the message names the place.
    """
    raw: dict[str, Any] = read_toml(path)
    if "videos" not in raw:
        raise TgbenchError(f"{path}: has no table [videos], so it declares no finished videos")
    declaration = validated(path, raw, VideosDeclaration)
    for fault in faults_of_published(declaration):
        raise TgbenchError(f"{path}: {fault}")
    return declaration
