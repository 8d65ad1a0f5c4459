"""The ways in which systems of the field are known to fail, each with its remedy."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..terminal.printing import one_line

_FULL = 1 << 20
"""Bytes; with less than this left, whatever failed failed for want of room."""

_LONGEST = 200
_SHOWN = 120


@dataclass(frozen=True)
class Failure:
    """What went wrong with a program, and what to do about it."""

    reason: str
    remedy: str


@dataclass(frozen=True)
class Ending:
    """How a program ended.

    Attributes:
        code: exit code, negative for a signal; None: it was stopped.
        said: the last of what it said.
        last_line: of that.
    """

    code: int | None
    said: str
    last_line: str


Explain = Callable[[str], Failure | None]
"""Returns which known failure the words of a program tell of, if any."""

_Explain = Callable[[re.Match[str]], Failure]

_HERE = "in the environment of the system"
_TRY_INSTALLING = f"install it {_HERE}, or name another environment with --set environment=..."
_OTHER_CUDA = (
    f"install a torch {_HERE} that was built for this GPU and driver, and build the CUDA "
    "extensions again"
)
_SPACE = "free some space and repeat the command; finished stages are kept"
_NETWORK = (
    "it wants to download something: fetch that once by hand, or run its command once where there "
    "is a network"
)


def _fixed(reason: str, remedy: str) -> _Explain:
    return lambda found: Failure(reason, remedy)


def _named(reason: str, remedy: str) -> _Explain:
    """Put what the pattern's group found into reason and remedy, for `{}`."""

    def explain(found: re.Match[str]) -> Failure:
        name = one_line(found[1])[:_SHOWN]
        return Failure(reason.replace("{}", name), remedy.replace("{}", name))

    return explain


