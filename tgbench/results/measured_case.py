"""One measured case: its result, its folder, and the values of single frames, read on demand."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .. import plugins
from ..audio_encoders.mel import SPEC as MEL
from ..comparability import why_not_applicable
from ..errors import TgbenchError
from ..metrics.through_codec import THROUGH_CODEC
from ..running.result import FRAMES_FILE, MetricRecord, Result

if TYPE_CHECKING:
    import pandas as pd

    from ..statistics import Series

SCORE = "score"
"""Stands for the protocol of videos that `tgbench score` measured without one."""

PAIRS = "pairs"
"""Stands for the protocol of the videos of one method that `tgbench score --pairs` measured."""

_log = logging.getLogger("tgbench")


class CaseKey(NamedTuple):
    """What was measured. Values of one case may be compared; values of different cases may not.

    Attributes:
        protocol: its name, `SCORE` for scored videos.
        version: of the protocol; the frame rate for scored videos and pairs.
        identity: name of the clip, or of the true video.
        driver: name of what drives the head; empty for scored videos.
        identity_sha256: hash of the identity's files, or of the true video.
        driver_sha256: hash of the driving sound; empty for scored videos.
    """

    protocol: str
    version: str
    identity: str
    driver: str
    identity_sha256: str
    driver_sha256: str

    @classmethod
    def of(cls, result: Result) -> CaseKey:
        """Return what a result is of."""
        protocol, identity, driver = result.protocol, result.identity, result.driver
        # Each video may bring its own recording of the same speech.
        sound = "" if protocol.name in (SCORE, PAIRS) else driver.sha256
        return cls(
            protocol.name, protocol.version, identity.name, driver.name, identity.sha256, sound
        )

    @property
    def content(self) -> tuple[str, ...]:
        """The key without names: equal where the same files were measured in the same way."""
        return self.protocol, self.version, self.identity_sha256, self.driver_sha256

    @property
    def clip(self) -> str:
        """Identity and driver for a reader; the driver is left out where it is the clip's own."""
        named = self.driver and plugins.protocol_spec(self.protocol).names_driver
        return f"{self.identity} · {self.driver}" if named else self.identity

    @property
    def through_codec(self) -> bool:
        """Whether frames were measured as they come out of an H.264 file."""
        return THROUGH_CODEC in self.version

    @property
    def setting(self) -> str:
        """Protocol and version for a reader. Values of different settings are never averaged."""
        version = self.version.removesuffix(f", {THROUGH_CODEC}")
        text = self.protocol
        if version:
            by_rate = self.protocol in (SCORE, PAIRS)
            text += f" ({version})" if by_rate else f" (version {version})"
        return text + (f", frames measured {THROUGH_CODEC}" if self.through_codec else "")

    @property
    def title(self) -> str:
        """The whole case for a reader, without the protocol's version."""
        codec = f" {THROUGH_CODEC}" if self.through_codec else ""
        return f"{self.protocol}{codec}: {self.clip}"


class Variant(NamedTuple):
    """A method with its settings, whatever the seed: what has a row of its own in a table.

    Attributes:
        method: its name, or the name of a scored video.
        config_hash: hash of the configuration, or of the scored video.
        device: kind of device, such as "cpu".
        features: hash of the audio features in use, where neither the configuration nor the
            identity tells them from others.
    """

    method: str
    config_hash: str
    device: str
    features: str = ""

    @classmethod
    def of(cls, result: Result) -> Variant:
        """Return what a result is of."""
        method = result.method
        return cls(method.name, method.config_hash, result.environment.device, _features_of(result))


def _features_of(result: Result) -> str:
    """Return the hashes of features that were read to fit and to drive, "+" between them.

    Mel of the identity's own folder is left out: the identity's hash covers it, and results of
    versions that knew only mel do not name it.
    """
    driver, files = result.driver, result.identity.files
    encoder = plugins.audio_encoders().get(driver.encoder, MEL)
    own_mel = files.get(MEL.file)
    used = files.get(encoder.file), driver.features_sha256
    return "+".join(dict.fromkeys(each for each in used if each and each != own_mel))


class Experiment(NamedTuple):
    """What was done. Measurements of one experiment are repeats of each other."""

    case: CaseKey
    variant: Variant
    seed: int

    @classmethod
    def of(cls, result: Result) -> Experiment:
        """Return what a result is of."""
        return cls(CaseKey.of(result), Variant.of(result), result.seed)


_PROVENANCE: Mapping[str, Callable[[Result], object]] = {
    "the method's code": lambda result: result.method.code_sha256,
    "the version of tgbench": lambda result: result.tgbench_version,
    "the machine": lambda result: (
        result.environment.cpu,
        result.environment.cores,
        result.environment.gpu,
    ),
    "frames": lambda result: (result.split, result.frames),
}


def differences_among(results: Iterable[Result]) -> list[str]:
    """Name what results of one experiment, or of its seeds, differ in beside their numbers."""
    found = list(results)
    return [name for name, of in _PROVENANCE.items() if len(set(map(of, found))) > 1]


