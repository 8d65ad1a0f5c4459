"""What is installed, for programs: the specs that plug-ins declare."""

from __future__ import annotations

from . import plugins
from .specs import AudioEncoderSpec, MethodSpec, MetricSpec, ProtocolSpec
from .synthetic.names import IDENTITIES

__all__ = [
    "list_audio_encoders",
    "list_identities",
    "list_methods",
    "list_metrics",
    "list_protocols",
]


def list_methods() -> list[MethodSpec]:
    """Return what every installed method declares about itself.

    >>> import tgbench
    >>> {"still", "talkinggaussian"} <= {spec.name for spec in tgbench.list_methods()}
    True
    """
    return list(plugins.methods().values())


def list_protocols() -> list[ProtocolSpec]:
    """Return what every installed protocol declares about itself.

    >>> import tgbench
    >>> sorted(spec.name for spec in tgbench.list_protocols() if spec.moves_camera)
    ['audio_generalization_3d', 'self_driven_3d']
    """
    return list(plugins.protocols().values())


def list_metrics() -> list[MetricSpec]:
    """Return what every installed metric declares about itself, in the order of tables.

    >>> import tgbench
    >>> psnr = next(spec for spec in tgbench.list_metrics() if spec.name == "psnr")
    >>> psnr.title, psnr.unit, psnr.direction.value
    ('PSNR', 'dB', 'higher')
    """
    return list(plugins.metrics().values())


def list_audio_encoders() -> list[AudioEncoderSpec]:
    """Return what every installed audio encoder declares about itself.

    >>> import tgbench
    >>> "mel" in [spec.name for spec in tgbench.list_audio_encoders()]
    True
    """
    return list(plugins.audio_encoders().values())


def list_identities() -> dict[str, str]:
    """Return the built-in identities: name to one line about it."""
    return dict(IDENTITIES)
