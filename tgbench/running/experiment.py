"""One case as one method is asked to do it: what makes it the same as another, where it lies."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..files import hash_of, sha256
from ..interfaces import Case, MetricContext, MetricOptions, Timing
from ..plugins import in_table_order
from ..version import __version__
from .fitting import MODELS, Fitting, MethodConfig, features_key
from .request import RunRequest


@dataclass(frozen=True)
class IdentityHashes:
    """An identity's hashes, computed once for all of its cases.

    Attributes:
        files: SHA-256 by relative file name.
    """

    files: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """One hash of all of them."""
        return hash_of(dict(self.files))


@dataclass(frozen=True)
class Experiment:
    """A case, the method that does it, and how it is to be done.

    Attributes:
        case: what to render and to measure.
        method_config: the method.
        hashes: hashes of the case's identity.
        request: of the run that asks for it.
    """

    case: Case
    method_config: MethodConfig
    hashes: IdentityHashes
    request: RunRequest

    def __str__(self) -> str:
        """Name it in a few words."""
        return f"{self.method_config.spec.name} on {self.case.identity.name}, {self.case.driver}"

    @property
    def folder(self) -> Path:
        """OUT/<protocol>/<identity>/<method>/<driver>, of its own where a codec takes part."""
        case, name = self.case, self.method_config.spec.name
        driver = f"{case.driver}-h264" if self.request.through_codec else case.driver
        return self.request.out / case.protocol / case.identity.name / name / driver

    @property
    def key(self) -> str:
        """Hash of everything that determines the outcome."""
        case, request = self.case, self.request
        driving = features_key(self.method_config.encoder, case.identity, case.features_file)
        features = [self.fitting.features, driving]
        return hash_of(
            {
                **({"features": features} if any(features) else {}),
                "tgbench": __version__,
                "method": self.method_config.settings_hash,
                "protocol": [case.protocol, case.protocol_version],
                "identity": self.hashes.sha256,
                "audio": sha256(case.driving_audio),
                "frames": [int(frame) for frame in case.drive.source_frames],
                "train": [case.split.train.start, case.split.train.stop],
                "metrics": list(case.metrics),
                "landmarks": request.landmarks,
                "seed": request.seed,
                "device": request.device,
            }
        )

    @property
    def fitting(self) -> Fitting:
        """The fit it takes."""
        case, request = self.case, self.request
        return Fitting(
            self.method_config,
            case.identity,
            self.hashes.sha256,
            case.split,
            request.seed,
            request.device,
            request.out / MODELS,
        )

    def with_metrics(self, names: Iterable[str]) -> Experiment:
        """Return it with other metrics, in table order."""
        case = dataclasses.replace(self.case, metrics=in_table_order(names))
        return dataclasses.replace(self, case=case)

    def metric_context(self, timing: Timing | None) -> MetricContext:
        """Return what its metrics share.

        Args:
            timing: of the method; None: it was not timed.
        """
        return MetricContext(
            audio=self.case.drive.audio,
            fps=self.case.drive.fps,
            timing=timing,
            options=MetricOptions(
                landmarks=self.request.landmarks, through_codec=self.request.through_codec
            ),
        )