@dataclass(frozen=True, eq=False)
class MeasuredCase:
    """One case of one method and seed.

    Several measurements of one experiment are one `MeasuredCase` after `merge_cases`: the latest,
    with the metrics of earlier ones that it lacks.

    Attributes:
        result: what was measured; of scored videos, what is known in the same form. After merging
            with the metrics of `origins`.
        folder: where the files of the latest measurement are.
        origins: by metric, the earlier measurement that it is from; metrics that are not in it
            are of the latest one.
        earlier: earlier measurements of the experiment, the latest first, whether or not a metric
            is taken from them.
    """

    result: Result
    folder: Path
    origins: Mapping[str, MeasuredCase] = field(default_factory=dict)
    earlier: tuple[MeasuredCase, ...] = ()
    _unmerged: Result | None = None
    _in_memory: bool = False
    _table: pd.DataFrame | None = field(default=None, repr=False)

    @classmethod
    def in_memory(cls, result: Result, frames: pd.DataFrame | None = None) -> MeasuredCase:
        """Return a case that is in no folder.

        Args:
            result: what was measured.
            frames: values of single frames, a column for each metric; None: there are none.
        """
        return cls(result, Path(), _in_memory=True, _table=frames)

    @property
    def scored(self) -> bool:
        """Whether `tgbench score` measured it; then method and identity are names of videos."""
        return self.result.protocol.name == SCORE

    @property
    def seed(self) -> int | None:
        """The seed of the fit; None where nothing says it."""
        return None if self.scored else self.result.seed

    @cached_property
    def key(self) -> CaseKey:
        """What was measured."""
        return CaseKey.of(self.result)

    @cached_property
    def variant(self) -> Variant:
        """The method with its settings."""
        return Variant.of(self.result)

    @property
    def experiment(self) -> Experiment:
        """What was done."""
        return Experiment.of(self.result)

    @property
    def own_result(self) -> Result:
        """The latest measurement as it is in its folder, without metrics of `origins`."""
        return self.result if self._unmerged is None else self._unmerged

    @property
    def metrics(self) -> Mapping[str, MetricRecord]:
        """What was found, by metric."""
        return self.result.metrics

    def origin(self, metric: str) -> MeasuredCase:
        """Return the measurement that a metric is from; ask its result for code and machine."""
        return self.origins.get(metric, self)

    def applicable(self, metric: str) -> MetricRecord | None:
        """Return a metric's record, without its value if that says nothing about the method.

        Tables show a dash in such a cell although `result.json` has a number, such as the
        upper-face error of a method that moves the mouth alone.
        """
        record = self.metrics.get(metric)
        if record is None:
            return None
        never = why_not_applicable(self.origin(metric).result, metric)
        if not never:
            return record
        kept = "; the number in result.json says nothing about the method"
        reason = never + (kept if record.value is not None else "")
        return record.model_copy(update={"value": None, "reason": reason})

    def lent(self) -> dict[MeasuredCase, list[str]]:
        """Return by earlier measurement the metrics whose values are taken from it."""
        found: dict[MeasuredCase, list[str]] = {}
        for metric, origin in self.origins.items():
            if self.metrics[metric].value is not None:
                found.setdefault(origin, []).append(metric)
        return found

    @cached_property
    def frames(self) -> pd.DataFrame:
        """The values of single frames, a row for each; read once. Without those of `origins`.

        Raises:
            TgbenchError: the table is missing, damaged, or does not belong to the result.
        """
        table, problem = self._found
        if problem:
            raise TgbenchError(f"{self.folder / FRAMES_FILE}: {problem}; {self._remedy}")
        return table

    @property
    def frame_problem(self) -> str:
        """What is wrong with the table of frames, in words; empty if nothing is."""
        return self._found[1]

    @property
    def readable_frames(self) -> pd.DataFrame:
        """The values of single frames as far as they can be read; see `frame_problem`."""
        return self._found[0]

    @cached_property
    def source_frames(self) -> list[int]:
        """Which frames were measured, as the clip counts them.

        Raises:
            TgbenchError: the table cannot be read, or does not number its frames.
        """
        from pandas.api.types import is_integer_dtype

        name = "source_frame" if "source_frame" in self.frames else "frame"
        if name not in self.frames or not is_integer_dtype(self.frames[name]):
            raise TgbenchError(
                f"{self.folder / FRAMES_FILE}: does not number its frames; {self._remedy}"
            )
        frames: list[int] = self.frames[name].tolist()
        return frames

    def values(self, metric: str) -> Series | None:
        """Return a metric at single frames [T], NaN where not scored; None where there are none.

        A table that cannot be read is warned of once. Use `frames` where that is an error.
        """
        origin = self.origin(metric)
        if origin is not self:
            return origin.values(metric)
        table = self._trusted
        if metric not in table:
            return None
        values: Series = table[metric].to_numpy("float64", na_value=float("nan"))
        return values

    @cached_property
    def _trusted(self) -> pd.DataFrame:
        table, problem = self._found
        if problem:
            _log.warning(
                "%s: %s; its values at single frames are left out",
                self.folder / FRAMES_FILE,
                problem,
            )
            return table.iloc[:0, :0]
        return table

    @cached_property
    def _found(self) -> tuple[pd.DataFrame, str]:
        import pandas as pd

        from ..running.frame_table import contradiction, read_table

        if self._in_memory:
            return pd.DataFrame() if self._table is None else self._table, ""
        path = self.folder / FRAMES_FILE
        try:
            table = read_table(path)
        except TgbenchError as error:
            return pd.DataFrame(), str(error).removeprefix(f"{path}: ")
        return table, contradiction(table, self.own_result)

    @property
    def _remedy(self) -> str:
        return "score again" if self.scored else "run the case again with --fresh"
