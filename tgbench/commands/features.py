"""`tgbench features`: run audio encoders on the sound of identities or on any sound."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import plugins
from ..errors import TgbenchError
from ..requirements import why_not_run
from ..specs import AudioEncoderSpec
from ..terminal import Terminal

_EXAMPLES = """\
An identity folder gets the files that the field's scripts make: aud_ds.npy,
aud_eo.npy, aud_hu.npy. The features of any other sound go beside it, or to
--out. Runs take them with --audio-features. A record of what made them,
aud_ds.json and so on, lies beside each.

  tgbench features data/NAME --encoders deepspeech hubert
  tgbench features speech.wav --encoders deepspeech --out features
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "sounds", type=Path, nargs="+", metavar="FOLDER|SOUND", help="identity folders, or sounds"
    )
    parser.add_argument(
        "--encoders",
        nargs="+",
        required=True,
        metavar="NAME",
        help="of `tgbench list audio-encoders`",
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="for features of sounds")
    parser.add_argument(
        "--loudness",
        type=float,
        metavar="LUFS",
        help="bring each sound to this loudness first (ITU-R BS.1770), such as -23; without it "
        "loudness is left alone",
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Write the features, having looked first whether all encoders can run."""
    from ..audio import read_waveform
    from ..audio.feature_files import write_features
    from ..audio.loudness import RANGE
    from ..files import require_file, sha256
    from ..identities import layout

    if args.loudness is not None and not RANGE[0] <= args.loudness <= RANGE[1]:
        raise TgbenchError(
            f"--loudness {args.loudness:g}: give LUFS from {RANGE[0]:g} to {RANGE[1]:g}, "
            "such as -23"
        )
    names = dict.fromkeys(name for text in args.encoders for name in text.split(",") if name)
    encoders = [plugins.find(plugins.audio_encoders(), name, "audio encoder") for name in names]
    for encoder in encoders:
        if reason := why_not_run(encoder):
            raise TgbenchError(f"the audio encoder '{encoder.name}' cannot be run here: {reason}")
    sources = [path / layout.AUDIO if path.is_dir() else path for path in args.sounds]
    for source in sources:
        require_file(source, "give an identity folder or a sound")
    for given, source in zip(args.sounds, sources, strict=True):
        sound, key = read_waveform(source), sha256(source)
        for encoder in encoders:
            target = _target(given, encoder, args.out)
            try:
                write_features(encoder, sound, target, key, terminal.progress, args.loudness)
            except TgbenchError as error:
                raise TgbenchError(f"{source}: {error}") from error
            terminal.out.print(f"{target} is ready")
    return 0


def _target(given: Path, encoder: AudioEncoderSpec, out: Path | None) -> Path:
    if given.is_dir():
        return given / encoder.file
    kind = encoder.file.removeprefix("aud")
    return (out or given.parent) / f"{given.stem}{kind}"
