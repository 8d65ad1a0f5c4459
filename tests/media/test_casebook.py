"""Kinds of files that people met (issue 11, casebook C1 to C13), small, with what is right."""

from __future__ import annotations

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.signal import resample_poly

from tgbench.audio import SAMPLE_RATE, read_sound
from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.metrics.pairing import Pairs
from tgbench.metrics.videos import score_videos
from tgbench.video.reader import VideoReader

from .recipes import RATE, clip, coded, lag, number, repacked, speech

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the ffmpeg program")

SECONDS = 2
SCALING = "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"


def ffmpeg(*arguments: str | Path) -> None:
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def rgb(path: Path) -> NDArray[np.uint8]:
    """Return all frames as the ffmpeg program turns and converts them."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", SCALING, "-pix_fmt", "rgb24"]
    done = subprocess.run(
        [*command, "-f", "rawvideo", "-"], check=True, capture_output=True, stdin=subprocess.DEVNULL
    )
    height, width = next(iter(VideoReader(path, None))).shape[:2]
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3)


def plain(path: Path, rate: int = 25, seconds: float = SECONDS, **options: object) -> Path:
    times = [Fraction(i, rate) for i in range(round(seconds * rate))]
    return clip(path, times, rate=rate, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 50 pictures with sound. Not to be changed."""
    return plain(tmp_path_factory.mktemp("clip") / "whole.mp4", sound=speech(SECONDS))


def compared(prediction: Path, target: Path, **options: bool) -> list[tuple[int, int]]:
    pairs = Pairs(prediction, target, **options)
    return [(number(a), number(b)) for _, a, b in pairs if b is not None]


def test_c1_and_c2_a_resampled_clip_meets_its_partners_in_any_container(
    tmp_path: Path, whole: Path
) -> None:
    fast = plain(tmp_path / "fast.mp4", rate=50, sound=speech(SECONDS))
    kept = [Fraction(i, 25) for i in range(50) if i != 20]
    lossy = clip(tmp_path / "lossy.mp4", kept, sound=speech(SECONDS))
    for name, path in repacked(fast, ("mkv", "fragmented", "flv", "ts", "avi")).items():
        assert compared(path, whole) == [(2 * i, i) for i in range(50)], name
    shown = [i - (i >= 20) for i in range(50)]
    for name, path in repacked(lossy, ("mkv", "fragmented", "flv", "ts")).items():
        assert compared(whole, path) == list(enumerate(shown)), name


def test_c3_h264_in_avi_gives_every_frame_once(tmp_path: Path, whole: Path) -> None:
    ffmpeg("-i", whole, "-c:v", "libx264", "-c:a", "libmp3lame", tmp_path / "p.avi")
    for fps in (None, 25.0):
        read = [number(image) for image in VideoReader(tmp_path / "p.avi", fps)]
        assert read == list(range(50))


@pytest.mark.parametrize("gap", [0.4, 0.06])
def test_c4_a_gap_in_the_sound_is_silence(tmp_path: Path, whole: Path, gap: float) -> None:
    path = tmp_path / "gap.mkv"
    cut = f"asetnsamples=64,aselect='not(between(t,1,{1 + gap}))'"
    ffmpeg("-i", whole, "-c:v", "copy", "-af", cut, "-c:a", "pcm_s16le", path)
    sound = read_sound(path)
    samples = sound.waveform.samples
    given = resample_poly(speech(SECONDS), 160, 441).astype(np.float32)
    assert sound.waveform.seconds == pytest.approx(SECONDS, abs=0.03)
    after = slice(round(1.5 * SAMPLE_RATE), round(1.95 * SAMPLE_RATE))
    assert abs(lag(samples[after], given[after])) <= 16
    assert np.abs(samples[round(1.01 * SAMPLE_RATE) : round((0.99 + gap) * SAMPLE_RATE)]).max() == 0
    assert any("gaps of 0." in note and "silence" in note for note in sound.notes)


def test_c5_rates_that_drift_apart_go_by_the_clock(tmp_path: Path) -> None:
    def at(rate: str, seconds: int) -> Path:
        path = tmp_path / f"{rate.replace('/', '-')}-{seconds}.mp4"
        source = f"testsrc2=size=32x32:rate={rate}:duration={seconds}"
        ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", path)
        return path

    short = Pairs(at("30", 4), at("30000/1001", 4))
    assert sum(1 for _ in short) == 120
    assert not short.resampled
    assert any("29.970 frames a second were taken as one rate" in note for note in short.notes)
    long = Pairs(at("30", 40), at("30000/1001", 40))
    assert long.resampled
    assert len(long.notes) == 2
    assert all("resampled to 25" in note for note in long.notes)


