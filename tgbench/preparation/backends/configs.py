"""Settings of backends. Light, so that `tgbench list` is instant."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class OpenFaceConfig:
    """Where OpenFace's action units come from.

    Attributes:
        table: CSV that OpenFace 2.2's `FeatureExtraction -f VIDEO -aus` wrote of this clip at 25
            frames a second; none: the program on the path measures the prepared frames.
    """

    table: str | None = field(default=None, metadata={"place": True})


@dataclass(frozen=True)
class PyFaceAuConfig:
    """Where pyfaceau is.

    Attributes:
        python: the Python of the environment that has it; none: what TGBENCH_PYFACEAU names, or the
            Python that runs tgbench.
    """

    python: str | None = field(default=None, metadata={"place": True})