# In the order in which they are looked for: what causes others comes first.
_KNOWN: tuple[tuple[str, _Explain], ...] = (
    (
        r"No space left on device|Disk quota exceeded|\[Errno 28\]|\[Errno 122\]",
        _fixed("the disk is full", _SPACE),
    ),
    (
        r"CUDA out of memory|CUDA error: out of memory|OutOfMemoryError|CUBLAS_STATUS_ALLOC_FAILED"
        r"|cuda runtime error \(2\)|CUDNN_STATUS_ALLOC_FAILED",
        _fixed(
            "the GPU is out of memory",
            "close other programs that use it, choose another GPU (CUDA_VISIBLE_DEVICES), or a "
            "smaller --size",
        ),
    ),
    (
        r"No CUDA GPUs are available|Found no NVIDIA driver|no CUDA-capable device|"
        r"NVIDIA-SMI has failed|could not select device driver|nvidia-container-cli: init",
        _fixed(
            "it needs a CUDA device, and finds none",
            "run it on a machine with a GPU and its driver, and see CUDA_VISIBLE_DEVICES",
        ),
    ),
    (
        r"Torch not compiled with CUDA enabled|"
        r"Attempting to deserialize object on a CUDA device but torch\.cuda\.is_available",
        _fixed(f"torch {_HERE} is a build without CUDA, or finds no GPU", _OTHER_CUDA),
    ),
    (
        r"no kernel image is available|CUDA error: invalid device function|"
        r"CUDA driver version is insufficient|is not compatible with the current PyTorch|"
        r"The detected CUDA version .* mismatches|unsupported gpu architecture",
        _fixed("its CUDA build does not fit this GPU or driver", _OTHER_CUDA),
    ),
    (
        r"(?:Error building extension '([^']+)')",
        _named("the CUDA extension '{}' cannot be compiled", _OTHER_CUDA),
    ),
    (
        r"CUDA_HOME environment variable is not set|nvcc: (?:command )?not found|"
        r"Could not find nvcc|No such file or directory: '[^']*nvcc'",
        _fixed(
            "the CUDA compiler nvcc is missing",
            "install the CUDA toolkit of the version of its torch, and set CUDA_HOME",
        ),
    ),
    (
        r"(\S+\.so\S*): undefined symbol",
        _named("{} was built for another torch", f"build its extensions again {_HERE}"),
    ),
    (
        r"(?:an illegal memory access was encountered)",
        _fixed(
            "its CUDA code accessed memory illegally",
            "check that its CUDA extensions were built with the CUDA version of its torch",
        ),
    ),
    (
        r"(\S+\.so[\d.]*): cannot open shared object file",
        _named("the library {} is missing", _TRY_INSTALLING),
    ),
    (
        r"(?m)^MemoryError|Cannot allocate memory|std::bad_alloc|DataLoader worker .* is killed by "
        r"signal: Killed|DefaultCPUAllocator: can't allocate|Unable to allocate .* for an array",
        _fixed(
            "the machine is out of memory",
            "close other programs, or use a machine with more memory or a shorter clip",
        ),
    ),
    (
        r"(?i)face not detected|no faces? (?:was |were |is )?(?:detected|found)|"
        r"(?:cannot|can't|could not|fail(?:ed)? to) (?:detect|find|crop)(?: a| any| the)? face|"
        r"without (?:a )?face",
        _fixed(
            "it found no face in some frame",
            "every frame of the clip must show the whole face; see `tgbench validate`, and cut "
            "the clip",
        ),
    ),
    (
        r"(?:LibMambaUnsatisfiableError|UnsatisfiableError|ResolvePackageNotFound|"
        r"PackagesNotFoundError|Could not solve for environment specs|"
        r"critical libmamba Could not solve)",
        _fixed(
            "the conda environment cannot be solved",
            "make it by hand as its README says, and name it with --set environment=PREFIX",
        ),
    ),
    (
        r"ERROR: (No matching distribution found for [^\n]+|ResolutionImpossible[^\n]*)",
        _named(
            "packages cannot be installed ({})",
            "make the environment by hand as its README says, and name it with --set "
            "environment=...",
        ),
    ),
    (
        r"(?i)cannot connect to the docker daemon|permission denied while trying to connect to the "
        r"docker",
        _fixed(
            "the Docker daemon cannot be reached",
            "start it, and let this user use it; or use podman",
        ),
    ),
    (
        r"(?i)no such image:? ([^\n]+)|unable to find image '([^']+)'|([^\n]+): image not known",
        lambda found: Failure(
            f"the image {next(filter(None, found.groups()))} is not on this machine",
            "pull it, or build it as its README says",
        ),
    ),
    (
        r"(?i)temporary failure in name resolution|name or service not known|max retries exceeded|"
        r"URLError|Network is unreachable|ProxyError|couldn't connect to server|"
        r"OSError: We couldn't connect to",
        _fixed("it needs the network, and there is none", _NETWORK),
    ),
    (
        r"ModuleNotFoundError: No module named '?([\w.]+)'?",
        _named("the Python module '{}' is missing", _TRY_INSTALLING),
    ),
    (
        r"Descriptors cannot (?:not )?be created directly",
        _fixed(
            "protobuf is too new for it", f"install protobuf 3.20.3 {_HERE} (`protobuf==3.20.3`)"
        ),
    ),
    (
        r"module 'numpy' has no attribute '(?:int|float|bool|object|typeDict)'",
        _fixed("numpy is too new for it", f"install a numpy before 1.24 {_HERE}"),
    ),
    (
        r"ImportError: ([^\n]+)",
        _named("an import fails ({})", f"check the versions {_HERE} against its README"),
    ),
    (
        r"KeyError: ['\"] ?(AU\d\d_[rc])['\"]",
        _named(
            "its action units lack {}",
            "its au.csv has to be OpenFace's, with a space before every column name",
        ),
    ),
    (
        r"'NoneType' object (?:is not subscriptable|has no attribute '(?:shape|astype|copy)')",
        _fixed(
            "a picture could not be read, probably (OpenCV returns nothing then)",
            "see in its log which file it wanted; `tgbench validate` checks the identity",
        ),
    ),
    (
        r"Error\(s\) in loading state_dict for (\w+)",
        _named(
            "its weights are of another network than {}",
            "give the weights that belong to this commit; see its README",
        ),
    ),
    (
        r"(?:UnpicklingError|invalid load key|PytorchStreamReader failed|unexpected EOF, expected)",
        _fixed("a file of weights is damaged", "fetch it again: `tgbench weights list`"),
    ),
    (
        r"error: (unrecognized arguments: [^\n]+|the following arguments are required: [^\n]+|"
        r"argument [^\n]+)",
        _named(
            "it does not know this command line ({})",
            "check that the checkout is at the commit that the declaration names",
        ),
    ),
    (
        r"FileNotFoundError: \[Errno 2\][^\n]*?: '(ffmpeg|ffprobe)'|"
        r"(?:(ffmpeg|ffprobe): (?:command )?not found)",
        _fixed("ffmpeg is missing", f"install ffmpeg, or put it on the path {_HERE}"),
    ),
    (
        r"(?:FileNotFoundError: \[Errno 2\] No such file or directory: |can't open file )"
        r"['\"]([^'\"\n]+)['\"]",
        _named(
            "the file {} is missing",
            "see in the system's README where it comes from, and `tgbench systems check`",
        ),
    ),
    (
        r"(?:FileNotFoundError|OSError|IOError|RuntimeError|ValueError|AssertionError): ([^\n]*"
        r"(?:does not exist|not found|No such file)[^\n]*)",
        _named(
            "a file is missing ({})",
            "see in the system's README where it comes from, and `tgbench systems check`",
        ),
    ),
    (
        r"(\S+): (?:command )?not found",
        _named("the program {} is missing", _TRY_INSTALLING),
    ),
    (
        r"PermissionError: \[Errno 13\] Permission denied: '([^']+)'",
        _named("no permission for {}", "change its permissions, or run as its owner"),
    ),
)

