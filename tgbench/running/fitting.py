"""Fitting a method to an identity once, for all cases that use it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..audio_encoders.mel import SPEC as MEL
from ..audio_encoders.places import weights_sha256
from ..errors import TgbenchError
from ..files import hash_of, remove, remove_parts, sha256_once, write_text
from ..identities import Identity, Split
from ..inputs import read_json, read_text
from ..interfaces import FitContext, KeepsFiles, Method
from ..progress import Progress
from ..specs import AudioEncoderSpec
from ..terminal import NOTICE
from ..version import __version__
from .code import Code, is_own
from .environment import describe_machine
from .fit_record import (
    FIT_FILES,
    MODEL_FOLDER,
    RECORD_FILE,
    TOKEN_FILE,
    WORK_FOLDER,
    FitRecord,
    damage_of_model,
    mend_record,
    read_record,
    set_aside,
    write_record,
)
from .locks import sole_replacer
from .log import LoggedProgress, fit_log
from .method_config import MethodConfig
from .replacing import recover, replacement

_log = logging.getLogger("tgbench")


class NoFit(TgbenchError):
    """There is no finished fit where one is asked for."""


@dataclass(frozen=True)
class Fitting:
    """What a fit depends on and where it is kept.

    Attributes:
        method_config: the method.
        identity: whom it learns.
        identity_hash: SHA-256 of all files of the identity.
        split: which frames it learns from.
        seed: of every random choice.
        device: "cpu" or "cuda".
        models: folder of all fits.
        fresh: token of a run with `--fresh`: a fit without it does not count; empty: all count.
        shared_machine: whether other jobs may run on this machine at the same time.
        command: what the user typed, for the log.
    """

    method_config: MethodConfig
    identity: Identity
    identity_hash: str
    split: Split
    seed: int
    device: str
    models: Path
    fresh: str = ""
    shared_machine: bool = False
    command: str = ""

    def __str__(self) -> str:
        """Name it in a few words."""
        return f"{self.method_config.spec.name} on {self.identity.name}, fit"

    @cached_property
    def key(self) -> str:
        """SHA-256 of everything that determines the fitted state."""
        return hash_of([self.experiment, self.method_config.code.fit_sha256])

    @cached_property
    def experiment(self) -> str:
        """SHA-256 of what is fitted to what, whatever the method's code."""
        return hash_of(
            {
                **self.features,
                **({"files": files} if (files := self.method_config.files) else {}),
                "tgbench": __version__,
                "config": self.method_config.settings_hash,
                "identity": self.identity_hash,
                "train": [self.split.train.start, self.split.train.stop],
                "seed": self.seed,
                "device": self.device,
            }
        )

    @cached_property
    def features(self) -> dict[str, str]:
        """What tells the audio features of the clip from others; see `features_key`."""
        encoder = self.method_config.encoder
        return features_key(encoder, self.identity, self.identity.features_file(encoder))

    @property
    def folder(self) -> Path:
        """Where this fit is kept; other configurations, and other code, have other folders."""
        return self._siblings / self.key[:12]

    @property
    def _siblings(self) -> Path:
        return self.models / self.identity.name / self.method_config.spec.name

    @property
    def is_done(self) -> bool:
        """Whether there is a finished fit that counts, and nothing of it is damaged."""
        record = self.record()
        return record is not None and not damage_of_model(self.folder, record)

    def record(self) -> FitRecord | None:
        """Return the record of the finished fit, if there is one that counts."""
        record = read_record(self.folder)
        return None if record is None or self.fresh not in ("", record.fresh) else record

    def by_other_code(self) -> Path | None:
        """Return the newest finished fit of the same by other code of the method, if any."""
        reports = [
            path
            for path in self._siblings.glob(f"[!.]*/{RECORD_FILE}")
            if path.parent != self.folder and _experiment(path) == self.experiment
        ]
        return max(reports, key=lambda path: path.stat().st_mtime).parent if reports else None


def features_key(
    encoder: AudioEncoderSpec, identity: Identity, file: Path | None
) -> dict[str, str]:
    """Return what tells audio features from others, beside the encoder's name.

    It is empty for the mel features of an identity, which its own hash covers, and for encoders of
    tgbench that are run without weights, which its version covers: so results of versions that
    knew only mel keep their keys.

    Args:
        encoder: of the features.
        identity: whose fit or case uses them.
        file: they are read from; None: the encoder is run.
    """
    if file is not None:
        return {} if file == identity.folder / MEL.file else {"features": sha256_once(file)}
    if not is_own(encoder):
        return {"encoder": Code.of(encoder).sha256}
    return {"weights": weights_sha256(encoder)} if encoder.requires.weights else {}


