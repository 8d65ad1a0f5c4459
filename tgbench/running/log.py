"""What was done for a fit or a case, with times: `fit.log` or `log.txt` in its folder."""

from __future__ import annotations

import datetime
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TgbenchError
from ..files import sha256, write_text
from ..inputs import open_file
from ..progress import Progress, Tally, Task, duration
from ..terminal.printing import printable
from ..version import __version__
from .environment import describe_environment
from .result import LOG_FILE, Result

if TYPE_CHECKING:
    from ..identities import Identity
    from .experiment import Experiment
    from .fitting import Fitting
    from .method_config import MethodConfig

FIT_LOG = "fit.log"

_log = logging.getLogger("tgbench")


class JobLog(logging.Handler):
    """Adds lines to the log of a job; those of earlier runs stay above them.

    The file is written anew with each line, because the folder may be replaced meanwhile.
    """

    def __init__(self, path: Path) -> None:
        """Take over what an earlier run wrote there."""
        super().__init__(logging.INFO)
        self._path = path
        self._text = ""
        with suppress(OSError), open_file(self._path) as stream:
            self._text = stream.read().decode("utf-8", "replace")

    def write(self, text: str) -> None:
        """Add a line, with the time."""
        now = datetime.datetime.now(datetime.UTC).isoformat(sep=" ", timespec="milliseconds")
        self._text += f"{now} {printable(text)}\n"
        write_text(self._path, self._text)

    def emit(self, record: logging.LogRecord) -> None:
        """Add what a module of the suite logs."""
        self.write(f"{record.levelname.lower()}: {record.getMessage()}")

    def begin(self, title: str, command: str) -> None:
        """Say what is done, and what the user typed for it."""
        if self._text:
            self._text += "\n"
        self.write(f"tgbench {__version__}: {title}")
        if command:
            self.write(f"command: {command}")

    def case(self, experiment: Experiment) -> None:
        """Say what is rendered and measured, with what, and where."""
        case = experiment.case
        self.write(f"protocol: {case.protocol}, version {case.protocol_version}")
        self.identity(case.identity, experiment.hashes.sha256)
        sound = case.driving_audio
        self.write(f"driving sound: {sound}, sha256 {sha256(sound)}")
        features = case.features_file
        read = f"{features}, sha256 {sha256(features)}" if features else "computed from the sound"
        self.write(f"audio features: {case.drive.encoder}, {read}")
        self.write(f"case: {len(case.drive)} frames, key {experiment.key}")
        self.method(experiment.method_config, experiment.options.seed, experiment.options.device)
        self.write(f"fit: {experiment.fitting.folder}")

    def identity(self, identity: Identity, digest: str) -> None:
        """Say whose head it is."""
        size = f"{identity.intrinsics.width}x{identity.intrinsics.height}"
        self.write(
            f"identity: {identity.folder}, {len(identity)} frames of {size}, sha256 {digest}"
        )

    def method(self, method_config: MethodConfig, seed: int, device: str) -> None:
        """Say what does it, and on which machine."""
        code = method_config.code
        self.write(
            f"method: {method_config.spec.name}, preset {method_config.preset}, seed {seed}, "
            f"device {device}, {code.distribution or 'no distribution'}, code sha256 {code.sha256}"
        )
        settings = ", ".join(f"{key}={value}" for key, value in method_config.settings.items())
        self.write(f"settings: {settings}")
        machine = describe_environment(device)
        packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
        self.write(
            f"machine: {machine.device}, {machine.cpu}, {machine.cores} cores, {machine.platform}"
        )
        self.write(f"packages: Python {machine.python}, {packages}")

    def measured(self, result: Result) -> None:
        """Say what was measured, and by what."""
        for note in result.method.notes:
            self.write(f"note of the method: {note}")
        for name, record in result.metrics.items():
            if record.value is None:
                self.write(f"metric {name}: {record.status}: {record.reason}")
                continue
            unit = f" {record.unit}" if record.unit else ""
            self.write(
                f"metric {name}: {record.value:.6g}{unit} over {record.scored} of {record.total} "
                f"frames, measured by {record.measured_by}"
            )
            for note in record.details.get("notes", ()):
                self.write(f"note of {name}: {note}")

    def outputs(self) -> None:
        """Say what lies beside the log now."""
        for path in sorted(self._path.parent.glob("[!.]*")):
            if path.is_file() and path.name != LOG_FILE:
                self.write(f"output: {path.name}, {path.stat().st_size} bytes")


@contextmanager
def case_log(experiment: Experiment) -> Iterator[JobLog]:
    """Keep the log of a case while it is done; what the suite logs goes there, too."""
    with _logged(experiment.folder / LOG_FILE, str(experiment), experiment.options.command) as log:
        log.case(experiment)
        yield log


@contextmanager
def fit_log(fitting: Fitting) -> Iterator[JobLog]:
    """Keep the log of a fit while it is done; what the suite logs goes there, too."""
    with _logged(fitting.folder / FIT_LOG, str(fitting), fitting.command) as log:
        log.identity(fitting.identity, fitting.identity_hash)
        log.method(fitting.method_config, fitting.seed, fitting.device)
        yield log


@contextmanager
def _logged(path: Path, title: str, command: str) -> Iterator[JobLog]:
    path.parent.mkdir(parents=True, exist_ok=True)
    log = JobLog(path)
    tally = Tally(None)
    log.begin(title, command)
    _log.addHandler(log)
    try:
        yield log
    except BaseException as error:
        if not isinstance(error, TgbenchError | KeyboardInterrupt):
            for line in traceback.format_exc().splitlines():
                log.write(line)
        why = str(error) or type(error).__name__
        log.write(f"stopped after {duration(tally.elapsed)}: {why}")
        raise
    else:
        log.write(f"finished in {duration(tally.elapsed)}")
    finally:
        _log.removeHandler(log)


class LoggedProgress:
    """Writes when each stage starts and ends into a log, and shows it as before."""

    def __init__(self, shown: Progress, log: JobLog) -> None:
        self._shown = shown
        self._log = log

    @contextmanager
    def task(self, description: str, total: int | None, done: int = 0) -> Iterator[Task]:
        """Log and show a stage."""
        tally = Tally(total, done)
        counted = f", {tally.counted}" if tally.counted else ""
        self._log.write(f"{description}: started{counted}")
        try:
            with self._shown.task(description, total, done) as shown:
                yield _Both(tally, shown)
        except BaseException:
            at = f" at {tally.counted}" if tally.counted else ""
            self._log.write(f"{description}: stopped{at} after {duration(tally.elapsed)}")
            raise
        tally.finish()
        counted = f", {tally.counted}" if tally.counted else ""
        self._log.write(f"{description}: done{counted} in {duration(tally.elapsed)}")


class _Both:
    def __init__(self, tally: Tally, shown: Task) -> None:
        self._tally, self._shown = tally, shown

    def advance(self, steps: int = 1) -> None:
        self._tally.advance(steps)
        self._shown.advance(steps)

    def note(self, text: str) -> None:
        self._shown.note(text)
