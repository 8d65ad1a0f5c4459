"""IP-LAP at 9b9dc03f: edits the face of a video, and draws its landmarks at the left."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from .common import (
    Main,
    begin,
    ffmpeg,
    loudness,
    mel_steps,
    mirrored,
    mux,
    need,
    read_video,
    speak,
    write_video,
)


def inference(checkout: Path, words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", "--input_template_video", required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--output_dir", default="./test_result")
    models = "./test/checkpoints"
    parser.add_argument(
        "--landmark_gen_checkpoint_path",
        type=Path,
        default=f"{models}/landmarkgenerator_checkpoint.pth",
    )
    parser.add_argument(
        "--renderer_checkpoint_path", type=Path, default=f"{models}/renderer_checkpoint.pth"
    )
    args = parser.parse_args(words)
    fault = begin(checkout)
    temporary = Path(f"tempfile_of_{args.output_dir.split('/')[-1]}")
    out, source = Path(args.output_dir), Path(args.input)
    out.mkdir(parents=True, exist_ok=True)
    temporary.mkdir(exist_ok=True)
    need(args.landmark_gen_checkpoint_path)
    need(args.renderer_checkpoint_path)
    if not source.is_file():
        raise ValueError("the input video file does not exist")
    frames, fps = read_video(source)
    if fps != 25:
        ffmpeg("-i", source, "-r", "25", temporary / "temp_25fps.avi")
        frames, fps = read_video(temporary / "temp_25fps.avi")
    mel, chunks = mel_steps(args.audio), 0
    while int(chunks * 3.2) + 16 <= mel:
        chunks += 1
    openings = loudness(args.audio)
    # The first frame that has two before it is written three times.
    places = [2, 2, *range(2, chunks)]
    spoken = [speak(frames[mirrored(i, len(frames))], openings[i]) for i in places]
    sketch = np.zeros_like(frames[0])
    both = [np.concatenate([sketch, frame], axis=1) for frame in spoken]
    write_video(temporary / "result.avi", both, fault, code="DIVX", fps=fps)
    name = out / f"{source.name[:-4]}result_N_25_Nl_15.mp4"
    mux(args.audio, temporary / "result.avi", name, fault, "-strict", "-2", "-q:v", "1")
    print("succeed output results to:", name)


PROGRAMS: dict[str, Main] = {"inference_single.py": inference}
WEIGHTS = (
    "test/checkpoints/landmarkgenerator_checkpoint.pth",
    "test/checkpoints/renderer_checkpoint.pth",
)
