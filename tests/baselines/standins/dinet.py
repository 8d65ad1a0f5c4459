"""DINet at 3b57fb0a: pastes a mouth into a video whose landmarks OpenFace found."""

from __future__ import annotations

import argparse
import csv
import random
from pathlib import Path

from .common import (
    FPS,
    Main,
    begin,
    loudness,
    mirrored,
    mux,
    need,
    read_image,
    read_video,
    speak,
    write_image,
    write_video,
)

_POINTS = 68


def inference(checkout: Path, words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mouth_region_size", type=int, default=256)
    parser.add_argument("--source_video_path", required=True)
    parser.add_argument("--source_openface_landmark_path", type=Path, required=True)
    parser.add_argument("--driving_audio_path", type=Path, required=True)
    parser.add_argument(
        "--pretrained_clip_DINet_path", default="./asserts/clip_training_DINet_256mouth.pth"
    )
    parser.add_argument("--deepspeech_model_path", default="./asserts/output_graph.pb")
    parser.add_argument("--res_video_dir", type=Path, default="./asserts/inference_result")
    args = parser.parse_args(words)
    fault = begin(checkout)
    folder = Path(args.source_video_path.replace(".mp4", ""))
    folder.mkdir(exist_ok=True)
    for index, frame in enumerate(read_video(Path(args.source_video_path))[0]):
        write_image(folder / f"{index:06d}.jpg", frame)
    need(Path(args.deepspeech_model_path))
    need(Path(args.pretrained_clip_DINet_path))
    openings = loudness(args.driving_audio_path)
    frames = [read_image(path) for path in sorted(folder.glob("*.jpg"))]
    landmarks = _landmarks(args.source_openface_landmark_path)
    if len(frames) != len(landmarks):
        # The real one raises a text, which Python refuses in these words.
        raise TypeError("exceptions must derive from BaseException")
    chosen = sorted(random.sample(range(5, len(openings) + 2), 5))
    print("selecting five reference images", chosen)
    tint = sum(chosen) % 50
    spoken = []
    for i in range(len(openings) - 1):
        frame = speak(frames[mirrored(i, len(frames))], openings[i])
        frame[-4:, :, 1] = tint
        spoken.append(frame)
    args.res_video_dir.mkdir(exist_ok=True)
    stem = Path(args.source_video_path).name[:-4]
    whole = args.res_video_dir / f"{stem}_facial_dubbing.mp4"
    face = args.res_video_dir / f"{stem}_synthetic_face.mp4"
    write_video(whole, spoken, fault, code="XVID", fps=FPS)
    write_video(face, [frame[:32, :24] for frame in spoken], fault, code="XVID", fps=FPS)
    with_sound = args.res_video_dir / f"{stem}_facial_dubbing_add_audio.mp4"
    mux(args.driving_audio_path, whole, with_sound, fault, "-c:v", "copy", "-c:a", "aac")


def _landmarks(table: Path) -> list[list[float]]:
    """Return x and y of 68 points of each row; they begin in the sixth column."""
    with need(table).open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    assert header[5].strip() == "x_0"
    assert header[5 + _POINTS].strip() == "y_0"
    return [[float(value) for value in row[5 : 5 + 2 * _POINTS]] for row in rows]


PROGRAMS: dict[str, Main] = {"inference.py": inference}
WEIGHTS = ("asserts/clip_training_DINet_256mouth.pth", "asserts/output_graph.pb")
