"""People whom the head prior has never seen: `python -m benchmarks.unseen_people [SEED ...]`.

Each is filmed at three views and seen from twenty others, up to 75 degrees aside. The prior is
inverted over the three pictures, expressions unknown; compared are the prior's mean head in the
same place and `talkinggaussian` fitted to the same pictures.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tgbench.arrays import Image, Points
from tgbench.configs import build
from tgbench.drive import PlainBackdrop
from tgbench.errors import TgbenchError
from tgbench.faces.landmarks import LandmarkDetector
from tgbench.identities import Identity, IdentityWriter, Split
from tgbench.interfaces import Drive, FitContext
from tgbench.methods.dgtalker.config import DGTalkerConfig
from tgbench.methods.dgtalker.frames import HeadFrames
from tgbench.methods.dgtalker.person import Person
from tgbench.methods.dgtalker.personalisation import Personalisation
from tgbench.methods.dgtalker.prior.choice import load_prior
from tgbench.methods.dgtalker.prior.population import FIRST_PERSON, camera
from tgbench.methods.shared.crop_window import window_camera
from tgbench.methods.shared.fusion import over
from tgbench.methods.shared.threads import one_thread
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.method import TalkingGaussian
from tgbench.methods.talkinggaussian.spec import SPEC as TALKINGGAUSSIAN
from tgbench.metrics.lips.lmd import mouth_landmark_distance
from tgbench.progress import SILENT
from tgbench.synthetic import dataset
from tgbench.synthetic.expression import action_units
from tgbench.synthetic.studio import Studio
from tgbench.synthetic.writing import write_shot

CPU = torch.device("cpu")
SECONDS = 2.4
ROWS = (8, 22, 41, 50)
"""Frames of the performance: three that train, and one that the layout wants held out."""

SHOWN = 1
"""Which of them is seen from elsewhere."""

TRAINING = ((-20.0, 0.0), (0.0, 0.0), (20.0, 0.0), (0.0, 0.0))
VIEWS = tuple(
    (yaw, pitch)
    for yaw in (-75.0, -60.0, -45.0, -30.0, -10.0, 10.0, 30.0, 45.0, 60.0, 75.0)
    for pitch in (-12.0, 12.0)
)
"""Yaw to the person's left and pitch up, degrees."""

Frames = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Subject:
    """A person at three views, and the truth at others.

    Attributes:
        identity: of four frames, the first three of which train.
        cameras: [V, 4, 4], of the other views.
        truth: the head alone over white from there, uint8 [V, H, W, 3].
    """

    identity: Identity
    cameras: NDArray[np.float64]
    truth: NDArray[np.uint8]


def film(folder: Path, seed: int, size: int, views: Sequence[tuple[float, float]]) -> Subject:
    """Film a drawn person.

    Args:
        folder: for the identity.
        seed: of `synth:SEED`, none that trained the prior.
        size: side of the pictures.
        views: yaw and pitch of the others, degrees.
    """
    if seed >= FIRST_PERSON:
        raise SystemExit(
            f"synth:{seed} may have trained the prior; use a seed below {FIRST_PERSON}"
        )
    person = dataset.person_of(f"synth:{seed}")
    take = dataset.rehearse(person, SECONDS)
    studio = Studio(person, take.performance, size)
    poses = np.stack([camera(*direction) for direction in TRAINING])
    writer = IdentityWriter(folder, (size, size))
    gaps = np.zeros(len(take.performance))
    for number, (row, pose) in enumerate(zip(ROWS, poses, strict=True)):
        shot = studio.view(row, pose)
        gaps[row] = shot.lip_gap
        write_shot(writer, number, shot)
    writer.write_background(studio.plate)
    writer.write_transforms(studio.focal, poses, Split(range(3), range(3, 4)))
    units = action_units(take.performance, gaps)
    chosen = {name: values[list(ROWS)] for name, values in units.items()}
    writer.write_action_units(chosen, measured_by="rig")
    writer.write_audio(take.audio.cut(ROWS[0] / 25, (ROWS[0] + len(ROWS)) / 25))
    writer.finish({"made_by": "benchmarks.unseen_people", "seed": seed})
    cameras = np.stack([camera(*direction) for direction in views])
    truth = np.stack([studio.head(ROWS[SHOWN], pose).image for pose in cameras])
    return Subject(Identity(folder), cameras, truth)


