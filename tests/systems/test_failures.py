"""The known ways to fail, by messages as the libraries of the field print them."""

from __future__ import annotations

import signal

import pytest

from tgbench.systems.failures import Ending, failure_of

MESSAGES = {
    "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 7.79 GiB total)": (
        "GPU is out of memory",
        "--size",
    ),
    "torch.cuda.OutOfMemoryError: CUDA out of memory.": ("GPU is out of memory", ""),
    "RuntimeError: No CUDA GPUs are available": ("CUDA device", "GPU"),
    "RuntimeError: Found no NVIDIA driver on your system. Please check": ("CUDA device", "driver"),
    "AssertionError: Torch not compiled with CUDA enabled": ("without CUDA", "torch"),
    "RuntimeError: CUDA error: no kernel image is available for execution on the device": (
        "CUDA build does not fit",
        "CUDA extensions",
    ),
    "RuntimeError: Error building extension '_gridencoder': [1/3] nvcc": ("_gridencoder", "build"),
    "OSError: CUDA_HOME environment variable is not set. Please set it": ("nvcc", "CUDA_HOME"),
    "ImportError: /x/_raymarching_face.cpython-310.so: undefined symbol: _ZN2at4_ops": (
        "_raymarching_face.cpython-310.so",
        "build its extensions again",
    ),
    "ImportError: libcudart.so.11.0: cannot open shared object file: No such file": (
        "libcudart.so.11.0",
        "environment",
    ),
    "ModuleNotFoundError: No module named 'face_alignment'": (
        "face_alignment",
        "--set environment",
    ),
    "FileNotFoundError: [Errno 2] No such file or directory: 'checkpoints/wav2lip_gan.pth'": (
        "checkpoints/wav2lip_gan.pth",
        "README",
    ),
    "python: can't open file '/x/inference.py': [Errno 2] No such file or directory": (
        "/x/inference.py",
        "",
    ),
    "ValueError: --face argument must be a valid path to video/image file": ("--face", "log"),
    "ValueError: Face not detected! Ensure the video contains a face in all the frames.": (
        "no face",
        "tgbench validate",
    ),
    "OSError: [Errno 28] No space left on device: 'results/3.png'": ("disk is full", "kept"),
    "RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed.": ("out of memory", ""),
    "MemoryError": ("machine is out of memory", ""),
    "KeyError: ' AU45_r'": ("AU45_r", "space before every column"),
    "TypeError: Descriptors cannot not be created directly.": ("protobuf", "3.20.3"),
    "AttributeError: module 'numpy' has no attribute 'float'.": ("numpy", "1.24"),
    "main.py: error: unrecognized arguments: --asr_model": ("--asr_model", "commit"),
    "RuntimeError: Error(s) in loading state_dict for NeRFNetwork:": ("NeRFNetwork", "commit"),
    "AttributeError: 'NoneType' object has no attribute 'shape'": ("picture", "validate"),
    "_pickle.UnpicklingError: invalid load key, '<'.": ("damaged", "weights"),
    "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>": (
        "network",
        "by hand",
    ),
    "FileNotFoundError: [Errno 2] No such file or directory: 'ffmpeg'": ("ffmpeg", "install"),
    "sh: 1: ffmpeg: not found": ("ffmpeg", "install"),
    "LibMambaUnsatisfiableError: Encountered problems while solving": ("solved", "environment="),
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.": ("Docker", "start"),
    "docker: Error response from daemon: No such image: other/lips:1": ("other/lips:1", "pull"),
    "PermissionError: [Errno 13] Permission denied: 'results'": ("results", "permissions"),
}


@pytest.mark.parametrize(("message", "expected"), MESSAGES.items())
def test_a_known_failure_has_reason_and_remedy(message: str, expected: tuple[str, str]) -> None:
    said = f"Loading...\n 3%|#   | 30/1000\nTraceback (most recent call last):\n{message}\n"
    found = failure_of(Ending(1, said, message))
    assert found is not None
    reason, remedy = expected
    assert reason in found.reason
    assert remedy in found.remedy
    assert "\n" not in found.reason + found.remedy


def test_what_comes_first_explains_what_follows() -> None:
    said = (
        "RuntimeError: CUDA out of memory.\nDuring handling of the above exception, another "
        "exception occurred:\nFileNotFoundError: [Errno 2] No such file or directory: 'x.mp4'\n"
    )
    found = failure_of(Ending(1, said, "FileNotFoundError"))
    assert found is not None
    assert "GPU" in found.reason


def test_words_alone_are_no_failure() -> None:
    assert failure_of(Ending(0, "MemoryError was caught\nno face found in 3 frames", "")) is None


def test_an_unknown_error_is_quoted() -> None:
    said = "Traceback (most recent call last):\n  File 'x'\nmy.OddError: seven\n[closed]\n"
    found = failure_of(Ending(3, said, "[closed]"))
    assert found is not None
    assert "my.OddError: seven" in found.reason
    assert "exit code 3" in found.reason


@pytest.mark.parametrize("code", [-signal.SIGKILL, 137])
def test_a_kill_may_be_for_want_of_memory(code: int) -> None:
    found = failure_of(Ending(code, "", ""))
    assert found is not None
    assert "memory" in found.reason


def test_what_a_program_says_cannot_steer_the_terminal() -> None:
    said = "ModuleNotFoundError: No module named 'x'\nImportError: \x1b[31mred\x07\n"
    for text in (said, "ImportError: \x1b[31mred\x07\n", "Odd\x1b[2JError: \x1b]0;title\x07\n"):
        found = failure_of(Ending(1, text, text.strip()))
        assert found is not None
        assert found.reason.isprintable()
