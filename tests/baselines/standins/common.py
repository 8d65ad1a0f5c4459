"""What the stand-ins of other people's systems share.

A stand-in takes the command line of the real program, needs the files that it needs, and leaves
the output that it leaves. Its pictures are cheap: a given frame with a mouth that opens with the
sound. It runs as a program of its own, so nothing here imports tgbench.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""BGR [H, W, 3], as OpenCV has it."""

FPS = 25
SAMPLES = 640
"""Samples of a video frame at 16 kHz."""

FAULT_FILE = "standin_fault.txt"
"""In a checkout: what goes wrong there; see `Fault`."""

HANGING = "hanging.pid"
"""In a checkout whose program hangs: the process that it started."""

MUCH = 64 << 20
"""Bytes of the output of a program that does not stop writing."""


class Fault:
    """Ways of a program to go wrong, beside those that its arguments and files bring about."""

    WRONG_SIZE = "wrong size"
    SILENT = "silent"
    ONE_FEWER = "one frame fewer"
    NOTHING = "nothing"
    MUCH = "much"
    HANG = "hang"
    OUT_OF_MEMORY = "out of memory"
    NO_FACE = "no face"
    NO_DEVICE = "no device"
    NO_MODULE = "no module"
    MISALIGNED = "landmarks of other frames"
    NOT_IMPLEMENTED = "no face, without a word"


_MESSAGES = {
    Fault.OUT_OF_MEMORY: "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; "
    "10.76 GiB total capacity; 9.10 GiB already allocated)",
    Fault.NO_FACE: "ValueError: Face not detected! Ensure the video contains a face in all the "
    "frames.",
    Fault.NO_DEVICE: "RuntimeError: No CUDA GPUs are available",
    # What Python makes of a text that is raised, and IP-LAP of a frame without a face.
    Fault.MISALIGNED: "TypeError: exceptions must derive from BaseException",
    Fault.NOT_IMPLEMENTED: "NotImplementedError",
    Fault.NO_MODULE: "ModuleNotFoundError: No module named 'pytorch3d'",
}


def begin(checkout: Path) -> str:
    """Return the fault of a checkout, after going wrong if it is one of the beginning."""
    try:
        fault = (checkout / FAULT_FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    if fault in _MESSAGES:
        print("Traceback (most recent call last):", file=sys.stderr)
        sys.exit(_MESSAGES[fault])
    if fault == Fault.HANG:
        # A worker of a data loader outlives a parent that is killed alone.
        worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (checkout / HANGING).write_text(str(worker.pid))
        time.sleep(600)
    return fault


def loudness(path: Path) -> NDArray[np.float64]:
    """Return how loud each frame of a 16 kHz mono WAV file is, [frames] from 0 to 1."""
    with wave.open(str(path)) as sound:
        if (sound.getframerate(), sound.getnchannels()) != (16_000, 1):
            raise ValueError(f"{path}: not 16 kHz mono")
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16) / 32768.0
    frames = samples[: len(samples) // SAMPLES * SAMPLES].reshape(-1, SAMPLES)
    return np.clip(np.sqrt((frames**2).mean(axis=1)) * 4, 0, 1)


def mel_steps(path: Path) -> int:
    """Return how many steps of 12.5 ms the mel spectrogram of Wav2Lip has."""
    with wave.open(str(path)) as sound:
        return 1 + sound.getnframes() // 200


def features_of(path: Path, channels: int, steps: int = 16) -> NDArray[np.float32]:
    """Return windows [frames, steps, channels] that carry the loudness."""
    loud = loudness(path).astype(np.float32)
    return np.broadcast_to(loud[:, None, None], (len(loud), steps, channels)).copy()


def heard(windows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the loudness that `features_of` wrote, [frames]."""
    return windows.reshape(len(windows), -1).mean(axis=1)


def speak(frame: Image, opening: float) -> Image:
    """Return a frame with its mouth open by 0 (shut) to 1 (wide)."""
    import cv2

    height, width = frame.shape[:2]
    spoken = frame.copy()
    centre, axes = (width // 2, int(height * 0.55)), (width // 10, 1 + int(height * 0.08 * opening))
    cover = (width // 7, int(height * 0.12))
    cv2.ellipse(spoken, centre, cover, 0, 0, 360, (140, 160, 200), -1)
    cv2.ellipse(spoken, centre, axes, 0, 0, 360, (10, 10, 60), -1)
    return spoken


def read_image(path: Path, alpha: bool = False) -> Image:
    """Return an image as OpenCV reads it; with four channels where alpha is asked for."""
    import cv2

    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED if alpha else cv2.IMREAD_COLOR)
    if image is None or (alpha and image.shape[2] != 4):
        # What the real readers say of a file that cv2.imread could not read.
        raise AttributeError(f"'NoneType' object has no attribute 'shape' ({path})")
    return np.asarray(image, np.uint8)


def write_image(path: Path, image: Image) -> None:
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def read_video(path: Path) -> tuple[list[Image], float]:
    """Return the frames of a video and its rate."""
    import cv2

    video = cv2.VideoCapture(str(path))
    rate, frames = video.get(cv2.CAP_PROP_FPS), []
    while True:
        more, frame = video.read()
        if not more:
            return frames, rate
        frames.append(np.asarray(frame, np.uint8))


def spoilt(frames: Iterable[Image], fault: str) -> list[Image]:
    """Return frames with the fault that is one of pictures."""
    import cv2

    made = list(frames)
    if fault == Fault.ONE_FEWER:
        made = made[:-1]
    if fault == Fault.WRONG_SIZE:
        made = [cv2.resize(frame, (frame.shape[1] + 16, frame.shape[0])) for frame in made]
    return made


def write_video(path: Path, frames: Iterable[Image], fault: str, *, code: str, fps: float) -> None:
    """Write a silent video with OpenCV's writer, which says nothing where it cannot."""
    import cv2

    if fault == Fault.MUCH:
        flood(path)
    if fault == Fault.NOTHING:
        return
    made = spoilt(frames, fault)
    size = (made[0].shape[1], made[0].shape[0])
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), fps, size)
    for frame in made:
        writer.write(frame)
    writer.release()