def inverted(subject: Subject, settings: Mapping[str, object]) -> tuple[Frames, Frames]:
    """Return the inverted head and the prior's mean head in its place, [V, H, W, 3] in 0 to 1."""
    config = build(DGTalkerConfig, settings)
    frames = HeadFrames(subject.identity, range(3), 1 << 28, CPU)
    with one_thread():
        personal = Personalisation(config, load_prior(config, 0, CPU), frames, 0, CPU)
        mean = personal.person.code.detach().clone()
        while personal.iteration < personal.iterations:
            personal.step()
    person = personal.person
    with torch.inference_mode():
        return _seen(subject, person, person.frame_codes()[SHOWN]), _seen(subject, person, mean)


def _seen(subject: Subject, person: Person, code: torch.Tensor) -> Frames:
    heads, lens = person.heads(code[None]), subject.identity.intrinsics
    white = torch.ones(3)
    return np.stack(
        [
            over(heads.draw([window_camera(pose, lens)]).frame(0), white).clamp(0, 1).numpy()
            for pose in subject.cameras
        ]
    ).astype(np.float64)


def talkinggaussian(subject: Subject, folder: Path, settings: Mapping[str, object]) -> Frames:
    """Return what `talkinggaussian`, preset quick, shows after a fit to the same pictures."""
    config = build(TalkingGaussianConfig, {**TALKINGGAUSSIAN.presets["quick"], **settings})
    method, identity = TalkingGaussian(config), subject.identity
    folder.mkdir(parents=True, exist_ok=True)
    method.fit(identity, identity.split(), FitContext(folder, 0, "cpu", SILENT))
    rows = np.full(len(subject.cameras), SHOWN)
    sound, size = identity.audio.cut(0, len(rows) / 25), identity.intrinsics
    drive = dataclasses.replace(
        Drive.of_frames(identity, rows, sound, identity.audio_features(), rows),
        poses=subject.cameras.astype(np.float32),
        backdrop=PlainBackdrop(size.width, size.height),
    )
    return np.stack(list(method.render(drive))) / 255.0


def psnr(frames: Frames, truth: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the PSNR of each frame, dB."""
    error = np.mean((frames - truth / 255.0) ** 2, axis=(1, 2, 3))
    found: NDArray[np.float64] = -10.0 * np.log10(error)
    return found


def lmd(
    frames: Frames, truth: NDArray[np.uint8], find: Callable[[Image], Points | None]
) -> list[float | None]:
    """Return the mouth's landmark distance of each frame, pixels; None where no face is found."""
    found: list[float | None] = []
    for made, true in zip(frames, truth, strict=True):
        points, wanted = find(np.rint(made * 255).astype(np.uint8)), find(true)
        if points is None or wanted is None:
            found.append(None)
        else:
            found.append(mouth_landmark_distance(points, wanted))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each person and way: means over all views, and by angle."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("seeds", type=int, nargs="*", default=[7, 8, 9])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--tuned", action="store_true", help="also after tuning, as in `quick`")
    args = parser.parse_args(arguments)
    least, most = dataset.SIZES
    if args.size % 2 or not least <= args.size <= most:
        parser.error(f"--size {args.size}: must be even, {least} to {most}")
    try:
        _measure(args)
    except TgbenchError as error:
        parser.error(str(error))


def _measure(args: argparse.Namespace) -> None:
    find = LandmarkDetector().detect
    for seed in args.seeds:
        with tempfile.TemporaryDirectory() as folder:
            subject = film(Path(folder) / f"synth-{seed}", seed, args.size, VIEWS)
            alone, mean = inverted(subject, {"person.tuning_iterations": 0})
            ways = {
                "mean head": mean,
                "inverted": alone,
                "talkinggaussian": talkinggaussian(subject, Path(folder) / "fit", {}),
            }
            if args.tuned:
                ways["inverted, tuned"] = inverted(subject, {})[0]
            for name, frames in ways.items():
                _say(f"synth:{seed} {name}", frames, subject.truth, find)


def _say(
    title: str,
    frames: Frames,
    truth: NDArray[np.uint8],
    find: Callable[[Image], Points | None],
) -> None:
    values, distances = psnr(frames, truth), lmd(frames, truth, find)
    seen = [each for each in distances if each is not None]
    by_angle = []
    for least, most in ((0, 20), (20, 50), (50, 90)):
        inside = [least <= abs(yaw) < most for yaw, _ in VIEWS]
        by_angle.append(f"{least}-{most} deg {_mean(values[inside])} dB")
    print(
        f"{title}: PSNR {_mean(values)} dB ({', '.join(by_angle)}), LMD {_mean(seen)} px in "
        f"{len(seen)} of {len(truth)} views",
        flush=True,
    )


def _mean(values: Iterable[float]) -> str:
    found = list(values)
    return f"{np.mean(found):.2f}" if found else "-"


if __name__ == "__main__":
    main()