_PATTERNS = tuple((re.compile(pattern), explain) for pattern, explain in _KNOWN)
_EXCEPTION = re.compile(r"(?m)^((?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b(?:: [^\n]*)?)")

_CRASHES = {
    signal.SIGSEGV: "a library of its environment accessed memory that is not its own",
    signal.SIGBUS: "too little shared memory, or a file that shrank while it was read",
    signal.SIGILL: "a library was built for another processor",
    signal.SIGABRT: "a library gave up",
    signal.SIGFPE: "a library divided by zero",
}


def recognised(said: str) -> Failure | None:
    """Return which of the known failures a program's words tell of, if any."""
    for pattern, explain in _PATTERNS:
        if found := pattern.search(said):
            return explain(found)
    return None


def failure_of(ending: Ending, explain: Explain = recognised) -> Failure | None:
    """Return why a program failed; None: it did not.

    Args:
        ending: how it ended. What it said counts only where it did not end well.
        explain: which known failure its words tell of, if any.
    """
    if ending.code == 0:
        return None
    if known := explain(ending.said):
        return known
    if ending.code is None:
        return Failure("was stopped", "repeat the command to go on")
    if ending.code in (-signal.SIGKILL, 128 + signal.SIGKILL):
        return Failure(
            "was killed by the system or by somebody (too little memory?)",
            "use a machine with more memory, or a shorter clip",
        )
    if ending.code < 0:
        return _crash(-ending.code)
    exceptions = _EXCEPTION.findall(ending.said)
    last = one_line(exceptions[-1] if exceptions else ending.last_line)[:_LONGEST]
    told = f": {last}" if last else ", and said nothing"
    return Failure(f"failed with exit code {ending.code}{told}", "see its log")


def full_disk(folder: Path) -> Failure | None:
    """Return the failure of a full disk if that of a folder is full."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return None
    return Failure(f"the disk of {folder} is full", _SPACE) if free < _FULL else None


def _crash(number: int) -> Failure:
    try:
        known = signal.Signals(number)
    except ValueError:
        return Failure(f"was killed by signal {number}", "see its log")
    why = f": {_CRASHES[known]}" if known in _CRASHES else ""
    return Failure(
        f"crashed ({known.name}{why})", "see its log, and check its environment against its README"
    )