def fit(fitting: Fitting, progress: Progress) -> tuple[Method, FitRecord]:
    """Return the fitted method: loaded if it is there, resumed if it was stopped, else fitted.

    A finished fit stays until another is finished. One that is damaged is set aside. Where another
    process is fitting the same, this one waits for it, and says so.

    Raises:
        TgbenchError: fitting failed.
    """
    method: Method = fitting.method_config.spec.load()(fitting.method_config.config)
    folder = fitting.folder
    with sole_replacer(folder, wait=True):
        recover(folder, FIT_FILES)
        record = _intact(fitting)
        if record is not None:
            _load(method, fitting, folder)
            if fitting.method_config.spec.trains:
                name = fitting.method_config.spec.name
                _log.info("%s: uses the fit in %s", name, folder, extra=NOTICE)
            mend_record(folder, record, fitting.experiment)
            return method, record
        former = fitting.by_other_code()
        if former is not None and not fitting.fresh:
            _log.warning(
                "%s: the method's %s changed since the fit in %s; fitting again",
                fitting.method_config.spec.name,
                fitting.method_config.spec.made_of,
                former,
            )
        work = _workdir(fitting)
        with fit_log(fitting) as log:
            context = FitContext(work, fitting.seed, fitting.device, LoggedProgress(progress, log))
            report = method.fit(fitting.identity, fitting.split, context)
            with replacement(folder, FIT_FILES) as new:
                method.save(new / MODEL_FOLDER)
                machine = describe_machine(fitting.device, not fitting.shared_machine)
                record = write_record(
                    new, fitting.experiment, report, fitting.fresh, fitting.shared_machine, machine
                )
        if isinstance(method, KeepsFiles):
            method.saved_at(folder / MODEL_FOLDER)
    return method, record


def load_fit(fitting: Fitting) -> tuple[Method, FitRecord]:
    """Return the method as a finished fit left it, once another process that is fitting is done.

    Raises:
        NoFit: there is no finished fit.
        TgbenchError: it is damaged.
    """
    method: Method = fitting.method_config.spec.load()(fitting.method_config.config)
    folder = fitting.folder
    with sole_replacer(folder, wait=True):
        record = fitting.record()
        if record is None:
            raise NoFit(f"{folder}: holds no finished fit")
        if damage := damage_of_model(folder, record):
            raise TgbenchError(f"{damage}; repeat the `tgbench run` that made it to fit again")
        _load(method, fitting, folder)
        mend_record(folder, record, fitting.experiment)
    return method, record


def load_fitted(method: Method, fitting: Fitting) -> None:
    """Restore a finished fit; with a warning one by other code of the method, if there is no other.

    Raises:
        NoFit: there is none.
        TgbenchError: it is damaged, or another process is fitting just now.
    """
    folder = fitting.folder if read_record(fitting.folder) else fitting.by_other_code()
    if folder is None:
        raise NoFit(f"{fitting.folder}: no finished fit with these options here")
    if folder != fitting.folder:
        made_of = fitting.method_config.spec.made_of
        _log.warning("%s: the method's %s changed since this fit", folder, made_of)
    with sole_replacer(folder, remedy="wait for it"):
        record = read_record(folder)
        if record is not None and (damage := damage_of_model(folder, record)):
            raise TgbenchError(f"{damage}; repeat the `tgbench run` that made it to fit again")
        _load(method, fitting, folder)


def _intact(fitting: Fitting) -> FitRecord | None:
    """Return the record of a finished fit that counts; one that is damaged is set aside."""
    folder, record = fitting.folder, fitting.record()
    if record is None or not (damage := damage_of_model(folder, record)):
        return record
    model = folder / MODEL_FOLDER
    where = f"set aside as {set_aside(model).name}" if model.exists() else "nothing is left of it"
    _log.warning("%s; %s, fitting again", damage, where)
    return None


def _workdir(fitting: Fitting) -> Path:
    """Return the folder of checkpoints; those of an earlier run are kept only where they count."""
    work, token = fitting.folder / WORK_FOLDER, fitting.folder / TOKEN_FILE
    if fitting.fresh and _text(token) != fitting.fresh:
        remove(work)
        write_text(token, fitting.fresh)
    work.mkdir(parents=True, exist_ok=True)
    remove_parts(work)
    return work


def _text(path: Path) -> str:
    try:
        return read_text(path, 1 << 10)
    except (OSError, ValueError):
        return ""


def _load(method: Method, fitting: Fitting, folder: Path) -> None:
    method.load(folder / MODEL_FOLDER, fitting.identity, fitting.split, fitting.device)
    _log.info("%s: loaded from %s", fitting.method_config.spec.name, folder)


def _experiment(path: Path) -> str | None:
    """Return what a report says was fitted; None where it does not say."""
    try:
        raw = read_json(path)
    except (OSError, ValueError):
        return None
    return raw.get("experiment") if isinstance(raw, dict) else None
