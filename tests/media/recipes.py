"""Clips whose pictures carry their number, and the same packets in other containers."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, BLOCK, BITS = 64, 32, 16, 8
RATE = 44_100
TICK = Fraction(1, 90_000)

H264 = ("mp4", "fragmented", "mov", "mkv", "ts", "flv", "avi")
"""Containers of H.264 with AAC or MP3."""

VP9 = ("webm", "mkv", "mp4", "fragmented")
"""Containers of VP9 with Opus."""


def coded(number: int) -> NDArray[np.uint8]:
    """Draw a number in binary, a block a bit."""
    bits = np.array([number >> bit & 1 for bit in range(BITS)], np.uint8).reshape(2, 4)
    blocks = np.kron(40 + 170 * bits, np.ones((BLOCK, BLOCK), np.uint8))
    return np.repeat(blocks.astype(np.uint8)[..., None], 3, axis=2)


def number(image: NDArray[np.uint8]) -> int:
    blocks = image.reshape(2, BLOCK, 4, BLOCK, 3).mean(axis=(1, 3, 4)) > 125
    return sum(int(bit) << place for place, bit in enumerate(blocks.ravel()))


def speech(seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """Noise in bursts: like itself at one lag only."""
    rng = np.random.default_rng(3)
    steps = rng.uniform(0.0, 0.4, round(seconds * 50) + 2)
    loudness = np.interp(np.arange(round(seconds * rate)) / rate * 50, range(len(steps)), steps)
    noise = np.convolve(rng.normal(size=len(loudness)), np.ones(24) / 24, "same")
    return (loudness * noise).astype(np.float32)


def clip(
    path: Path,
    times: Sequence[Fraction],
    *,
    rate: Fraction | int = 25,
    sound: NDArray[np.float32] | None = None,
    sound_start: Fraction = Fraction(0),
    codecs: tuple[str, str] = ("libx264", "aac"),
    b_frames: int = 2,
) -> Path:
    """Write pictures 0, 1, 2... at the given times, and sound."""
    with av.open(str(path), "w") as made:
        options = {"crf": "10", "preset": "veryfast", "bf": str(b_frames), "b_strategy": "0"}
        if codecs[0] != "libx264":
            options = {"crf": "20", "b": "0", "deadline": "realtime", "cpu-used": "8"}
        picture = made.add_stream(codecs[0], rate=rate, options=options)
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        picture.codec_context.time_base = TICK
        picture.codec_context.framerate = Fraction(rate)
        heard = None
        if sound is not None:
            sound_rate = 48_000 if codecs[1] == "libopus" else RATE
            heard = made.add_stream(codecs[1], rate=sound_rate, layout="mono")
            step = heard.codec_context.frame_size or 1024
        for index, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(coded(index), format="rgb24")
            frame.pts, frame.time_base = round(time / TICK), TICK
            made.mux(picture.encode(frame))
        made.mux(picture.encode(None))
        if heard is not None and sound is not None:
            kind = heard.codec_context.format.name
            for start in range(0, len(sound), step):
                block = av.AudioFrame.from_ndarray(sound[None, start : start + step], "flt", "mono")
                block.sample_rate, block.time_base = sound_rate, Fraction(1, sound_rate)
                block.pts = round(sound_start * sound_rate) + start
                for part in av.AudioResampler(kind, "mono", sound_rate).resample(block):
                    made.mux(heard.encode(part))
            made.mux(heard.encode(None))
    return path


def repacked(source: Path, containers: Sequence[str]) -> dict[str, Path]:
    """Write the same packets into other containers."""
    paths, command = {}, ["ffmpeg", "-v", "error", "-y", "-i", str(source)]
    for container in containers:
        ending = "mp4" if container == "fragmented" else container
        paths[container] = source.with_name(f"{container}.{ending}")
        fragments = ["-movflags", "frag_keyframe+empty_moov"] if container == "fragmented" else []
        command += ["-c", "copy", *fragments, str(paths[container])]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return paths


def shown(times: Sequence[Fraction], end: Fraction, fps: int = 25) -> list[int]:
    """Return which frame ffmpeg's `fps` filter shows at every instant, by its definition."""
    ticks = [int((time * fps + Fraction(1, 2)) // 1) for time in times]
    count = int((end * fps + Fraction(1, 2)) // 1)
    return [max([i for i, tick in enumerate(ticks) if tick <= k] or [0]) for k in range(count)]


def lag(found: NDArray[np.float32], expected: NDArray[np.float32]) -> int:
    """Return by how many samples one sound comes later than another."""
    size = 2 * max(len(found), len(expected))
    spectrum = np.fft.rfft(found, size) * np.conj(np.fft.rfft(expected, size))
    peak = int(np.fft.irfft(spectrum, size).argmax())
    return peak if peak < size // 2 else peak - size
