"""`tgbench study make`: blinded videos, a design, and the page that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.files import atomic_folder, make_folder, temporary_folder, write_text
from tgbench.progress import SILENT, Progress

from .blinding import write_blinded, write_check
from .drawing import MOST_SEQUENCES, MOST_TRIALS, Plan, draw, units_of
from .page import write_page
from .records import ANSWERS_FOLDER, KEY_FILE, PAGE_FILE, Design, Key, Kind, Question, Stimulus
from .stimuli import Selection, Source

MOST_CHECKS = 5
"""As many as there are different answers to ask for."""

_SIDES = ("LEFT", "RIGHT")


@dataclass(frozen=True)
class Request:
    """What a study is to be like.

    Attributes:
        kind: ratings from 1 to 5, or pairs.
        questions: of each trial.
        title, contact: for the page.
        trials: of each participant without checks; None: all, or `MOST_TRIALS`.
        participants: how many sequences are drawn; None: until the balance is exact.
        checks: how many attention checks each participant sees.
        seconds: of which each video keeps the first.
        seed: of the draw.
    """

    kind: Kind
    questions: tuple[Question, ...]
    title: str
    contact: str
    trials: int | None
    participants: int | None
    checks: int
    seconds: float
    seed: int


@dataclass(frozen=True)
class Made:
    """What was written.

    Attributes:
        key: of the study.
        page: the file.
        size: of the page, in bytes.
    """

    key: Key
    page: Path
    size: int


def make_study(
    selection: Selection, request: Request, folder: Path, progress: Progress = SILENT
) -> Made:
    """Write a study into a new folder: the page, the key, and a place for answers.

    Raises:
        TgbenchError: the folder exists, a video cannot be read, or the request cannot be met.
    """
    if folder.exists():
        raise TgbenchError(
            f"{folder}: exists; a study is never overwritten, as answers belong to it: choose "
            "another folder"
        )
    plan = _plan(selection, request)
    make_folder(folder.parent)
    with temporary_folder("tgbench-study") as workshop, atomic_folder(folder) as made:
        videos, stimuli, checks = _write_videos(selection, request, Path(workshop), progress)
        design = Design(
            title=request.title,
            contact=request.contact,
            kind=request.kind,
            questions=request.questions,
            sequences=draw(plan, videos, sorted(checks)),
        )
        key = Key(
            seed=request.seed,
            design=design,
            stimuli=stimuli,
            checks=checks,
            exact_after=plan.exact_after,
        )
        size = write_page(key, Path(workshop), made / PAGE_FILE, progress)
        write_text(made / KEY_FILE, key.model_dump_json(indent=1) + "\n")
        (made / ANSWERS_FOLDER).mkdir()
    return Made(key, folder / PAGE_FILE, size)


def _plan(selection: Selection, request: Request) -> Plan:
    units = units_of(request.kind, selection.conditions)
    if not units:
        raise TgbenchError("pairs need two methods, or one and its ground truth; name more methods")
    every = len(units) * len(selection.items)
    length = min(every, MOST_TRIALS) if request.trials is None else request.trials
    if not 1 <= length <= every:
        raise TgbenchError(f"--trials {length}: this study has 1 to {every} trials a participant")
    if not 0 <= request.checks <= (MOST_CHECKS if request.kind == "ratings" else len(_SIDES)):
        most = MOST_CHECKS if request.kind == "ratings" else len(_SIDES)
        raise TgbenchError(f"--checks {request.checks}: must be from 0 to {most}")
    plan = Plan(request.kind, selection.conditions, selection.items, length, 1, request.seed)
    wanted = request.participants
    number = min(plan.exact_after, MOST_SEQUENCES) if wanted is None else wanted
    return Plan(plan.kind, plan.conditions, plan.items, length, number, plan.seed)


def _write_videos(
    selection: Selection, request: Request, workshop: Path, progress: Progress
) -> tuple[dict[tuple[str, str], str], dict[str, Stimulus], dict[str, int]]:
    """Write all videos, and return which is which, what each is, and what checks ask for."""
    videos: dict[tuple[str, str], str] = {}
    stimuli: dict[str, Stimulus] = {}
    checks: dict[str, int] = {}
    asked = _asked(request)
    with progress.task("blinding videos", len(selection.sources) + len(asked)) as task:
        for place, source in selection.sources.items():
            name = write_blinded(source.path, workshop, request.seconds).stem
            _refuse_same(stimuli, name, source)
            videos[place], stimuli[name] = name, _stimulus(source)
            task.advance()
        shown = list(selection.sources.values())
        for number, (answer, text) in enumerate(asked):
            source = shown[number % len(shown)]
            checks[write_check(source.path, workshop, request.seconds, text).stem] = answer
            task.advance()
    return videos, stimuli, checks


def _asked(request: Request) -> Sequence[tuple[int, str]]:
    """Return the answer and the text of each attention check."""
    if request.kind == "pairs":
        return [(side, f"CHECK: choose {_SIDES[side]}") for side in range(request.checks)]
    # The middle is what those who do not look would say most often, so it comes last.
    return [(value, f"CHECK: answer {value}") for value in (2, 4, 1, 5, 3)[: request.checks]]


def _refuse_same(stimuli: dict[str, Stimulus], name: str, source: Source) -> None:
    if name in stimuli:
        raise TgbenchError(
            f"{source.path}: shows and sounds exactly like {stimuli[name].source}; leave one of "
            "them out"
        )


def _stimulus(source: Source) -> Stimulus:
    return Stimulus(
        condition=source.condition,
        truth=source.truth,
        item=source.item,
        source=str(source.path),
        metrics=source.metrics,
    )
