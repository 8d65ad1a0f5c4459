"""The example plug-in of CONTRIBUTING.md, installed for these tests only."""

from __future__ import annotations

from pathlib import Path

import pytest

from tgbench import plugins

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "average_frame"


@pytest.fixture
def example_plugin(monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of the example method, found as an installed one would be."""
    return installed_example(monkeypatch)


def installed_example(patch: pytest.MonkeyPatch) -> str:
    """Install the example method for as long as a patch lasts, and return its name."""
    patch.syspath_prepend(str(EXAMPLE))
    import average_frame

    installed = plugins.methods()
    patch.setattr(
        plugins, "methods", lambda: {**installed, average_frame.SPEC.name: average_frame.SPEC}
    )
    return average_frame.SPEC.name
