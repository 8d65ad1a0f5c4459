"""How costs grow with size: `python -m benchmarks.costs FOLDER [SUBJECT ...]`.

Measures plans, reports, scoring and training iterations at growing sizes in processor time, and the
peak memory of a run, keeps the numbers in `benchmarks/results/costs.json`, and draws
`docs/assets/costs.svg`. FOLDER takes what is made on the way.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

KEPT = Path(__file__).parent / "results" / "costs.json"
DRAWN = Path(__file__).parents[1] / "docs" / "assets" / "costs.svg"


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        title: of the plot.
        of: what the size counts.
        unit: of what is drawn: "s" or "ms" of processor time, or "MB" of memory.
        sizes: from small to large.
        measure: returns processor seconds or megabytes at a size; the folder is for files.
    """

    title: str
    of: str
    unit: str
    sizes: tuple[int, ...]
    measure: Callable[[int, Path], float]

    @property
    def kept_as(self) -> str:
        """What the numbers are called where they are kept."""
        return "megabytes" if self.unit == "MB" else "seconds"


def main(arguments: Sequence[str]) -> None:
    """Measure the subjects that are named, or all, and draw what is known of all."""
    folder = Path(arguments[0])
    measured = json.loads(KEPT.read_text("utf-8")) if KEPT.is_file() else {}
    for name in arguments[1:] or list(SUBJECTS):
        subject = SUBJECTS[name]
        # What is imported and compiled first is no cost of a size.
        subject.measure(subject.sizes[0], folder / name)
        found: list[float] = []
        for size in subject.sizes:
            found.append(subject.measure(size, folder / name))
            print(f"{name} {size}: {found[-1]:.4f} {subject.kept_as}", flush=True)
        measured[name] = {"sizes": list(subject.sizes), subject.kept_as: found}
        print(f"{name}: grows with the power {power(subject.sizes, found):.2f} at the end")
        KEPT.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
    draw(measured, DRAWN)


