"""tgbench: evaluation of audio-driven talking heads.

Every name below is loaded when it is first used, so that importing the package loads no numerical
library. `tgbench.specs` has what a plug-in declares, `tgbench.interfaces` what it implements.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import TgbenchError, Unavailable
from .version import __version__

if TYPE_CHECKING:
    from . import metrics
    from .api import compare, load_results, prepare, run, score, score_folder, score_pairs
    from .identities import Identity
    from .interfaces import AudioEncoder, EvaluationProtocol, Method, Metric
    from .listing import (
        list_audio_encoders,
        list_identities,
        list_methods,
        list_metrics,
        list_protocols,
    )

__all__ = [
    "AudioEncoder",
    "EvaluationProtocol",
    "Identity",
    "Method",
    "Metric",
    "TgbenchError",
    "Unavailable",
    "__version__",
    "compare",
    "list_audio_encoders",
    "list_identities",
    "list_methods",
    "list_metrics",
    "list_protocols",
    "load_results",
    "metrics",
    "prepare",
    "run",
    "score",
    "score_folder",
    "score_pairs",
]

_ELSEWHERE = {
    "list_audio_encoders": "listing",
    "list_identities": "listing",
    "list_methods": "listing",
    "list_metrics": "listing",
    "list_protocols": "listing",
    "AudioEncoder": "interfaces",
    "Identity": "identities",
    "EvaluationProtocol": "interfaces",
    "Method": "interfaces",
    "Metric": "interfaces",
}
"""The modules of the names that are not in `api`."""


def __getattr__(name: str) -> Any:
    if name == "metrics":
        return import_module(".metrics", __name__)
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(import_module(f".{_ELSEWHERE.get(name, 'api')}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