def flood(path: Path) -> None:
    """Write and write, though here no more than `MUCH` bytes, until somebody stops it."""
    with path.open("wb") as stream:
        for _ in range(MUCH >> 20):
            stream.write(bytes(1 << 20))
    time.sleep(600)


def ffmpeg(*words: str | Path) -> None:
    """Run ffmpeg as the real programs do: through a shell, and whatever it returns, they go on."""
    command = " ".join(["ffmpeg -nostdin -y -v error", *map(str, words)])
    subprocess.call(command, shell=True, stdout=subprocess.DEVNULL)


def mux(audio: Path, video: Path, out: Path, fault: str, *options: str) -> None:
    """Join sound and video into a file."""
    sound = [] if fault == Fault.SILENT else ["-i", audio]
    ffmpeg(*sound, "-i", video, *options, out)


def write_mp4(path: Path, frames: Iterable[Image], fault: str, fps: int = FPS) -> None:
    """Write a silent H.264 video, as imageio's writer does with quality 8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if fault == Fault.MUCH:
        flood(path)
    if fault == Fault.NOTHING:
        return
    made = spoilt(frames, fault)
    size = f"{made[0].shape[1]}x{made[0].shape[0]}"
    command = ["ffmpeg", "-nostdin", "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "bgr24"]
    command += ["-s", size, "-r", str(fps), "-i", "-", "-c:v", "libx264", "-pix_fmt", "yuv420p"]
    command += ["-qp", "10", "-preset", "ultrafast", str(path)]
    data = b"".join(frame.tobytes() for frame in made)
    subprocess.run(command, input=data, check=True)


def mirrored(index: int, length: int) -> int:
    """Return the place in a sequence that runs forth, back, and forth again."""
    turn, rest = divmod(index, length)
    return rest if turn % 2 == 0 else length - rest - 1


def need(path: Path) -> Path:
    """Return a path; fail as `open` does where there is no such file."""
    with path.open("rb"):
        return path


def save(path: Path, **content: Any) -> None:
    """Write a checkpoint; it has a name as real ones do, and holds JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def restore(path: Path) -> dict[str, Any]:
    """Read a checkpoint."""
    content: dict[str, Any] = json.loads(need(path).read_text(encoding="utf-8"))
    return content


def natural(paths: Iterable[Path]) -> list[Path]:
    """Return paths by the numbers in their names."""
    return sorted(paths, key=lambda path: int("".join(filter(str.isdigit, path.stem)) or -1))


def frames_of(transforms: Path) -> list[dict[str, Any]]:
    """Return the frames of a transforms file."""
    content = json.loads(need(transforms).read_text(encoding="utf-8"))
    for key in ("focal_len", "cx", "cy"):
        content[key]
    frames: list[dict[str, Any]] = content["frames"]
    return frames


@contextlib.contextmanager
def reported(name: str) -> Iterator[None]:
    """Print the progress of a stage."""
    print(f"[INFO] ===== {name} =====", flush=True)
    yield
    print(f"[INFO] ===== {name}: done =====", flush=True)


Main = Callable[[Path, list[str]], None]
"""A program: the checkout that it lies in, and its arguments."""
