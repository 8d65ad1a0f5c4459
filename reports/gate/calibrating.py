"""The noise floor: how far repeated results differ on this machine."""

from __future__ import annotations

import argparse
import itertools
import math
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

from tgbench import plugins
from tgbench.commands import run as run_command
from tgbench.errors import TgbenchError
from tgbench.files import temporary_folder
from tgbench.processes.python import python_command
from tgbench.results import MeasuredCase
from tgbench.version import __version__

from .baseline import Baseline, CalibrationRecord, CaseBaseline, rounded
from .matching import refuse_incomparable
from .results import Cases, frame_values, read_results
from .updating import machine, timestamp

QUANTILE = 0.975
"""Share of further pairs of runs that must stay below the floor, in either direction alone."""

FEWEST_RUNS = 2
DEFAULT_RUNS = 5

Run = Callable[[Sequence[str]], None]
"""Does what `tgbench run` does with these arguments."""

Repeats = Sequence[Cases]


@dataclass(frozen=True)
class Plan:
    """What is run.

    Attributes:
        arguments: of `tgbench run`.
        seeds: of each run.
    """

    arguments: tuple[str, ...]
    seeds: tuple[int, ...]

    @classmethod
    def of(cls, arguments: Sequence[str], runs: int, vary_seed: bool) -> Plan:
        """Check a user's choice before anything is run.

        Raises:
            TgbenchError: too few runs, or arguments that a calibration sets by itself.
        """
        if runs < FEWEST_RUNS:
            raise TgbenchError(
                f"--runs {runs}: at least {FEWEST_RUNS} runs are needed for a difference"
            )
        if not arguments:
            raise TgbenchError(
                "--calibrate: nothing to run; give the arguments of `tgbench run` after --"
            )
        parser = _parser()
        read = parser.parse_args(list(arguments))
        if read.out != parser.get_default("out") or read.resume:
            raise TgbenchError(
                "--calibrate fits and measures in folders of its own; leave out --out and --resume"
            )
        if len(read.seed) != 1:
            raise TgbenchError("--calibrate: give one --seed; --vary-seed takes those after it")
        (first,) = read.seed
        seeds = tuple(first + (i if vary_seed else 0) for i in range(runs))
        return cls(_without_seed(arguments), seeds)

    def carry_out(self, run: Run, announce: Callable[[str], None]) -> Repeats:
        """Run the same thing several times from nothing and return what was measured.

        Args:
            run: does one of them.
            announce: called with a line before each.

        Raises:
            TgbenchError: a run failed, or left what cannot be read.
        """
        repeats: list[Cases] = []
        with temporary_folder("tgbench-calibrate") as root:
            for number, seed in enumerate(self.seeds, start=1):
                announce(f"run {number} of {len(self.seeds)}, seed {seed}")
                out = Path(root) / str(number)
                run([*self.arguments, "--seed", str(seed), "--out", str(out)])
                repeats.append(read_results(out))
        return repeats


def run_in_process(arguments: Sequence[str]) -> None:
    """Do what `tgbench run` does, in a process of its own, as a CI's next job would be.

    Raises:
        TgbenchError: it failed; its own words are on standard error.
    """
    command = python_command("-m", "tgbench.cli", "run", *arguments)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise TgbenchError(
            f"--calibrate: `tgbench run {' '.join(arguments)}` ended with code {done.returncode}"
        )


def with_floors(baseline: Baseline, repeats: Repeats, seeds: Sequence[int], path: Path) -> Baseline:
    """Return a baseline with the noise floors that repeated runs show.

    Cases that were not run keep what they have.

    Raises:
        TgbenchError: the runs are of other cases, or of another configuration.
    """
    first = repeats[0]
    known = {case.key for case in baseline.cases}
    unknown = [key.title for key in first if key not in known]
    if unknown:
        raise TgbenchError(
            f"{path}: has no {'; '.join(unknown)}; calibrate with the arguments of the run that "
            "the baseline was made of"
        )
    for number, repeat in enumerate(repeats, start=1):
        if repeat.keys() != first.keys():
            raise TgbenchError(f"--calibrate: run {number} is of other cases than run 1")
        refuse_incomparable(
            baseline, repeat, path, "calibrate with the arguments of the run that it was made of"
        )
    cases = [
        _calibrated(case, [repeat[case.key] for repeat in repeats], seeds, path)
        if case.key in first
        else case
        for case in baseline.cases
    ]
    return baseline.model_copy(update={"cases": cases, "updated": timestamp()})


def floor_of(metric: str, runs: Sequence[MeasuredCase]) -> float | None:
    """Return how far two more runs of the same may differ, None where one has no value.

    The root mean square of the paired differences, widened by Student's t: a few runs lie closer
    together than further ones will, and the largest difference among them is soon exceeded.
    """
    records = [run.metrics.get(metric) for run in runs]
    values = [record.value for record in records if record is not None and record.value is not None]
    if len(values) < len(runs):
        return None
    series = [
        frame_values(run, metric) if plugins.averages_frames(metric) else None for run in runs
    ]
    differences = []
    for i, j in itertools.combinations(range(len(runs)), 2):
        first, second = series[i], series[j]
        difference = values[j] - values[i]
        if first is not None and second is not None and np.isfinite(second - first).any():
            difference = float(np.nanmean(second - first))
        differences.append(difference)
    typical = math.sqrt(np.mean(np.square(differences)))
    widened = typical * float(stdtrit(len(runs) - 1, QUANTILE))
    return float(rounded([widened])[0])


def _calibrated(
    case: CaseBaseline, runs: Sequence[MeasuredCase], seeds: Sequence[int], path: Path
) -> CaseBaseline:
    result = runs[0].result
    if result.method.config_hash != case.config_hash:
        raise TgbenchError(
            f"{path}: {case.key.title}: calibrated with another configuration (preset "
            f"{case.preset} there, {result.method.preset} now, or other settings); use the "
            "arguments of the run that the baseline was made of"
        )
    record = CalibrationRecord(
        runs=len(runs),
        seeds=list(seeds),
        quantile=QUANTILE,
        created=timestamp(),
        tgbench_version=__version__,
        machine=machine(result.environment),
        config_hash=case.config_hash,
    )
    metrics = {
        name: metric.model_copy(update={"floor": floor_of(name, runs)})
        for name, metric in case.metrics.items()
    }
    return case.model_copy(update={"calibration": record, "metrics": metrics})


def _without_seed(arguments: Sequence[str]) -> tuple[str, ...]:
    """Leave out --seed, which takes further values each time it is given."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--seed", nargs="+")
    return tuple(parser.parse_known_args(list(arguments))[1])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tgbench run", allow_abbrev=False)
    run_command.add_arguments(parser)
    return parser
