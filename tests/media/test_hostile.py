"""Files that would read others, or never end."""

from __future__ import annotations

import os
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from tgbench.audio import read_waveform
from tgbench.errors import TgbenchError
from tgbench.media import open_media
from tgbench.video.reader import VideoReader

from .recipes import clip, speech


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.mp4", "ffconcat version 1.0\nfile real.mp4\n"),
        ("list.txt", "file real.mp4\n"),
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nreal.mp4\n#EXT-X-ENDLIST\n"),
        ("list.mpd", '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>'),
        ("list.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n"),
        ("list.xml", "<?xml version='1.0'?><AssetMap></AssetMap>"),
        ("list.wav", "%04d.png"),
    ],
)
def test_a_file_that_names_others_opens_none(
    tmp_path: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clip(tmp_path / "real.mp4", [Fraction(0), Fraction(1, 25)], sound=speech(0.1))
    (tmp_path / name).write_text(text)
    for read in (VideoReader, read_waveform):
        with pytest.raises(TgbenchError, match=name):
            read(Path(name))


@pytest.mark.parametrize("name", ["http://127.0.0.1:9/a.mp4", "concat:a.mp4", "data:video/mp4,"])
def test_an_address_is_no_file(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TgbenchError, match="no such file"):
        VideoReader(Path(name))
    path = tmp_path / name.replace("/", "_")
    clip(tmp_path / "real.mp4", [Fraction(0)]).rename(path)
    assert len(list(VideoReader(Path(path.name)))) == 1


def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", Path("/dev/zero")):
        for read in (VideoReader, read_waveform):
            with pytest.raises(TgbenchError, match="is a pipe or a device"):
                read(path)


@pytest.mark.parametrize("rate", [1, 100, 3_000_000])
def test_a_rate_that_no_recording_has_is_refused(tmp_path: Path, rate: int) -> None:
    wavfile.write(tmp_path / "slow.wav", rate, np.zeros(200_000, np.int16))
    with pytest.raises(TgbenchError, match=rf"slow\.wav: .*{rate} Hz"):
        read_waveform(tmp_path / "slow.wav")


def test_a_frame_that_lasts_for_days_is_refused(tmp_path: Path) -> None:
    path = clip(tmp_path / "still.mp4", [Fraction(0), Fraction(1, 25), Fraction(2, 25)], b_frames=0)
    data = bytearray(path.read_bytes())
    place = data.index(b"stts") + 8
    ticks = 46 * 3600 * 90_000 & 0xFFFFFFFF
    entries = struct.unpack_from(">I", data, place)[0]
    assert entries >= 1
    # As many frames as before, of which the first takes the whole time.
    struct.pack_into(">III", data, place, 1, 3, ticks // 4)
    path.write_bytes(data)
    with pytest.raises(TgbenchError, match=r"still\.mp4: .*frame at 0 s lasts"):
        list(VideoReader(path))
    with pytest.raises(TgbenchError, match=r"still\.mp4: .*timestamps"):
        VideoReader(path).survey()


def test_a_pause_of_hours_in_the_sound_is_refused(tmp_path: Path) -> None:
    import av

    path = tmp_path / "pause.mkv"
    with av.open(str(path), "w") as made:
        stream = made.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for start in (0, 50 * 3600 * 16_000):
            block = av.AudioFrame.from_ndarray(np.ones((1, 1600), np.int16), "s16", "mono")
            block.sample_rate, block.time_base, block.pts = 16_000, Fraction(1, 16_000), start
            made.mux(stream.encode(block))
        made.mux(stream.encode(None))
    with pytest.raises(TgbenchError, match=r"pause\.mkv: .*50\.0 h"):
        read_waveform(path)


def test_open_media_reads_what_is_whitelisted(tmp_path: Path) -> None:
    for ending in ("mp4", "mkv", "mov", "avi", "flv", "ts"):
        path = clip(tmp_path / f"a.{ending}", [Fraction(i, 25) for i in range(25)])
        with open_media(path, "is no video", "give one") as container:
            assert container.streams.video
