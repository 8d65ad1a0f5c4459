"""The original's way to a crop, through its files and commands.

`run_pipeline.py` of https://github.com/joonson/syncnet_python writes the video as AVI with MP3
sound, its frames as JPEG, every track's crop as XVID with sound cut to it, and hands that file to
SyncNet. On the way the MP3 encoder's lead-in delays the sound and ffmpeg repeats frames: with sound
at 16 kHz, as here, the picture comes out about 11 ms later than its sound, and both are changed by
the codecs. Published values carry this; for them, and for nothing else, it is kept.
"""

from __future__ import annotations

import subprocess
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike

from ...arrays import Image
from ...errors import TgbenchError, Unavailable
from ...files import temporary_folder
from . import FPS, SAMPLE_RATE
from .cropping import CROP_SIDE
from .detection import FaceDetector
from .ffmpeg import Ffmpeg, require_success
from .network import SyncNet
from .pipeline import Sound, scored_by
from .scenes import ContentCuts
from .scoring import TrackScore, Way, score_crop
from .track_pipeline import FaceFollower, Found
from .tracking import TrackLimits

# What `-async 1` stood for, by ffmpeg 5.1's own message; later versions do not know the option.
_IN_STEP = ("-af", "aresample=async=1:min_hard_comp=0.100000:first_pts=0")


class OriginalPipeline:
    """Collects the frames in the original's first file, and does the rest when it is whole.

    The files lie in a temporary folder, which is gone when the work is done or given up.
    """

    def __init__(
        self,
        sound: Sound,
        network: SyncNet,
        detector: FaceDetector,
        limits: TrackLimits | None = None,
    ) -> None:
        """Prepare a video.

        Args:
            sound: int16 [T] at 16 kHz, starting with the first frame.
            network: SyncNet with its weights.
            detector: what finds faces.
            limits: what counts as a track.

        Raises:
            Unavailable: there is no ffmpeg program.
        """
        self._ffmpeg = Ffmpeg()
        self._network = network
        self._detector = detector
        self._limits = limits
        self._holder = temporary_folder("tgbench-sync")
        self._folder = Path(self._holder.name)
        self._video = self._folder / "video.avi"
        self._errors = (self._folder / "errors.txt").open("w+b")
        self._encoder: subprocess.Popen[bytes] | None = None
        with wave.open(str(self._folder / "sound.wav"), "wb") as stream:
            stream.setnchannels(1)
            stream.setsampwidth(2)
            stream.setframerate(SAMPLE_RATE)
            stream.writeframes(sound.astype("<i2").tobytes())

    def update(self, image: Image) -> None:
        """Take the next frame, uint8 RGB [H, W, 3].

        Raises:
            TgbenchError: ffmpeg gave up.
        """
        if self._encoder is None:
            self._encoder = self._start_encoder(image.shape[1], image.shape[0])
        assert self._encoder.stdin is not None
        try:
            self._encoder.stdin.write(np.ascontiguousarray(image).tobytes())
        except BrokenPipeError:
            self._end_encoder()
            raise

    def finish(self) -> Found:
        """Return what was found; no frame may come after.

        Raises:
            TgbenchError: ffmpeg failed.
        """
        with self._holder:
            if self._encoder is None:
                return Found()
            self._end_encoder()
            return self._follow()

    def measured_by(self) -> str:
        """Return detector and programs with their versions."""
        return (
            f"{scored_by(self._network, Way.EXACT)}; crops through the original's AVI and MP3 "
            f"files, {self._ffmpeg.version()}; faces: {self._detector.describe()}"
        )

    def _start_encoder(self, width: int, height: int) -> subprocess.Popen[bytes]:
        raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}")
        return self._ffmpeg.start(
            *(*raw, "-r", f"{FPS}", "-i", "-", "-i", self._folder / "sound.wav"),
            *("-qscale:v", "2", *_IN_STEP, "-r", f"{FPS}", self._video),
            errors=self._errors,
        )

    def _end_encoder(self) -> None:
        assert self._encoder is not None
        self._encoder.communicate()
        self._errors.seek(0)
        require_success(self._encoder.returncode, self._errors.read().decode(errors="replace"))
        self._errors.close()

    def _follow(self) -> Found:
        frames, speech = self._folder / "frames", self._folder / "audio.wav"
        frames.mkdir()
        self._ffmpeg.run(
            *("-i", self._video, "-qscale:v", "2", "-threads", "1"),
            *("-f", "image2", frames / "%06d.jpg"),
        )
        self._ffmpeg.run(
            *("-i", self._video, "-ac", "1", "-vn", "-acodec", "pcm_s16le"),
            *("-ar", f"{SAMPLE_RATE}", speech),
        )
        shots = _Shots(self._video)

        def crop_file(first: int) -> _CropFile:
            return _CropFile(self._folder, speech, first, self._ffmpeg, self._network)

        follower = FaceFollower(self._detector, shots, crop_file, self._limits)
        # OpenCV sees fewer frames than ffmpeg writes, which repeats some: the original's shots,
        # and with them its tracks, end where OpenCV's frames do.
        for path in sorted(frames.glob("*.jpg"))[: shots.frames]:
            follower.update(_rgb(cv2.imread(str(path))))
        return follower.finish()


class _Shots:
    """The cuts of a file that is there already, by frame number."""

    def __init__(self, video: Path) -> None:
        cuts = ContentCuts()
        self._starts = [cuts.is_cut(image) for image in _read(video)]
        self._next = 0

    @property
    def frames(self) -> int:
        return len(self._starts)

    def is_cut(self, image: Image) -> bool:
        self._next += 1
        return self._starts[self._next - 1]


def _read(video: Path) -> Iterator[Image]:
    capture = cv2.VideoCapture(str(video))
    try:
        while True:
            there, image = capture.read()
            if not there:
                return
            yield _rgb(image)
    finally:
        capture.release()


def _rgb(image: MatLike | None) -> Image:
    if image is None:
        raise TgbenchError("a frame that ffmpeg wrote cannot be read; is the disk full?")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


class _CropFile:
    """The file of one track that the original hands to SyncNet."""

    def __init__(
        self, folder: Path, speech: Path, first: int, ffmpeg: Ffmpeg, network: SyncNet
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="track-", dir=folder))
        self._speech = speech
        self._first = first
        self._frames = 0
        self._ffmpeg = ffmpeg
        self._network = network
        self._pictures = self._folder / "pictures.avi"
        xvid = cv2.VideoWriter.fourcc(*"XVID")
        self._writer = cv2.VideoWriter(str(self._pictures), xvid, FPS, (CROP_SIDE, CROP_SIDE))
        if not self._writer.isOpened():
            raise Unavailable("this build of OpenCV cannot write XVID, as the original does")

    def update(self, crop: Image) -> None:
        self._writer.write(cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))
        self._frames += 1

    def compute(self) -> TrackScore:
        self._writer.release()
        sound, crop = self._folder / "sound.wav", self._folder / "crop.avi"
        start, end = self._first / FPS, (self._first + self._frames) / FPS
        self._ffmpeg.run("-i", self._speech, "-ss", f"{start:.3f}", "-to", f"{end:.3f}", sound)
        self._ffmpeg.run(*("-i", self._pictures, "-i", sound, "-c:v", "copy", "-c:a", "copy", crop))
        return score_crop(crop, network=self._network)