def test_c6_sound_that_changes_in_mid_stream(tmp_path: Path) -> None:
    whole = plain(tmp_path / "whole.mp4", seconds=1, sound=speech(1))
    for name, channels, rate in (("mono", 1, RATE), ("stereo", 2, 48_000)):
        ffmpeg(
            "-i", whole, "-vn", "-ac", channels, "-ar", rate, "-c:a", "aac", tmp_path / f"{name}.ts"
        )
    mixed = tmp_path / "mixed.ts"
    mixed.write_bytes((tmp_path / "mono.ts").read_bytes() + (tmp_path / "stereo.ts").read_bytes())
    sound = read_sound(mixed)
    assert sound.waveform.seconds == pytest.approx(2.0, abs=0.1)
    given = resample_poly(speech(1), 160, 441).astype(np.float32)
    second = sound.waveform.samples[SAMPLE_RATE:]
    assert (
        np.corrcoef(second[1000:14_000], np.roll(given, lag(second, given))[1000:14_000])[0, 1]
        > 0.9
    )
    assert any("changes channels" in note for note in sound.notes)


def test_c8_the_default_tracks_are_read_and_others_told(tmp_path: Path, whole: Path) -> None:
    path = tmp_path / "two.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=64x32:rate=25:duration=2", "-i", whole),
        *("-f", "lavfi", "-i", "anoisesrc=duration=2:amplitude=0.3"),
        *("-map", "0:v", "-map", "1:v", "-map", "2:a", "-map", "1:a", "-c:v", "libx264"),
        *("-disposition:v:0", "0", "-disposition:v:1", "default"),
        *("-disposition:a:0", "0", "-disposition:a:1", "default", path),
    )
    reader = VideoReader(path, None)
    assert [number(image) for image in reader] == list(range(50))
    assert "has 2 video tracks; track 2 (its default) is used" in reader.info.notes
    sound = read_sound(path)
    given = resample_poly(speech(SECONDS), 160, 441).astype(np.float32)
    assert np.corrcoef(sound.waveform.samples[:30_000], given[:30_000])[0, 1] > 0.9
    assert "has 2 audio tracks; track 2 (its default) is used" in sound.notes
    notes = score_videos(path, whole, None, ["psnr"]).notes
    assert any("two.mp4: has 2 video tracks" in note for note in notes)


@pytest.mark.parametrize(("transfer", "name"), [("arib-std-b67", "HLG"), ("smpte2084", "PQ")])
def test_c9_hdr_is_refused_by_name(tmp_path: Path, whole: Path, transfer: str, name: str) -> None:
    path = tmp_path / "hdr.mp4"
    tags = ("-color_trc", transfer, "-color_primaries", "bt2020", "-colorspace", "bt2020nc")
    ffmpeg("-i", whole, "-an", "-c:v", "libx264", "-pix_fmt", "yuv420p10le", *tags, path)
    with pytest.raises(TgbenchError, match=rf"hdr\.mp4: is HDR \({name}\).*ffmpeg -i hdr\.mp4"):
        VideoReader(path)


def test_c10_stored_pixels_are_compared_where_they_are_as_many(tmp_path: Path, whole: Path) -> None:
    wide = tmp_path / "wide.mp4"
    ffmpeg("-i", whole, "-vf", "setsar=2", "-c:v", "libx264", "-crf", "10", wide)
    pairs = Pairs(wide, whole)
    assert pairs.size == (64, 32)
    assert [number(image) for _, image, _ in pairs] == list(range(50))
    told = "wide.mp4: is stored as 64x32 and displayed as 128x32; the stored pixels were used"
    assert told in pairs.notes
    both = Pairs(wide, wide)
    assert both.size == (64, 32)
    assert sum(1 for _ in both) == 50
    assert told in both.notes
    square = tmp_path / "square.mp4"
    ffmpeg("-i", whole, "-vf", "scale=128:32", "-c:v", "libx264", square)
    assert Pairs(wide, square).size == (128, 32)
    assert VideoReader(wide).size == (128, 32)


