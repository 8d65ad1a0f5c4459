"""Fitting a method to an identity once, for all cases that use it."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import TgbenchError
from ..files import hash_of, write_json
from ..identities import Identity, Split
from ..interfaces import FitContext, FitReport, Method
from ..progress import Progress
from ..specs import MethodSpec
from ..version import __version__
from .locks import sole_writer

_REPORT = "fit.json"
_log = logging.getLogger("tgbench")


@dataclass(frozen=True)
class Contender:
    """A method with its complete configuration.

    Attributes:
        spec: what it declares.
        config: instance of its config dataclass.
        preset: what the configuration started from.
    """

    spec: MethodSpec
    config: Any
    preset: str

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration as a JSON-serialisable dictionary."""
        return json.loads(json.dumps(dataclasses.asdict(self.config)))

    @property
    def settings_hash(self) -> str:
        """SHA-256 of the configuration."""
        return hash_of({"method": self.spec.name, "config": self.settings})


@dataclass(frozen=True)
class Fitting:
    """What a fit depends on and where it is kept."""

    contender: Contender
    identity: Identity
    identity_hash: str
    split: Split
    seed: int
    device: str
    models: Path

    @property
    def key(self) -> str:
        """SHA-256 of everything that determines the fitted state."""
        return hash_of(
            {
                "tgbench": __version__,
                "config": self.contender.settings_hash,
                "identity": self.identity_hash,
                "train": [self.split.train.start, self.split.train.stop],
                "seed": self.seed,
                "device": self.device,
            }
        )

    @property
    def folder(self) -> Path:
        """Where this fit is kept; other configurations have other folders."""
        return self.models / self.identity.name / self.contender.spec.name / self.key[:12]


def fit_or_load(fitting: Fitting, fresh: bool, progress: Progress) -> tuple[Method, FitReport]:
    """Return the fitted method: loaded if it is there, resumed if it was stopped, else fitted.

    Args:
        fitting: what to fit.
        fresh: forget what is there.
        progress: where to report.

    Raises:
        TgbenchError: another process is fitting the same, or fitting failed.
    """
    method: Method = fitting.contender.spec.load()(fitting.contender.config)
    folder = fitting.folder
    with sole_writer(folder):
        if fresh:
            _clear(folder)
        report = _read_report(folder / _REPORT)
        if report is not None:
            method.load(folder / "model", fitting.identity, fitting.split, fitting.device)
            _log.info("%s: loaded from %s", fitting.contender.spec.name, folder)
            return method, report
        work = folder / "work"
        work.mkdir(exist_ok=True)
        context = FitContext(work, fitting.seed, fitting.device, progress)
        report = method.fit(fitting.identity, fitting.split, context)
        method.save(folder / "model")
        write_json(folder / _REPORT, dataclasses.asdict(report))
        shutil.rmtree(work, ignore_errors=True)
    return method, report


def _clear(folder: Path) -> None:
    (folder / _REPORT).unlink(missing_ok=True)
    for part in ("model", "work"):
        shutil.rmtree(folder / part, ignore_errors=True)


def _read_report(path: Path) -> FitReport | None:
    """Return the report of a finished fit; None where there is none."""
    if not path.is_file():
        return None
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return FitReport(raw["seconds"], raw["iterations"], tuple(raw["notes"]))
    except (ValueError, KeyError, TypeError) as error:
        raise TgbenchError(f"{path}: cannot be read ({error}); run with --fresh") from error
