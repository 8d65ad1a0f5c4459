"""From a finished fit to a folder that shows what each of its blendshapes moves."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.faces.finders import MeshLandmarks
from tgbench.files import make_folder, write_json
from tgbench.identities import Identity
from tgbench.identities.resolve import resolve_identity
from tgbench.interfaces import Blendshapes, Drive, HasBlendshapes, Image, Method
from tgbench.progress import Progress, Task
from tgbench.running.finished_fit import FitRequest
from tgbench.running.locks import sole_replacer
from tgbench.running.method_config import MethodConfig
from tgbench.running.replacing import replacement
from tgbench.specs import CompositeMode

from .drives import ExploredFrames
from .expressions import Expressions
from .page import write_page
from .records import ExploreRecord, ExpressionRecord, SetRecord, ShapeRecord
from .sweeps import POSITIONS, inter_ocular, measured, swept, write_strip, write_sweep

PAGE, NUMBERS, MEDIA, EXPRESSIONS = "index.html", "explore.json", "media", "expressions.mp4"
_OURS = frozenset({PAGE, NUMBERS, MEDIA})


@dataclass(frozen=True)
class ExploreRequest:
    """One `tgbench explore`.

    Attributes:
        fit: what is explored.
        output: the folder to make.
        audio: a file, or the name of a built-in sound, under which expressions are sampled.
        samples: how many.
        seconds: of that sound.
        label: whether pictures and videos carry the visible label.
        replace: whether an earlier folder of ours is replaced.
    """

    fit: FitRequest
    output: Path
    audio: Path = Path("track-voice")
    samples: int = 3
    seconds: float = 4.0
    label: bool = True
    replace: bool = False


def explore(request: ExploreRequest, progress: Progress) -> ExploreRecord:
    """Make the folder, and return the numbers in it.

    Raises:
        TgbenchError: a method without blendshapes, no such fit, or a folder of something else.
        Unavailable: faces cannot be found here.
    """
    config = request.fit.configured()
    method: Method = config.spec.load()(config.config)
    if not isinstance(method, HasBlendshapes):
        raise TgbenchError(
            f"method '{config.spec.name}' has no blendshapes to explore; choose one that has, such "
            "as dgtalker"
        )
    check_output(request.output, request.replace)
    request.fit.require_some(config)
    finder = MeshLandmarks()
    make_folder(request.output.parent)
    with sole_replacer(request.output, remedy="wait for it, or choose another --output"):
        identity = resolve_identity(request.fit.identity, request.fit.size, progress)
        request.fit.load(method, config, identity)
        with replacement(request.output, _OURS) as folder:
            (folder / MEDIA).mkdir()
            record = _Exploration(request, config, method, identity, finder).write(folder, progress)
            write_json(folder / NUMBERS, dataclasses.asdict(record))
            write_page(record, folder / MEDIA, folder / PAGE)
    return record


def check_output(folder: Path, replace: bool) -> None:
    """Refuse a folder that holds something else, or that is not to be replaced.

    Raises:
        TgbenchError: it is one.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise TgbenchError(f"{folder}: is a file; name a folder to make")
    if any(folder.iterdir()) and not (folder / NUMBERS).is_file():
        raise TgbenchError(
            f"{folder}: holds something other than an exploration (no {NUMBERS}); name a new folder"
        )
    if (folder / NUMBERS).is_file() and not replace:
        raise TgbenchError(f"{folder}: already exists; use --force to replace it")


class _Exploration:
    """One fitted method on its way into a folder."""

    def __init__(
        self,
        request: ExploreRequest,
        config: MethodConfig,
        method: HasBlendshapes,
        identity: Identity,
        finder: MeshLandmarks,
    ) -> None:
        self._request, self._config, self._method = request, config, method
        self._identity, self._finder = identity, finder
        self._head_alone = config.spec.takes_camera
        frames = ExploredFrames(identity, config.encoder, self._head_alone)
        self._spoken = frames.spoken(request.audio, request.seconds)
        self._front: Drive = frames.from_the_front(len(POSITIONS))
        self._sets = list(method.blendshapes(frames.training()))
        self._title = f"{config.spec.name} on {identity.name}"

    def write(self, folder: Path, progress: Progress) -> ExploreRecord:
        """Write strips and videos into the folder's media, and return the numbers."""
        total = sum(each.coefficients.shape[1] for each in self._sets)
        with progress.task("moving blendshapes", total) as task:
            sets = tuple(
                self._swept_set(number, each, folder / MEDIA, task)
                for number, each in enumerate(self._sets)
            )
        mode = CompositeMode.HEAD_ALONE if self._head_alone else self._config.spec.composite_mode
        size = self._front.intrinsics
        return ExploreRecord(
            method=self._config.spec.name,
            identity=self._identity.name,
            preset=self._config.preset,
            seed=self._request.fit.seed,
            settings=self._request.fit.overrides,
            size=(size.width, size.height),
            inter_ocular=self._eyes(),
            sets=sets,
            expressions=self._expressions(folder / MEDIA, progress),
            sound=self._request.audio.name,
            seconds=len(self._spoken) / self._spoken.fps,
            labelled=self._request.label,
            composite=str(mode),
        )

    def _swept_set(self, number: int, each: Blendshapes, media: Path, task: Task) -> SetRecord:
        shapes = []
        for shape in range(each.coefficients.shape[1]):
            file = f"{each.name}-{shape + 1:02d}"
            shapes.append(self._swept_shape(number, shape, media / file))
            task.advance()
        return SetRecord(each.name, each.half, tuple(shapes))

    def _swept_shape(self, number: int, shape: int, path: Path) -> ShapeRecord:
        frames = self._rendered(swept(self._sets, number, shape, POSITIONS))
        meshes = [self._finder.mesh(frame) for frame in frames]
        title, label = f"{self._title}, {path.name}", self._request.label
        write_strip(frames, path.with_suffix(".png"), title, label)
        write_sweep(frames, path.with_suffix(".mp4"), title, self._front.fps, label)
        return measured(frames, meshes, self._sets[number], shape, path.name)

    def _rendered(self, course: Sequence[Blendshapes]) -> list[Image]:
        return list(self._method.render_blendshapes(self._front, course))

    def _eyes(self) -> float | None:
        means = swept(self._sets, 0, 0, POSITIONS * 0.0)
        frame = next(iter(self._method.render_blendshapes(self._front, means)))
        return inter_ocular(self._finder.mesh(frame))

    def _expressions(self, media: Path, progress: Progress) -> tuple[ExpressionRecord, ...]:
        expressions = Expressions(self._method, self._sets, self._spoken)
        if not (expressions.possible and self._request.samples):
            return ()
        return expressions.write(
            media / EXPRESSIONS,
            self._request.samples,
            self._request.fit.seed,
            self._request.label,
            f"{self._title}, sampled expressions",
            progress,
        )
