"""`tgbench doctor`: what works here, what is missing, how to get it."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ..errors import TgbenchError, Unavailable
from ..terminal import Terminal


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        subject: what was checked.
        works: whether it does.
        text: version or measurement; what to do where it does not work.
        needed: whether the main job needs it.
    """

    subject: str
    works: bool
    text: str
    needed: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--landmarks",
        action="store_true",
        help="also measure the landmark detector against the exact landmarks of synth-a",
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run every check and print one line each; exit code 1 if the main job cannot run."""
    from rich.markup import escape

    findings = [_guarded(check) for check in _CHECKS]
    for finding in findings:
        mark = "[green]works  [/]" if finding.works else "[yellow]missing[/]"
        if finding.needed and not finding.works:
            mark = "[red]broken [/]"
        terminal.out.print(f"{mark} {finding.subject:<26} {escape(finding.text)}")
    if args.landmarks:
        terminal.out.print(_landmark_error(terminal))
    broken = [finding.subject for finding in findings if finding.needed and not finding.works]
    if broken:
        terminal.out.print(f"\nthe main job cannot run: {', '.join(broken)}")
        return 1
    terminal.out.print(
        "\nthe main job works: tgbench run --method talkinggaussian --protocol lipsync"
    )
    return 0


def _landmark_error(terminal: Terminal) -> str:
    """Return in words how far the detector is off on a clip whose landmarks are known."""
    from ..identities import Identity
    from ..metrics.detector import detector_error
    from ..metrics.evaluate import MeshLandmarks
    from ..synthetic import ensure_identity

    identity = Identity(ensure_identity("synth-a", size=256, progress=terminal.progress))
    error = detector_error(identity, MeshLandmarks(), terminal.progress)
    return (
        f"landmark detector on {identity.name} at 256x256, against exact landmarks: a face in "
        f"{error.found} of {error.total} frames; LMD {error.lmd:.2f} px, of which "
        f"{error.random_lmd:.2f} px do not cancel between two videos "
        f"(eyes are {error.inter_ocular:.1f} px apart)"
    )


def _guarded(check: Callable[[], Finding]) -> Finding:
    """Run a check; whatever it raises is what it found."""
    try:
        return check()
    except TgbenchError as error:
        return Finding(_subject(check), False, str(error))
    except Exception as error:
        return Finding(_subject(check), False, f"{type(error).__name__}: {error}", needed=True)


def _subject(check: Callable[[], Finding]) -> str:
    return check.__name__.strip("_").replace("_", " ")


def _torch() -> Finding:
    import torch

    total = float((torch.ones(8) @ torch.ones(8)).item())
    return Finding("torch", total == 8.0, f"{torch.__version__}", needed=True)


def _cuda_device() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding("CUDA device", True, torch.cuda.get_device_name())
    return Finding("CUDA device", False, "none; everything runs on the CPU")


def _compiled_kernels() -> Finding:
    from numba import njit

    compiled = njit(lambda a, b: a + b)
    return Finding("compiled kernels (numba)", compiled(2, 3) == 5, "compile here", needed=True)


def _video_codecs() -> Finding:
    import av

    missing = [name for name in ("libx264", "aac") if name not in av.codecs_available]
    text = f"av {av.__version__}" if not missing else f"no {', '.join(missing)}: reinstall av"
    return Finding("video codecs", not missing, text, needed=True)


def _face_landmarks() -> Finding:
    from ..faces.landmarks import LandmarkDetector

    try:
        return Finding("face landmarks", True, LandmarkDetector().describe())
    except Unavailable as error:
        return Finding("face landmarks", False, str(error))


def _cache_folder() -> Finding:
    from ..files import cache_root, make_folder

    folder = make_folder(cache_root())
    free = shutil.disk_usage(folder).free / 1e9
    return Finding("cache folder", free > 1.0, f"{folder}, {free:.0f} GB free", needed=True)


def _result_folder() -> Finding:
    with tempfile.TemporaryFile(dir=Path.cwd()):
        return Finding("current folder", True, f"{Path.cwd()}, writable", needed=True)


def _processors() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding("processor cores", True, f"{cores}")


def _metrics() -> Finding:
    """Construct every metric: those that cannot be measured here say so."""
    import numpy as np

    from ..audio import SAMPLE_RATE, Waveform
    from ..interfaces import MetricContext, Timing
    from ..plugins import metrics

    second = Waveform(np.zeros(SAMPLE_RATE, np.float32))
    context = MetricContext(second, 25.0, Timing(1.0, np.ones(1), "none"))
    working, missing = [], []
    for name, spec in metrics().items():
        try:
            spec.load()(context)
            working.append(name)
        except Unavailable:
            missing.append(name)
    return Finding("metrics", bool(working), f"{', '.join(working)}; not: {', '.join(missing)}")


def _latex() -> Finding:
    path = shutil.which("pdflatex")
    return Finding("pdflatex", path is not None, path or "only needed to turn table.tex into a PDF")


def _lpips() -> Finding:
    installed = find_spec("lpips") is not None
    return Finding("lpips", installed, "installed" if installed else "pip install 'tgbench[lpips]'")


_CHECKS: tuple[Callable[[], Finding], ...] = (
    _torch,
    _compiled_kernels,
    _video_codecs,
    _face_landmarks,
    _cache_folder,
    _result_folder,
    _processors,
    _cuda_device,
    _lpips,
    _metrics,
    _latex,
)
