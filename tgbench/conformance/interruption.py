"""Checks of a fit that is killed and goes on."""

from __future__ import annotations

from .bench import Bench
from .comparing import difference
from .findings import DoesNotHold, NotTried, theirs
from .fresh import run_child
from .subject import StepCounter

_SHORTEST = 0.5
"""Seconds of a fit that can be hit in its middle by the clock."""


def resumes_after_a_kill(bench: Bench) -> str:
    """Kill a fit in its middle (SIGKILL), repeat it with the same workdir, compare the frames."""
    fit, subject = bench.fit, bench.subject
    workdir = bench.folder / "interrupted"
    if fit.steps < 2 and fit.seconds < _SHORTEST:
        raise NotTried(
            f"fit takes {fit.seconds:.1f} s and reports no progress, so it cannot be hit midway"
        )
    at, seconds = fit.steps // 2, 0.0 if fit.steps >= 2 else fit.seconds / 2
    if not run_child(bench, "fit", killed=True, workdir=str(workdir), steps=at, seconds=seconds):
        raise NotTried("fit ended before it could be killed")
    method, steps = subject.new(), StepCounter()
    with theirs("fit, repeated after it was killed midway,"):
        subject.fit(method, bench.clip, workdir, steps)
    model = bench.folder / "interrupted-model"
    subject.save(method, model)
    frames = subject.render(subject.loaded(model, bench.clip), bench.drive)
    if apart := difference(bench.frames, frames):
        raise DoesNotHold(f"a fit that was killed and repeated ends otherwise: {apart}")
    where = f"step {at} of {fit.steps}" if at else f"half of {fit.seconds:.0f} s"
    if not fit.steps:
        return f"killed at {where}, equal frames"
    began = "started again" if steps.steps >= fit.steps else "went on from a checkpoint"
    return f"killed at {where}, {began}, equal frames"