def test_c11_interlaced_material_is_told_and_deinterlaced_if_asked(tmp_path: Path) -> None:
    """Fields of a moving disc: bwdif must bring the frames nearer to the whole pictures."""
    y, x = np.mgrid[:64, :64]
    for index in range(40):
        disc = 60 + 140 / (1 + np.exp(np.hypot(x - 12 - index, y - 32 - 0.2 * index) - 12))
        image = np.repeat(disc.astype(np.uint8)[..., None], 3, axis=2)
        Image.fromarray(image).save(tmp_path / f"{index:03d}.png")
    source = ("-framerate", "50", "-i", tmp_path / "%03d.png")
    path, true = tmp_path / "woven.mp4", tmp_path / "true.mp4"
    weave = "tinterlace=interleave_top,fieldorder=tff"
    ffmpeg(*source, "-vf", weave, "-c:v", "libx264", "-flags", "+ilme+ildct", "-crf", "4", path)
    ffmpeg(
        *source, "-vf", "select='not(mod(n,2))'", "-r", "25", "-c:v", "libx264", "-crf", "4", true
    )
    combed = score_videos(path, true, None, ["psnr"])
    assert any("20 frames are interlaced" in note for note in combed.notes)
    mended = score_videos(path, true, None, ["psnr"], deinterlace=True)
    assert mended.frames == combed.frames == 20
    assert mended.measurements["psnr"].value > combed.measurements["psnr"].value + 3
    assert any("20 interlaced frames were deinterlaced" in note for note in mended.notes)


@pytest.mark.parametrize(
    ("pixels", "tags"),
    [
        ("yuv420p10le", ()),
        ("yuv420p", ()),
        ("yuv420p", ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")),
        ("yuvj420p", ()),
        ("yuv422p10le", ("-colorspace", "bt2020nc", "-color_primaries", "bt2020")),
    ],
)
def test_c12_colours_are_those_of_the_ffmpeg_program(
    tmp_path: Path, pixels: str, tags: tuple[str, ...]
) -> None:
    path = tmp_path / "colours.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=0.12")
    ffmpeg(*source, "-c:v", "libx264", "-crf", "4", "-pix_fmt", pixels, *tags, path)
    read = np.stack(list(VideoReader(path, None)))
    assert np.abs(read.astype(int) - rgb(path)).max() <= 1


def test_c12_grey_levels_are_not_too_dark(tmp_path: Path) -> None:
    """Against the picture that was encoded: without accurate rounding 1.4 levels are lost."""
    ramp = np.tile(np.linspace(20, 235, 128)[None, :, None], (64, 1, 3)).astype(np.uint8)
    Image.fromarray(ramp).save(tmp_path / "0.png")
    for pixels in ("yuv420p", "yuv420p10le"):
        path = tmp_path / f"{pixels}.mp4"
        ffmpeg("-i", tmp_path / "0.png", "-c:v", "libx264", "-crf", "1", "-pix_fmt", pixels, path)
        read = next(iter(VideoReader(path, None))).astype(float)
        assert abs((read - ramp).mean()) < 0.3


def test_c13_folders_of_videos_are_paired_by_name(
    tmp_path: Path, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, names in (("ours", ("a.mkv", "b.mp4")), ("real", ("a.mp4", "b.mp4", "c.mp4"))):
        (tmp_path / folder).mkdir()
        for name in names:
            ffmpeg("-i", whole, "-c", "copy", tmp_path / folder / name)
    ours, real, out = tmp_path / "ours", tmp_path / "real", tmp_path / "out"
    assert main(["score", str(ours), str(real), "--metrics", "ssim", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "a.mkv against a.mp4: 50 frames" in shown
    assert "real: no prediction for c" in shown
    assert "2 of 2 clips were scored" in shown
    assert all((out / name / "scores.json").is_file() for name in ("a", "b"))
    (real / "b.mp4").unlink()
    assert main(["score", str(ours), str(real), "--metrics", "ssim"]) == 2
    assert "has no video of the name b" in " ".join(capsys.readouterr().err.split())
    assert main(["score", str(ours), str(real), "--metrics", "ssim", "--allow-drop"]) == 0


def test_coded_pictures_can_be_told_apart() -> None:
    assert [number(coded(i)) for i in range(256)] == list(range(256))
