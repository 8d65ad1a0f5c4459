"""All checks, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..identities import Identity
from ..progress import Progress
from . import (
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

CHECKS = (
    Check("fit", "contract", "fits, and reports what it took", contract.fits),
    Check("save", "contract", "saves what it fitted", contract.saves),
    Check(
        "frames",
        "contract",
        "renders every frame, with the right shape and type",
        contract.renders_frames,
    ),
    Check(
        "render-twice", "contract", "renders the same frames twice", contract.renders_the_same_twice
    ),
    Check(
        "reload",
        "contract",
        "loads in a fresh process, and renders the same frames",
        contract.reloads,
    ),
    Check(
        "seed",
        "contract",
        "gives the same frames for the same seed",
        contract.repeats_with_the_same_seed,
    ),
    Check(
        "interruption",
        "contract",
        "goes on after a kill in mid-fit",
        contract.resumes_after_a_kill,
    ),
    Check("memory", "contract", "streams: memory stays flat", memory.streams),
    Check(
        "identity-folder",
        "contract",
        "leaves the identity folder alone",
        contract.leaves_the_identity_alone,
    ),
    Check("own-speed", "contract", "reports its own speed", contract.reports_its_speed),
    Check(
        "missing-files", "bad input", "names a missing file", wrong_input.says_which_file_is_missing
    ),
    Check("damaged-fit", "bad input", "refuses a damaged fit", wrong_input.refuses_a_damaged_fit),
    Check(
        "other-fit",
        "bad input",
        "refuses the fit of another",
        wrong_input.refuses_the_fit_of_another,
    ),
    Check(
        "held-out",
        "declared",
        "fit looks at no held-out frame",
        held_out.fit_ignores_held_out_frames,
    ),
    Check("sound", "declared", "hears the sound, or not", conditions.hears_the_sound),
    Check(
        "upper-face", "declared", "upper face moves, or not", composite.upper_face_moves_as_declared
    ),
    Check("composite", "declared", "composite mode", composite.composite_mode_is_true),
    Check(
        "pasted-mouth", "declared", "a pasted mouth is its own", composite.mouth_is_not_the_true_one
    ),
    Check("torso", "declared", "given: torso and background", composite.torso_is_declared),
    Check("pose", "declared", "given: head pose", conditions.pose_is_declared),
    Check(
        "upper-units",
        "declared",
        "given: upper-face action units",
        conditions.upper_units_are_declared,
    ),
    Check(
        "mouth-units",
        "declared",
        "given: action units of the mouth",
        conditions.lower_units_are_declared,
    ),
    Check("true-face", "declared", "given: the true face", conditions.true_face_is_declared),
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
