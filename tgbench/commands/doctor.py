"""`tgbench doctor`: what works here, what is missing, and which metrics give wrong values."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..terminal import Terminal

if TYPE_CHECKING:
    from ..diagnosis.calibration import MetricCheck
    from ..diagnosis.installation import Finding

_USUAL_SUBJECT, _BELOW = 26, " " * 8
_COLOURS = {"works": "green", "missing": "yellow", "differs": "red", "broken": "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--installation",
        action="store_true",
        help="check the installation only; measure nothing",
    )
    parser.add_argument(
        "--landmarks",
        action="store_true",
        help="also compare the landmark detector with the exact landmarks of synth-a",
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run every check and print one line each.

    Returns:
        1 if `tgbench run` cannot work, or a metric gives wrong values.
    """
    from ..diagnosis.installation import examine

    findings = examine()
    for finding in findings:
        _print(_state(finding), finding.subject, finding.text, terminal)
    broken = [finding.subject for finding in findings if finding.needed and not finding.works]
    if broken:
        terminal.out.print(f"\n`tgbench run` cannot work; fix {', '.join(broken)} first")
        return 1
    differing = [] if args.installation else _differing(terminal)
    if args.landmarks:
        terminal.out.print(_landmark_error(terminal))
    if differing:
        terminal.out.print(
            f"\ndo not trust these metrics on this machine: {', '.join(differing)}; the cause is "
            "another version of a library, or a damaged installation"
        )
        return 1
    terminal.out.print(
        "\n`tgbench run` works; try: tgbench run --method talkinggaussian --protocol lipsync"
    )
    return 0


def _state(finding: Finding) -> str:
    if finding.works:
        return "works"
    return "broken" if finding.needed else "missing"


def _differing(terminal: Terminal) -> list[str]:
    """Measure the calibration clip, print the verdicts, and return the metrics that differ."""
    terminal.out.print("\nmetrics on a clip with known values:")
    found = _verdicts(terminal)
    missing: dict[str, list[str]] = {}
    for verdict in found:
        if verdict.state == "missing":
            missing.setdefault(verdict.text, []).append(verdict.metric)
        else:
            _print(verdict.state.value, verdict.metric, verdict.text, terminal)
    for reason, metrics in missing.items():
        _print("missing", ", ".join(metrics), reason, terminal)
    return [verdict.metric for verdict in found if verdict.state == "differs"]


def _verdicts(terminal: Terminal) -> list[MetricCheck]:
    from ..diagnosis.calibration import calibrated_metrics, measure_clip, read_expected, verdicts

    return verdicts(measure_clip(calibrated_metrics(), terminal.progress), read_expected())


def _print(state: str, subject: str, text: str, terminal: Terminal) -> None:
    from rich.text import Text

    from ..terminal.wrapping import hanging, line_width, wrapped

    head, width = f"{state:<7} {subject:<26} ", line_width(terminal.out.file)
    if width is None or len(subject) <= _USUAL_SUBJECT:
        lines = hanging(head, text, width)
    else:
        lines = [*wrapped(head.rstrip(), width, _BELOW), *hanging(_BELOW, text, width)]
    for place, line in enumerate(lines):
        shown = Text(line, no_wrap=True)
        if not place:
            shown.stylize(_COLOURS[state], 0, len(state))
        terminal.out.print(shown)


def _landmark_error(terminal: Terminal) -> str:
    """Return the error of the detector, in words, on a clip whose landmarks are known."""
    from ..faces.finders import MeshLandmarks
    from ..identities import Identity
    from ..metrics.detector import detector_error
    from ..synthetic import ensure_identity

    identity = Identity(ensure_identity("synth-a", size=256, progress=terminal.progress))
    error = detector_error(identity, MeshLandmarks(), terminal.progress)
    return (
        f"landmark detector on {identity.name} at 256x256, against exact landmarks: face found "
        f"in {error.found} of {error.total} frames; LMD {error.lmd:.2f} px, of which "
        f"{error.random_lmd:.2f} px do not cancel between two videos "
        f"(eyes are {error.inter_ocular:.1f} px apart)"
    )