def power(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """Return with which power of the size a cost grows between the last two sizes."""
    return float(np.log(costs[-1] / costs[-2]) / np.log(sizes[-1] / sizes[-2]))


def draw(measured: dict[str, dict[str, list[float]]], path: Path) -> None:
    """Draw one plot a subject; the line is what it would cost if that grew with size alone."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    names = [name for name in SUBJECTS if name in measured]
    figure = Figure(figsize=(10.0, 3.1 * -(-len(names) // 3)), layout="constrained")
    for place, name in enumerate(names, 1):
        subject, found = SUBJECTS[name], measured[name]
        scale = 1e3 if subject.unit == "ms" else 1.0
        sizes, drawn = np.array(found["sizes"]), np.array(found[subject.kept_as]) * scale
        slope, start = np.polyfit(sizes, drawn, 1, w=1.0 / np.maximum(drawn, 1e-9))
        axes = figure.add_subplot(-(-len(names) // 3), 3, place)
        axes.plot(sizes, start + slope * sizes, color="#bbb", linewidth=1.0, label="straight line")
        axes.plot(sizes, drawn, "o-", color="#1f5fa8", markersize=4.0, linewidth=1.2)
        axes.set_title(subject.title, fontsize=9)
        axes.set_xlabel(subject.of, fontsize=8)
        quantity = "peak memory" if subject.unit == "MB" else "processor time"
        axes.set_ylabel(f"{quantity} [{subject.unit}]", fontsize=8)
        axes.set_ylim(bottom=0.0)
        axes.locator_params(nbins=5)
        axes.tick_params(labelsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "costs"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def busy(work: Callable[[], object], times: int = 1) -> float:
    """Return the processor seconds of some work, the least of several times."""
    seconds = []
    for _ in range(times):
        before = time.process_time()
        work()
        seconds.append(time.process_time() - before)
    return min(seconds)


def plan(jobs: int, folder: Path) -> float:
    """Return the time of a plan of so many jobs."""
    from tgbench.progress import SILENT
    from tgbench.running.planning import Planner
    from tgbench.running.request import RunRequest

    request = RunRequest(
        methods=("still",),
        protocols=("self_reconstruction", "lipsync"),
        identities=("synth-a",),
        size=64,
        seeds=tuple(range(jobs // 4)),
        out=folder / str(jobs),
    )
    return busy(lambda: Planner(request).plan(SILENT).to_do())


def report(results: int, folder: Path) -> float:
    """Return the time of tables of so many results, copies of one with other seeds."""
    from tgbench.cli import main as tgbench

    first = folder / "first"
    command = ["run", "--method", "still", "--protocol", "self_reconstruction"]
    command += ["--identity", "synth-a", "--size", "64", "--metrics", "psnr", "ssim"]
    if not first.is_dir():
        _quietly(lambda: tgbench([*command, "--out", str(first)]))
    (source,) = first.rglob("result.json")
    content = json.loads(source.read_text("utf-8"))
    many = folder / str(results)
    for seed in range(results):
        place = many / f"{seed}"
        place.mkdir(parents=True, exist_ok=True)
        copy = {**content, "seed": seed, "case_key": f"{seed:064x}"}
        (place / "result.json").write_text(json.dumps(copy), "utf-8")
    tables = folder / "tables"
    try:
        return busy(lambda: _quietly(lambda: tgbench(["report", str(many), "--to", str(tables)])))
    finally:
        shutil.rmtree(many)


def score(frames: int, folder: Path) -> float:
    """Return the time of PSNR and SSIM of two videos of 256x256."""
    from tgbench.scoring import ScoreRequest
    from tgbench.scoring import score as score_two
    from tgbench.video.writer import VideoWriter

    folder.mkdir(parents=True, exist_ok=True)
    ours, real = folder / f"ours{frames}.mp4", folder / f"real{frames}.mp4"
    scene = np.random.default_rng(0).integers(0, 256, (256, 512, 3)).astype(np.uint8)
    for shift, clip in enumerate((ours, real)):
        with VideoWriter(clip, 256, 256) as writer:
            for frame in range(frames):
                writer.write(np.ascontiguousarray(np.roll(scene, frame + shift, 1)[:, :256]))
    return busy(lambda: score_two(ScoreRequest(ours, real, metrics=("psnr", "ssim"))))


def by_gaussians(count: int, folder: Path) -> float:
    """Return the time of a training iteration of the face at 256x256."""
    return _iteration(count, 256)


def by_pixels(pixels: int, folder: Path) -> float:
    """Return the time of a training iteration of 5,000 Gaussians."""
    return _iteration(5_000, round(pixels**0.5))


def fit_memory(frames: int, folder: Path) -> float:
    """Return the peak memory of a fit to so many frames, rendering and PSNR, in MB."""
    from tgbench.identities.resolve import resolve_identity
    from tgbench.progress import SILENT

    from .fit_memory import peak_of_a_run, repeat

    folder.mkdir(parents=True, exist_ok=True)
    short = folder / "short"
    if not short.is_dir():
        # Links do not cross file systems.
        shutil.copytree(resolve_identity("synth-a", 64, SILENT).folder, short)
    clip, out = folder / f"clip{frames}", folder / f"out{frames}"
    shutil.rmtree(clip, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    return peak_of_a_run(repeat(short, clip, frames), out, metrics=("psnr",))


def _iteration(count: int, size: int) -> float:
    import torch

    from .scene import trainer

    torch.set_num_threads(1)
    made = trainer("face", count, size)
    made.step()
    return busy(made.step, times=5)


def _quietly(work: Callable[[], object]) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        work()


SUBJECTS = {
    "plan": Subject("a plan", "jobs", "s", (100, 1000, 3000, 10_000), plan),
    "report": Subject("tables of results", "results", "s", (10, 100, 1000, 5000), report),
    "score": Subject("scoring: PSNR, SSIM at 256", "frames", "s", (25, 100, 250, 500), score),
    "gaussians": Subject(
        "an iteration at 256",
        "Gaussians",
        "ms",
        (1000, 5000, 20_000, 50_000, 200_000),
        by_gaussians,
    ),
    "pixels": Subject(
        "an iteration of 5,000 Gaussians",
        "pixels",
        "ms",
        (128**2, 256**2, 384**2, 512**2, 768**2),
        by_pixels,
    ),
    "memory": Subject(
        "a fit at 64, cache of 4 MB",
        "frames",
        "MB",
        (100, 300, 1000, 3000, 10_000),
        fit_memory,
    ),
}


if __name__ == "__main__":
    main(sys.argv[1:])
