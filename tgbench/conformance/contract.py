"""Checks of the contract of `tgbench.interfaces.Method`: fit, save, load, render."""

from __future__ import annotations

import math

import numpy as np

from ..interfaces import ReportsSpeed
from ..specs import Timed
from . import drives
from .bench import Bench, stamps
from .comparing import difference
from .findings import DoesNotHold, NotTried, theirs
from .fresh import render_in_a_fresh_process, run_child
from .subject import StepCounter, checked

_LONGEST = 50
_SHORTEST = 0.5
"""Seconds of a fit that can be hit in its middle by the clock."""

_TOLERANCE = 1.1
"""Clocks may differ, and harness and method need not start theirs at the same moment."""


def fits(bench: Bench) -> str:
    """Fit, and look at the report."""
    fit = bench.make_fit()
    seconds = fit.report.seconds
    if seconds is not None and not (math.isfinite(seconds) and seconds >= 0):
        raise DoesNotHold(f"fit reports {seconds} s of training")
    if seconds is not None and seconds > fit.seconds * _TOLERANCE + 1:
        raise DoesNotHold(f"fit reports {seconds:.1f} s of training, but took {fit.seconds:.1f} s")
    if bad := [name for name, steps in fit.report.iterations.items() if steps < 0]:
        raise DoesNotHold(f"fit reports a negative number of iterations of '{bad[0]}'")
    return f"took {fit.seconds:.1f} s"


def saves(bench: Bench) -> str:
    """Save."""
    model = bench.make_model()
    files = [path for path in model.rglob("*") if path.is_file()]
    return f"{len(files)} file(s), {sum(path.stat().st_size for path in files) / 1e6:.2f} MB"


def renders_frames(bench: Bench) -> str:
    """Render the held-out frames, one frame, and more frames than the clip has."""
    frames = bench.frames
    train = len(bench.clip.split().train)
    for count in (1, min(train + 3, _LONGEST)):
        drive = drives.of_length(bench.clip, count, bench.encoder)
        with theirs("render"):
            for _ in checked(bench.fit.method.render(drive), drive):
                pass
    return f"{len(frames)} frames, {frames.shape[2]}x{frames.shape[1]}, uint8 RGB"


def renders_the_same_twice(bench: Bench) -> str:
    """Render twice, and once more after another drive."""
    if bench.chance:
        raise DoesNotHold(f"two renders of one drive differ by up to {bench.chance} levels")
    other = drives.with_other_speech(bench.clip, bench.rows, bench.encoder)
    bench.subject.render(bench.fit.method, other)
    if apart := difference(bench.frames, bench.subject.render(bench.fit.method, bench.drive)):
        raise DoesNotHold(f"frames depend on what was rendered before: {apart}")
    return "equal frames, also after another drive"


def reloads(bench: Bench) -> str:
    """Load in a fresh process, and render there."""
    frames = render_in_a_fresh_process(bench)
    if apart := difference(bench.frames, frames):
        raise DoesNotHold(f"a fresh process renders other frames from what was saved: {apart}")
    return "equal frames"


def repeats_with_the_same_seed(bench: Bench) -> str:
    """Fit again with the same seed."""
    frames = bench.frames
    if apart := difference(frames, bench.subject.render(bench.again, bench.drive)):
        raise DoesNotHold(f"two fits with seed {bench.subject.seed} differ: {apart}")
    return "equal frames"


def leaves_the_identity_alone(bench: Bench) -> str:
    """Look for files of the clip that were made, removed or changed since the start."""
    _ = bench.frames
    before, now = bench.stamps, stamps(bench.clip.folder)
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            verb = "made" if name not in before else "removed" if name not in now else "changed"
            raise DoesNotHold(f"{verb} {name} in the identity folder; write to the workdir")
    return f"{len(before)} files and folders are as before"


def reports_its_speed(bench: Bench) -> str:
    """Compare the speed that a method reports of itself with the clock."""
    if bench.spec.timed is not Timed.SELF_REPORTED:
        raise NotTried(f"its speed is declared '{bench.spec.timed.value}'")
    method = bench.fit.method
    if not isinstance(method, ReportsSpeed):
        raise DoesNotHold("is declared 'self-reported', but the method has no rendering_time")
    bench.subject.render(method, bench.drive)
    with theirs("rendering_time"):
        reported = method.rendering_time()
    if reported is None:
        raise NotTried("rendering_time returns None: this time it was not known")
    if not all(np.isfinite(times).all() and (times > 0).all() for times in reported.repeats):
        raise DoesNotHold("rendering_time reports times that are not above 0")
    if not reported.frames:
        raise DoesNotHold("rendering_time reports no frames")
    return f"{reported.frames} frames in {reported.seconds:.3f} s"


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
