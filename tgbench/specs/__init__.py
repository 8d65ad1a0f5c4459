"""What plug-ins declare about themselves.

A spec is a light record in a module of its own: reading it imports no numerical library, so that
`tgbench list` is instant. It names its implementation as "module:attribute".
"""

from ..vocabulary import (
    BackendKind,
    CompositeMode,
    Direction,
    LeakedCondition,
    Needs,
    Region,
    Timed,
    condition_text,
)
from .base import ConfiguredSpec, Requires, Spec
from .harness import CommandSpec, ExecutorSpec, ExperimentSpec, RendererSpec
from .inputs import AudioEncoderSpec, BackendSpec
from .measuring import (
    CORRELATION,
    FROM_ZERO,
    OWN_SOUND,
    UNBOUNDED,
    Bounds,
    MetricSpec,
    ProtocolSpec,
)
from .method import PAPER_SIZE, Fingerprint, MethodSpec, Resources

__all__ = [
    "CORRELATION",
    "FROM_ZERO",
    "OWN_SOUND",
    "PAPER_SIZE",
    "UNBOUNDED",
    "AudioEncoderSpec",
    "BackendKind",
    "BackendSpec",
    "Bounds",
    "CommandSpec",
    "CompositeMode",
    "ConfiguredSpec",
    "Direction",
    "ExecutorSpec",
    "ExperimentSpec",
    "Fingerprint",
    "LeakedCondition",
    "MethodSpec",
    "MetricSpec",
    "Needs",
    "ProtocolSpec",
    "Region",
    "RendererSpec",
    "Requires",
    "Resources",
    "Spec",
    "Timed",
    "condition_text",
]
