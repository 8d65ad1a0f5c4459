"""How held-out quality grows over a schedule: `python -m benchmarks.schedule_curve FOLDER PERSON`.

Fits TalkingGaussian, by default with the paper's schedule, and stops ten times on the way to render
the held-out frames and score them. FOLDER keeps checkpoints, frames and `curve.csv`; the same
command again goes on where it was stopped. The fit is the one that was not watched, bit by bit.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tgbench.api import score
from tgbench.arrays import Image
from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Split
from tgbench.identities.resolve import resolve_identity
from tgbench.interfaces import Drive, FitContext
from tgbench.methods.talkinggaussian.branch import Branch
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.fitting import Fit, Stage
from tgbench.methods.talkinggaussian.rendering import Renderer
from tgbench.methods.talkinggaussian.spec import SPEC
from tgbench.methods.talkinggaussian.training import BranchTrainer
from tgbench.plugins import audio_encoder_of
from tgbench.running.rendering import write_image
from tgbench.running.request import default_size
from tgbench.running.settings import configure, parse_overrides
from tgbench.terminal.output import Terminal

METRICS = ("psnr", "psnr_face", "ssim", "lmd", "mouth_ccc")
COLUMNS = ("iterations", "minutes", "face_gaussians", "mouth_gaussians", *METRICS)
LOOKS = 10
"""How often quality is looked at before colours are fine-tuned."""


class Curve:
    """What was measured on the way, a row for each number of iterations of both branches."""

    def __init__(self, folder: Path, identity: Identity, config: TalkingGaussianConfig) -> None:
        self._folder, self._config = folder, config
        rows = np.array(identity.split().test)
        sound = identity.audio.cut(rows[0] / identity.fps, (rows[-1] + 1) / identity.fps)
        features = identity.audio_features(audio_encoder_of(config))
        self._drive = Drive.of_frames(identity, rows, sound, features, rows)
        self._truth = folder / "truth"
        if not self._truth.is_dir():
            _write(self._truth, (identity.frame(row) for row in rows))

    def look(self, branches: Sequence[Branch], iterations: int, seconds: float) -> None:
        """Measure what branches render, unless an earlier run has."""
        if any(int(row["iterations"]) == iterations for row in self.rows()):
            return
        place = self._folder / f"at-{iterations:06d}"
        _write(place, Renderer(branches, self._config).frames(self._drive))
        scores = score(place, self._truth, metrics=METRICS, fps=self._drive.fps)
        counts = [len(branch.field) for branch in branches]
        measured = [scores.metrics[name].value for name in METRICS]
        row = [iterations, round(seconds / 60, 2), counts[0], sum(counts[1:]), *measured]
        with (self._folder / "curve.csv").open("a", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerow(row)
        print(", ".join(f"{name} {value}" for name, value in zip(COLUMNS, row, strict=True)))

    def rows(self) -> list[dict[str, str]]:
        """Return what is known."""
        path = self._folder / "curve.csv"
        if not path.is_file():
            path.write_text(",".join(COLUMNS) + "\n", "utf-8")
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))


class WatchedFit(Fit):
    """A fit that is looked at after every tenth of the branches' iterations."""

    def __init__(
        self,
        curve: Curve,
        config: TalkingGaussianConfig,
        identity: Identity,
        split: Split,
        context: FitContext,
    ) -> None:
        super().__init__(config, identity, split, context)
        self._curve = curve

    def _run_together(
        self, stages: Sequence[Stage], description: str, first: int, last: int
    ) -> None:
        trainers = [stage for stage in stages if isinstance(stage, BranchTrainer)]
        if not trainers:
            return super()._run_together(stages, description, first, last)
        whole = self._config.branch_iterations
        looks = [whole * part // LOOKS for part in range(1, LOOKS + 1)]
        for stop in sorted({*(look for look in looks if first < look <= last), last}):
            super()._run_together(stages, description, first, stop)
            if stop in looks and all(trainer.iteration == stop for trainer in trainers):
                seconds = max(trainer.seconds for trainer in trainers)
                done = sum(trainer.iteration for trainer in trainers)
                self._curve.look([trainer.branch for trainer in trainers], done, seconds)
        return None


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, and print a line at every look."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("identity")
    parser.add_argument("--size", type=int, help="of a built-in person")
    parser.add_argument("--preset", default="paper", choices=sorted(SPEC.presets))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE")
    args = parser.parse_args(arguments)
    try:
        _watch(args)
    except TgbenchError as error:
        parser.error(str(error))


def _watch(args: argparse.Namespace) -> None:
    progress = Terminal().progress
    size = args.size or default_size([SPEC.name], args.preset)
    identity = resolve_identity(args.identity, size, progress)
    config = configure(SPEC, args.preset, parse_overrides(args.set))
    work = args.folder / "work"
    work.mkdir(parents=True, exist_ok=True)
    curve = Curve(args.folder, identity, config)
    context = FitContext(work, args.seed, "cpu", progress)
    branches, report = WatchedFit(curve, config, identity, identity.split(), context).run()
    curve.look(branches, sum(report.iterations.values()), report.seconds or 0.0)


def _write(folder: Path, frames: Iterable[Image]) -> None:
    """Write frames as images; the folder is there when all are."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for number, frame in enumerate(frames):
        write_image(unfinished / f"{number:05d}.png", frame)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


if __name__ == "__main__":
    main()
