"""One case as one method is to do it: what makes it the same as another, and where it lies."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..files import hash_of, sha256_once
from ..interfaces import Case, MetricContext, MetricOptions, MovedCameras, Timing
from ..metrics.folders import clip_sha256
from ..plugins import in_table_order
from ..version import __version__
from .fitting import Fitting, features_key
from .folders import MODELS, case_folder, variant_name, without_variant
from .job import titled
from .method_config import MethodConfig
from .request import RunOptions
from .spoken import phonemes_of, spoken_in

CODEC_SUFFIX = "-h264"
"""Of the folder of a case that was measured through a codec."""


@dataclass(frozen=True)
class IdentityHashes:
    """An identity's hashes, computed once for all of its cases.

    Attributes:
        files: SHA-256 by relative file name.
    """

    files: Mapping[str, str]

    @cached_property
    def sha256(self) -> str:
        """One hash of all of them."""
        return hash_of(dict(self.files))


@dataclass(frozen=True)
class Experiment:
    """A case, the method that does it, and how it is to be done.

    Attributes:
        case: what to render and to measure.
        method_config: the method.
        hashes: of the case's identity.
        options: how it is done.
        size: side in pixels if the identity is a built-in one, else None.
        earlier_layout: whether it lies where earlier versions kept it.
    """

    case: Case
    method_config: MethodConfig
    hashes: IdentityHashes
    options: RunOptions
    size: int | None = None
    earlier_layout: bool = False

    def __str__(self) -> str:
        """Name it in a few words."""
        who = titled(self.method_config.spec.name, dict(self.method_config.changed))
        return f"{who} on {self.case.identity.name}, {self.case.driver}"

    @property
    def folder(self) -> Path:
        """Where it lies; see `folders`. Measured through a codec it has a folder of its own."""
        case, options = self.case, self.options
        driver = f"{case.driver}{CODEC_SUFFIX}" if options.through_codec else case.driver
        changed = dict(self.method_config.changed)
        if self.size not in (None, self.method_config.spec.image_size(self.method_config.preset)):
            changed["size"] = self.size
        changed |= case.changed_rules
        folder = case_folder(
            options.out,
            case.protocol,
            case.identity.name,
            self.method_config.spec.name,
            variant_name(self.method_config.preset, changed, options.seed),
            driver,
        )
        return without_variant(folder) if self.earlier_layout else folder

    @property
    def audio_sha256(self) -> str:
        """SHA-256 of the driving sound."""
        return sha256_once(self.case.driving_audio)

    @property
    def reads(self) -> dict[str, str]:
        """SHA-256 by name of what else the frames come from; see `MethodSpec.reads`.

        Files that settings name are among them.

        Raises:
            TgbenchError: a file is missing.
        """
        config, case = self.method_config, self.case
        files = config.spec.reads(config.config, case.identity.name, case.driver)
        return {**config.files, **{name: clip_sha256(path) for name, path in files.items()}}

    @property
    def key(self) -> str:
        """Hash of everything that determines the outcome."""
        case, options = self.case, self.options
        driving = features_key(self.method_config.encoder, case.identity, case.features_file)
        features = [self.fitting.features, driving]
        reads, phonemes = self.reads, phonemes_of(case)
        return hash_of(
            {
                **({"features": features} if any(features) else {}),
                **({"reads": reads} if reads else {}),
                **({"view": case.view.record()} if case.view else {}),
                **({"phonemes": sha256_once(phonemes)} if phonemes else {}),
                "tgbench": __version__,
                "method": self.method_config.settings_hash,
                "protocol": [case.protocol, case.protocol_version],
                "identity": self.hashes.sha256,
                "audio": self.audio_sha256,
                "frames": [int(frame) for frame in case.drive.source_frames],
                "train": [case.split.train.start, case.split.train.stop],
                "metrics": list(case.metrics),
                "landmarks": options.landmarks,
                "seed": options.seed,
                "device": options.device,
            }
        )

    @property
    def fitting(self) -> Fitting:
        """The fit it needs."""
        case, options = self.case, self.options
        return Fitting(
            self.method_config,
            case.identity,
            self.hashes.sha256,
            case.split,
            options.seed,
            options.device,
            options.out / MODELS,
            options.fresh,
            options.shared_machine,
            options.command,
        )

    def with_metrics(self, names: Iterable[str]) -> Experiment:
        """Return it with other metrics, in table order."""
        case = dataclasses.replace(self.case, metrics=in_table_order(names))
        return dataclasses.replace(self, case=case)

    def metric_context(
        self, timing: Timing | None, cameras: MovedCameras | None = None
    ) -> MetricContext:
        """Return what its metrics share.

        Args:
            timing: of the method; None: it was not timed.
            cameras: what is known of them; None: they are where the clip's was.
        """
        return MetricContext(
            audio=self.case.drive.audio,
            fps=self.case.drive.fps,
            timing=timing,
            spoken=spoken_in(self.case),
            cameras=cameras,
            options=MetricOptions(
                landmarks=self.options.landmarks,
                through_codec=self.options.through_codec,
                floor=self.options.floor,
            ),
        )
