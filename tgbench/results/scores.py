"""Results of `tgbench score`, in the form of a result of `tgbench run`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .. import plugins
from ..errors import TgbenchError
from ..inputs import read_json
from ..metrics.through_codec import THROUGH_CODEC
from ..running.result import (
    SCORES_SCHEMA_VERSION,
    DriverRecord,
    EnvironmentRecord,
    IdentityRecord,
    MethodRecord,
    MetricRecord,
    ProtocolRecord,
    Result,
    SplitRecord,
    TimingRecord,
)
from ..running.schema import refuse_newer
from ..specs import Needs
from .measured_case import SCORE

_OWN_SOUND = "own"
"""Each video brings its own sound, which its codec changed in its own way."""


def read_scores(path: Path) -> Result:
    """Read one `scores.json`.

    The video is the method, told apart by its hash; the true video is the identity; the frame rate
    stands for the protocol's version.

    Raises:
        TgbenchError: it cannot be read, or is not what `tgbench score` writes.
    """
    try:
        stored: dict[str, Any] = read_json(path)
        refuse_newer(stored.get("schema_version"), SCORES_SCHEMA_VERSION, str(path))
        return _as_result(stored)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TgbenchError(
            f"{path}: is no result of `tgbench score` ({_fault(error)}); score again"
        ) from error


def ranking_sounds(results: Iterable[Result], metric: str) -> frozenset[str]:
    """Return what scored videos must share for values of a metric to rank with each other.

    The case of a run fixes its sound. A scored video may have been given any, and without ground
    truth nothing says that two videos with their own sound hold the same speech.

    Args:
        results: of one row of a table.
        metric: its name; one that does not hear the sound asks nothing of it.
    """
    if Needs.AUDIO not in plugins.metric_spec(metric).needs:
        return frozenset()
    return frozenset(
        result.method.config_hash
        if result.driver.sha256 == _OWN_SOUND and not result.identity.sha256
        else result.driver.sha256
        for result in results
        if result.protocol.name == SCORE
    )


def _fault(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"no {error}" if isinstance(error, KeyError) else str(error)


def _as_result(stored: Mapping[str, Any]) -> Result:
    inputs: Mapping[str, Mapping[str, str]] = stored["inputs"]
    prediction, truth = inputs["prediction"], inputs.get("target", {})
    options = stored.get("options", {})
    fps, frames = float(stored["fps"]), int(stored["frames"])
    codec = f", {THROUGH_CODEC}" if options.get("through_codec") else ""
    return Result(
        tgbench_version=stored["tgbench_version"],
        created=stored["created"],
        case_key="",
        method=MethodRecord(
            name=_name(prediction),
            preset="",
            config={},
            config_hash=prediction["sha256"],
            composite_mode="",
            leaked_conditions=[],
            whole_image_valid=True,
            moves_upper_face=True,
        ),
        protocol=ProtocolRecord(name=SCORE, version=f"{fps:g} fps{codec}"),
        identity=IdentityRecord(
            name=_name(truth) if truth else "no ground truth",
            frames=frames,
            width=stored["width"],
            height=stored["height"],
            fps=fps,
            sha256=truth.get("sha256", ""),
            files={},
        ),
        driver=DriverRecord(
            name="",
            audio=_name(inputs.get("audio", {})),
            sha256=_sound(inputs),
            seconds=frames / fps,
        ),
        split=SplitRecord(train=(0, 0), test=(0, frames)),
        seed=0,
        frames=frames,
        metrics={
            name: MetricRecord.model_validate(record) for name, record in stored["metrics"].items()
        },
        timing=TimingRecord(
            training_seconds=None, fps_protocol="", render_seconds=0.0, peak_memory_mb=0.0
        ),
        environment=EnvironmentRecord.model_validate(stored["environment"]),
    )


def _sound(inputs: Mapping[str, Mapping[str, str]]) -> str:
    """Return the hash of a sound given separately, else that each video brings its own."""
    sound = inputs.get("audio", {}).get("sha256", _OWN_SOUND)
    brought = [inputs[name]["sha256"] for name in ("prediction", "target") if name in inputs]
    return _OWN_SOUND if sound in brought else sound


def _name(described: Mapping[str, str]) -> str:
    return described.get("file") or described.get("folder") or "?"
