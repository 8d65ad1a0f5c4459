"""What a method's presets say, where the method is installed."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.running.result import Result
from tgbench.running.settings import configure

from .settings import flat


def preset_settings(result: Result) -> dict[str, Any]:
    """Return by name the settings that a result's preset gives its method today.

    Empty where that is not known here: a report needs none of the methods that it compares.
    """
    try:
        spec = plugins.methods().get(result.method.name)
        if spec is None or result.method.preset not in spec.presets:
            return {}
        config = dataclasses.asdict(configure(spec, result.method.preset, {}))
        # As results hold them: a tuple is a list there.
        return flat(json.loads(json.dumps(config)))
    except (ImportError, AttributeError, TypeError, TgbenchError):
        # Of a plug-in that does not work here, which is for `tgbench run` to say.
        return {}
