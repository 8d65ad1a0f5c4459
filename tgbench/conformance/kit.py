"""All checks, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ..identities import Identity
from ..progress import Progress
from . import (
    cameras,
    composite,
    conditions,
    contract,
    held_out,
    memory,
    wrong_input,
)
from .bench import Bench
from .findings import Check, Finding
from .subject import Subject

_BY_GROUP: dict[str, tuple[tuple[str, str, Callable[[Bench], str]], ...]] = {
    "contract": (
        ("fit", "fits, and reports what it took", contract.fits),
        ("save", "saves what it fitted", contract.saves),
        ("frames", "renders every frame, with the right shape and type", contract.renders_frames),
        ("render-twice", "renders the same frames twice", contract.renders_the_same_twice),
        ("reload", "loads in a fresh process, and renders the same frames", contract.reloads),
        ("seed", "gives the same frames for the same seed", contract.repeats_with_the_same_seed),
        ("interruption", "goes on after a kill in mid-fit", contract.resumes_after_a_kill),
        ("memory", "streams: memory stays flat", memory.streams),
        ("identity-folder", "leaves the identity folder alone", contract.leaves_the_identity_alone),
        ("own-speed", "reports its own speed", contract.reports_its_speed),
    ),
    "bad input": (
        ("missing-files", "names a missing file", wrong_input.says_which_file_is_missing),
        ("damaged-fit", "refuses a damaged fit", wrong_input.refuses_a_damaged_fit),
        ("other-fit", "refuses the fit of another", wrong_input.refuses_the_fit_of_another),
    ),
    "declared": (
        ("held-out", "fit looks at no held-out frame", held_out.fit_ignores_held_out_frames),
        ("sound", "hears the sound, or not", conditions.hears_the_sound),
        ("upper-face", "upper face moves, or not", composite.upper_face_moves_as_declared),
        ("composite", "composite mode", composite.composite_mode_is_true),
        ("pasted-mouth", "a pasted mouth is its own", composite.mouth_is_not_the_true_one),
        ("torso", "given: torso and background", composite.torso_is_declared),
        ("pose", "given: head pose", conditions.pose_is_declared),
        ("upper-units", "given: upper-face action units", conditions.upper_units_are_declared),
        ("mouth-units", "given: action units of the mouth", conditions.lower_units_are_declared),
        ("true-face", "given: the true face", conditions.true_face_is_declared),
        ("camera", "the head turns with the camera", cameras.head_turns_with_the_camera),
        ("backdrop", "shows the same head over any backdrop", cameras.any_backdrop_is_shown),
        ("layers", "says where its head is", cameras.layers_are_true),
    ),
}

CHECKS = tuple(
    Check(name, group, claim, run)
    for group, checks in _BY_GROUP.items()
    for name, claim, run in checks
)


def check_method(
    subject: Subject, name: str, identity: Identity, folder: Path, progress: Progress
) -> Iterator[Finding]:
    """Put a method through every check.

    Args:
        subject: the method with its settings.
        name: how a new process finds the method.
        identity: that it is fitted to; it stays as it is, unless the method writes there.
        folder: for copies, fits and logs.
        progress: where to report.

    Yields:
        What each check found, in the order of `CHECKS`.

    Raises:
        TgbenchError: the identity cannot be used.
    """
    bench = Bench(subject, name, identity, folder)
    with progress.task(f"checking {subject.config.spec.name}", len(CHECKS)) as task:
        for check in CHECKS:
            task.note(check.claim)
            yield check.finding(bench)
            task.advance()
