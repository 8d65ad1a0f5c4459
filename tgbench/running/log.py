"""What was done for a case, with times: `log.txt` in its folder."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..files import sha256, write_text
from ..inputs import open_file
from ..printing import printable
from ..progress import Progress, Tally, Task, duration
from ..version import __version__
from .environment import describe_environment
from .experiment import Experiment
from .result import LOG_FILE, Result

_log = logging.getLogger("tgbench")


class CaseLog(logging.Handler):
    """Adds lines to the log of a case; those of earlier runs stay above them.

    The file is written anew with each line, because the folder may be replaced meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        """Take over what an earlier run wrote there."""
        super().__init__(logging.INFO)
        self._path = folder / LOG_FILE
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

    def begin(self, experiment: Experiment) -> None:
        """Say what is done, with what, and where."""
        if self._text:
            self._text += "\n"
        case, request = experiment.case, experiment.request
        method_config, identity = experiment.method_config, case.identity
        self.write(f"tgbench {__version__}: {experiment}")
        if request.command:
            self.write(f"command: {request.command}")
        self.write(f"protocol: {case.protocol}, version {case.protocol_version}")
        size = f"{identity.intrinsics.width}x{identity.intrinsics.height}"
        self.write(
            f"identity: {identity.folder}, {len(identity)} frames of {size}, "
            f"sha256 {experiment.hashes.sha256}"
        )
        sound = case.driving_audio
        self.write(f"driving sound: {sound}, sha256 {sha256(sound)}")
        features = case.features_file
        read = f"{features}, sha256 {sha256(features)}" if features else "computed from the sound"
        self.write(f"audio features: {case.drive.encoder}, {read}")
        self.write(f"case: {len(case.drive)} frames, key {experiment.key}")
        code = method_config.code
        self.write(
            f"method: {method_config.spec.name}, preset {method_config.preset}, "
            f"seed {request.seed}, device {request.device}, "
            f"{code.distribution or 'no distribution'}, code sha256 {code.sha256}"
        )
        told = ", ".join(f"{key}={value}" for key, value in method_config.settings.items())
        self.write(f"settings: {told}")
        machine = describe_environment(request.device)
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
def case_log(experiment: Experiment) -> Iterator[CaseLog]:
    """Keep the log of a case while it is done; what the suite logs goes there, too."""
    experiment.folder.mkdir(parents=True, exist_ok=True)
    log = CaseLog(experiment.folder)
    tally = Tally(None)
    log.begin(experiment)
    _log.addHandler(log)
    try:
        yield log
    except BaseException as error:
        why = str(error) or type(error).__name__
        log.write(f"stopped after {duration(tally.elapsed)}: {why}")
        raise
    else:
        log.write(f"finished in {duration(tally.elapsed)}")
    finally:
        _log.removeHandler(log)


class LoggedProgress:
    """Writes when each stage starts and ends into a log, and shows it as before."""

    def __init__(self, shown: Progress, log: CaseLog) -> None:
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
