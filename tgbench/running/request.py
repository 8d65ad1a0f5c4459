"""What a user asks to run, and what of it concerns a single job."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .. import plugins
from ..driving.driving import USUAL, Driving
from ..errors import TgbenchError
from ..specs import PAPER_SIZE
from ..systems.videos.spec import with_declared
from .executor_specs import LOCAL


def default_size(methods: Iterable[str], preset: str) -> int:
    """Return the side in pixels of built-in identities: the smallest a method's preset is for."""
    sizes = []
    for name in methods:
        # Of a name that does not exist, the run itself will say so.
        with suppress(TgbenchError):
            sizes.append(plugins.method(name).image_size(preset))
    return min(sizes, default=PAPER_SIZE)


@dataclass(frozen=True)
class RunOptions:
    """How one fit or one case is done.

    Attributes:
        out: where results go.
        device: "cpu" or "cuda".
        seed: of every random choice.
        fresh: token of a run with `--fresh`: fits and results without this token do not count;
            empty: all count.
        label: whether the video carries the visible label.
        keep_frames: whether frames are kept as images, too.
        landmarks: the detector of landmarks; see `MetricOptions`.
        through_codec: whether frames are measured as they come out of an H.264 file.
        floor: whether the noise floor is measured, too; see `MetricOptions`.
        shared_machine: whether other jobs may run on this machine at the same time.
        timing_apart: whether rendering is timed by a job of its own, which runs alone.
        command: what the user typed, for the log; empty where nothing was.
    """

    out: Path = Path("results")
    device: str = "cpu"
    seed: int = 0
    fresh: str = ""
    label: bool = True
    keep_frames: bool = False
    landmarks: str = "mediapipe"
    through_codec: bool = False
    floor: bool = False
    shared_machine: bool = False
    timing_apart: bool = False
    command: str = ""


@dataclass(frozen=True)
class RunRequest:
    """One `tgbench run`: every method under every protocol on every identity with every seed.

    Attributes:
        methods, protocols, identities: what to run; identities are built-in names or folders.
        audio: driving sounds of protocols that take one; empty for the protocol's own choice.
        audio_features: a file of features for each driving sound, in the same order; empty: the
            methods' audio encoders are run.
        preset: of the methods' configurations.
        overrides: of the settings of the methods and the executor.
        size: side in pixels of built-in identities.
        device: "cpu" or "cuda".
        seeds: of every random choice, one run each.
        out: where results go.
        fresh: whether to fit and measure again what is there already.
        label: whether videos carry the visible label.
        keep_frames: whether frames are kept as images, too.
        metrics: what to measure; empty for the protocol's own choice.
        more_metrics: what to measure beside the protocol's own choice, in cases that can.
        landmarks: the detector of landmarks; see `MetricOptions`.
        through_codec: whether frames are measured as they come out of an H.264 file.
        floor: whether the noise floor is measured, too; see `MetricOptions`.
        jobs: how many jobs run at the same time; None: the executor's choice.
        executor: where jobs run.
        exclusive_timing: whether what is timed runs alone on its machine.
        driving: rules of the protocols that are changed, and what is declared of the sounds.
        command: what the user typed, for the log; empty where nothing was.
    """

    methods: tuple[str, ...]
    protocols: tuple[str, ...]
    identities: tuple[str, ...]
    audio: tuple[Path, ...] = ()
    preset: str = "quick"
    overrides: dict[str, str] = field(default_factory=dict)
    size: int = 256
    device: str = "cpu"
    seeds: tuple[int, ...] = (0,)
    out: Path = Path("results")
    fresh: bool = False
    label: bool = True
    keep_frames: bool = False
    metrics: tuple[str, ...] = ()
    more_metrics: tuple[str, ...] = ()
    landmarks: str = "mediapipe"
    through_codec: bool = False
    floor: bool = False
    audio_features: tuple[Path, ...] = ()
    jobs: int | None = None
    executor: str = LOCAL.name
    exclusive_timing: bool = False
    driving: Driving = USUAL
    command: str = ""

    @property
    def in_process(self) -> bool:
        """Whether jobs run one after another in this process."""
        return self.executor == LOCAL.name and self.jobs in (None, 1)

    def __post_init__(self) -> None:
        methods, overrides = with_declared(self.methods, self.overrides)
        object.__setattr__(self, "methods", methods)
        object.__setattr__(self, "overrides", overrides)

    def options(self, seed: int, fresh: str) -> RunOptions:
        """Return how the fits and cases of a seed are done.

        Args:
            seed: one of `seeds`.
            fresh: token of this run if it is to do everything again, else empty.
        """
        return RunOptions(
            out=self.out,
            device=self.device,
            seed=seed,
            fresh=fresh,
            label=self.label,
            keep_frames=self.keep_frames,
            landmarks=self.landmarks,
            through_codec=self.through_codec,
            floor=self.floor,
            shared_machine=not self.in_process,
            timing_apart=self.exclusive_timing and not self.in_process,
            command=self.command,
        )
