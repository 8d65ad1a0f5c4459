"""Everything that `tgbench list` prints, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import plugins
from ..requirements import lacking, why_backend_missing, why_not_run
from ..specs import (
    AudioEncoderSpec,
    BackendSpec,
    ConfiguredSpec,
    ExecutorSpec,
    MethodSpec,
    MetricSpec,
)
from ..synthetic.names import IDENTITIES, TRACKS


def catalogue(chosen: Sequence[ConfiguredSpec]) -> dict[str, Any]:
    """Return everything that is installed, as JSON values.

    Args:
        chosen: whose presets and settings are included.
    """
    return {
        "methods": [_method(spec) for spec in plugins.methods().values()],
        "protocols": [
            {"name": spec.name, "summary": spec.summary, "version": spec.version}
            for spec in plugins.protocols().values()
        ],
        "metrics": [_metric(spec) for spec in plugins.metrics().values()],
        "audio_encoders": [_encoder(spec) for spec in plugins.audio_encoders().values()],
        "backends": [_backend(spec) for spec in plugins.backends().values()],
        "identities": [{"name": name, "summary": text} for name, text in IDENTITIES.items()],
        "experiments": [
            {"name": spec.name, "summary": spec.summary, "file": str(spec.path)}
            for spec in plugins.experiments().values()
        ],
        "executors": [_executor(spec) for spec in plugins.executors().values()],
        "audio": [{"name": name, "summary": text} for name, text in TRACKS.items()],
        "presets": {
            spec.name: {name: dict(changed) for name, changed in spec.presets.items()}
            for spec in chosen
            if isinstance(spec, MethodSpec)
        },
        "settings": {spec.name: _settings(spec) for spec in chosen},
    }


def introduction(spec: ConfiguredSpec) -> str:
    """Return the introduction to the settings of a plug-in, from its configuration's docstring."""
    from ..running.documented import documentation

    return documentation(spec.load_config()).introduction


def _method(spec: MethodSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "summary": spec.summary,
        "licence": spec.licence,
        "source": spec.source,
        "trains": spec.trains,
        "moves_upper_face": spec.moves_upper_face,
        "whole_image_valid": spec.whole_image_valid,
        "frame_aligned": spec.frame_aligned,
        "takes_camera": spec.takes_camera,
        "composite_mode": spec.composite_mode.value,
        "leaked_conditions": list(spec.leaked_conditions),
        "presets": list(spec.presets),
    }


def _metric(spec: MetricSpec) -> dict[str, Any]:
    from ..metrics.availability import why_not_here

    reason = why_not_here(spec)
    return {
        "name": spec.name,
        "title": spec.title,
        "summary": spec.summary,
        "unit": spec.unit,
        "direction": spec.direction.value,
        "needs": sorted(need.value for need in spec.needs),
        "by_name": spec.by_name,
        "available": not reason,
        "reason": reason,
    }


def _encoder(spec: AudioEncoderSpec) -> dict[str, Any]:
    reason = why_not_run(spec)
    return {
        "name": spec.name,
        "summary": spec.summary,
        "file": spec.file,
        "window": list(spec.window),
        "available": not reason,
        "reason": reason,
    }


def _backend(spec: BackendSpec) -> dict[str, Any]:
    reason = "; ".join(why_backend_missing(spec))
    return {
        "name": spec.name,
        "kind": spec.kind.value,
        "summary": spec.summary,
        "licence": spec.licence,
        "available": not reason,
        "reason": reason,
        "settings": _settings(spec) if spec.config else [],
    }


def _executor(spec: ExecutorSpec) -> dict[str, Any]:
    reason = "; ".join(lacking(spec.requires))
    return {
        "name": spec.name,
        "summary": spec.summary,
        "available": not reason,
        "reason": reason,
        "settings": _settings(spec),
    }


def _settings(spec: ConfiguredSpec) -> list[dict[str, Any]]:
    from ..running.documented import settings_of

    return [
        {
            "name": setting.name,
            "type": setting.kind,
            "default": setting.default,
            "presets": setting.presets,
            "meaning": setting.meaning,
        }
        for setting in settings_of(spec)
    ]
