"""What is installed, what is missing, and how to get it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..errors import TgbenchError, Unavailable
from ..extras import install_extra
from ..machine import cores
from ..processes.python import python_command


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


def examine() -> list[Finding]:
    """Run every check."""
    with ThreadPoolExecutor() as pool:
        packages = pool.map(_package, _PACKAGES)
        return [_guarded(check) for check in _CHECKS] + list(packages)


def _guarded(check: Callable[[], Finding]) -> Finding:
    """Run a check; whatever it raises is what it found."""
    try:
        return check()
    except TgbenchError as error:
        return Finding(_subject(check), False, str(error), needed=True)
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
    from ..files import cache_root, make_cache

    folder = make_cache(cache_root())
    free = shutil.disk_usage(folder).free / 1e9
    return Finding("cache folder", free > 1.0, f"{folder}, {free:.0f} GB free", needed=True)


def _result_folder() -> Finding:
    with tempfile.TemporaryFile(dir=Path.cwd()):
        return Finding("current folder", True, f"{Path.cwd()}, writable", needed=True)


def _processors() -> Finding:
    return Finding("processor cores", True, f"{cores()}")


def _openface() -> Finding:
    path = shutil.which("FeatureExtraction")
    return Finding("OpenFace", path is not None, path or "for AUE-L and AUE-U; see its README")


def _latex() -> Finding:
    path = shutil.which("pdflatex")
    return Finding("pdflatex", path is not None, path or "only needed to turn table.tex into a PDF")


@dataclass(frozen=True)
class _Package:
    """An optional package.

    Attributes:
        name: of the distribution.
        purpose: what it is for.
        remedy: how to get it.
        trial: what shows that it works, as "module" or "module:function".
    """

    name: str
    purpose: str
    remedy: str
    trial: str


def _package(package: _Package) -> Finding:
    """Try a package that is installed, in a process of its own: importing it may end one."""
    try:
        installed = version(package.name)
    except PackageNotFoundError:
        return Finding(package.name, False, f"{package.purpose}; {package.remedy}")
    trouble = _trouble(package.trial)
    if not trouble:
        return Finding(package.name, True, installed)
    text = f"{installed} is installed and cannot be used ({trouble}); {package.remedy}"
    return Finding(package.name, False, text)


_TRY = """
import importlib, sys
module, _, function = sys.argv[1].partition(":")
found = importlib.import_module(module)
if function:
    getattr(found, function)()
"""
_TRIAL_SECONDS = 120.0


def _trouble(trial: str) -> str:
    """Return the last words of a trial that failed, empty for one that did not."""
    try:
        done = subprocess.run(
            python_command("-c", _TRY, trial),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TRIAL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {_TRIAL_SECONDS:.0f} s"
    if done.returncode == 0:
        return ""
    words = done.stderr.decode(errors="replace").strip().splitlines()
    return words[-1] if words else f"it ends with code {done.returncode}"


_PACKAGES = (
    _Package("lpips", "for LPIPS", install_extra("lpips"), "lpips"),
    _Package(
        "syncnet-python",
        "for Sync-C and Sync-E",
        install_extra("sync"),
        # The package itself imports more than the metrics need.
        "tgbench.metrics.sync.network:network_class",
    ),
    _Package("face-alignment", "for --landmarks fan", install_extra("fan"), "face_alignment"),
    _Package(
        "py-feat", "for the metrics au_l_pyfeat, au_u_pyfeat", install_extra("pyfeat"), "feat"
    ),
    _Package("gsplat", "rasterises on a GPU", install_extra("cuda"), "gsplat"),
    _Package("tinycudann", "hash grids on a GPU", "its README says how to build it", "tinycudann"),
    _Package("fused-ssim", "SSIM loss on a GPU", "its README says how to build it", "fused_ssim"),
)

_CHECKS: tuple[Callable[[], Finding], ...] = (
    _torch,
    _compiled_kernels,
    _video_codecs,
    _face_landmarks,
    _cache_folder,
    _result_folder,
    _processors,
    _cuda_device,
    _openface,
    _latex,
)
