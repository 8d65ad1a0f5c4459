"""How long the jobs of a plan may take, by what earlier ones took."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median

from ..errors import TgbenchError
from .plan import Plan
from .result import Result, read_result, result_paths


def estimates(plan: Plan, out: Path) -> dict[str, float | None]:
    """Return the expected seconds of every job by its address; None: no earlier timing.

    What takes time is taken from results of the same method and device in the folder of results:
    from those with the same settings, else from those of the same preset.

    Args:
        plan: the jobs.
        out: folder of results.
    """
    earlier = list(_results(out))
    found: dict[str, float | None] = {}
    known: dict[tuple[str, str, str, str], list[Result]] = {}
    for case in plan.cases:
        key = case.job.method.name, case.job.method.preset, case.fit.settings_hash, case.job.device
        if key not in known:
            known[key] = _alike(earlier, *key)
        alike = known[key]
        fit = case.fit.address
        if found.get(fit) is None:
            trained = [seconds for result in alike if (seconds := _training(result)) is not None]
            found[fit] = median(trained) if trained else None
        of_size = [result for result in alike if _width(result) == case.width]
        found[case.address] = (
            median(map(_a_frame, of_size)) * case.frames + median(map(_timing, of_size))
            if of_size
            else None
        )
    return found


def _results(out: Path) -> Iterable[Result]:
    for path in result_paths(out) if out.is_dir() else ():
        try:
            yield read_result(path)
        except TgbenchError:
            continue


def _alike(
    earlier: Sequence[Result], method: str, preset: str, settings_hash: str, device: str
) -> list[Result]:
    of_method = [
        result
        for result in earlier
        if result.method.name == method and result.environment.device == device and result.frames
    ]
    tests: tuple[Callable[[Result], bool], ...] = (
        lambda result: result.method.config_hash == settings_hash,
        lambda result: result.method.preset == preset,
    )
    return next((found for test in tests if (found := list(filter(test, of_method)))), [])


def _training(result: Result) -> float | None:
    return result.timing.training_seconds


def _a_frame(result: Result) -> float:
    return result.timing.render_seconds / result.frames


def _timing(result: Result) -> float:
    """Return the seconds for which rendering was timed, apart from rendering the case."""
    series = [*result.timing.rendering, result.timing.end_to_end]
    return sum(sum(speed.repeat_seconds) for speed in series if speed is not None)


def _width(result: Result) -> int:
    return result.identity.width
