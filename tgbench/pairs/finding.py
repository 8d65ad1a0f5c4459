"""Which videos belong together: by name in two folders, or by a table."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import TgbenchError
from ..inputs import read_text, reason
from ..metrics.folders import videos_by_name
from ..running.job import NAME

_SUFFIX = ".csv"
_PREDICTION, _TARGET, _AUDIO, _NAME = "prediction", "target", "audio", "name"


@dataclass(frozen=True)
class Pair:
    """A clip to score.

    Attributes:
        name: of it, a part of the path of its result.
        prediction: a video, or a folder of images.
        target: the ground truth; None: there is none.
        audio: the driving sound; None: that of the target or, failing that, of the prediction.
    """

    name: str
    prediction: Path
    target: Path | None = None
    audio: Path | None = None


@dataclass(frozen=True)
class FoundPairs:
    """What is to be scored.

    Attributes:
        pairs: in the order of names, or of the lines of a table.
        notes: what has no partner, in words.
    """

    pairs: tuple[Pair, ...]
    notes: tuple[str, ...] = ()


def find_pairs(predictions: Path, targets: Path | None, allow_drop: bool) -> FoundPairs:
    """Return the pairs of two folders of videos, or those that a table names.

    Args:
        predictions: a folder of videos and of folders of images; or a CSV with the columns
            prediction, target and, if need be, audio and name, whose paths are relative to it.
        targets: a folder whose clips have the same names, if there is any.
        allow_drop: leave out predictions without a target.

    Raises:
        TgbenchError: they cannot be paired; a row of a table is wrong.
    """
    if predictions.suffix.lower() == _SUFFIX:
        if targets is not None:
            raise TgbenchError(
                f"--pairs {predictions} {targets}: a CSV names the ground truth itself; give it "
                "alone"
            )
        return FoundPairs(tuple(_listed(predictions)))
    for folder in filter(None, (predictions, targets)):
        if not folder.is_dir():
            raise TgbenchError(
                f"--pairs {folder}: no such folder; give folders of videos, or a CSV"
            )
    found = videos_by_name(predictions, targets, allow_drop)
    if not found.pairs:
        raise TgbenchError(f"--pairs {predictions}: holds no videos; give a folder of videos")
    return FoundPairs(
        tuple(Pair(_checked(name, str(pair[0])), *pair) for name, pair in found.pairs.items()),
        found.notes,
    )


def _listed(path: Path) -> Iterator[Pair]:
    try:
        rows = csv.DictReader(io.StringIO(read_text(path)), strict=True)
        heads = [head.strip() for head in rows.fieldnames or ()]
        rows.fieldnames = heads
        lines = [(rows.line_num, row) for row in rows]
    except (OSError, ValueError, csv.Error) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise TgbenchError(f"{path}: cannot be read as a CSV ({why})") from error
    known = (_PREDICTION, _TARGET, _AUDIO, _NAME)
    if _PREDICTION not in heads:
        raise TgbenchError(
            f"{path}: has no column {_PREDICTION}; its first line is {_PREDICTION},{_TARGET}, and "
            f"{_AUDIO} or {_NAME} if need be"
        )
    if odd := [head for head in heads if head not in known]:
        raise TgbenchError(f"{path}: has a column '{odd[0]}' that means nothing; remove it")
    if not lines:
        raise TgbenchError(f"{path}: has no row; add one for each video")
    cells: list[tuple[str, dict[str, str]]] = []
    for line, row in lines:
        where = f"{path}, line {line}"
        if None in row or None in row.values():
            raise TgbenchError(f"{where}: has not one cell for each of the {len(heads)} columns")
        texts = {head: text.strip() for head, text in row.items()}
        if not texts[_PREDICTION]:
            raise TgbenchError(f"{where}: {_PREDICTION} is empty; name a video")
        cells.append((where, texts))
    stems = Counter(Path(texts[_PREDICTION]).stem for _, texts in cells)
    taken: dict[str, str] = {}
    for where, texts in cells:
        clip = Path(texts[_PREDICTION])
        parts = [part for part in clip.with_suffix("").parts if part not in ("/", "..")]
        name = texts.get(_NAME) or (clip.stem if stems[clip.stem] == 1 else "-".join(parts))
        name = _checked(name, where)
        if name in taken:
            raise TgbenchError(
                f"{where}: '{name}' is the clip of {taken[name]} already; give each its own name "
                f"in a column '{_NAME}'"
            )
        taken[name] = where.rpartition(", ")[2]
        target, audio = texts.get(_TARGET), texts.get(_AUDIO)
        yield Pair(
            name,
            path.parent / clip,
            path.parent / target if target else None,
            path.parent / audio if audio else None,
        )


def _checked(name: str, where: str) -> str:
    if not NAME.match(name):
        raise TgbenchError(
            f"{where}: '{name}' cannot be part of a path; name it without a leading dot, slashes "
            "and control characters"
        )
    return name
