"""The settings of every declared system: where it is on this machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class SystemConfig:
    """Settings of a declared system.

    Places on this machine are no part of what is measured: results are filed and compared without
    them.
    """

    checkout: str | None = field(default=None, metadata={"place": True})
    """Folder of the system's repository, at the commit that its declaration names."""

    environment: str | None = field(default=None, metadata={"place": True})
    """What the commands run in, instead of what the declaration names: a Python interpreter, the
    folder of a conda environment, or an image."""

    create_environment: bool = field(default=False, metadata={"place": True})
    """Whether a conda environment that is not there yet is made, which downloads it."""

    any_commit: bool = field(default=False, metadata={"place": True})
    """Whether a checkout at another commit, or with changes, may be used. Results say which it
    was."""

    audio_features: str = "mel"
    """The audio encoder whose features the system is given, as its declaration says."""

    def __post_init__(self) -> None:
        """Name places as they are from everywhere: another process may do the job."""
        for name in ("checkout", "environment"):
            place: str | None = getattr(self, name)
            if place is not None:
                object.__setattr__(self, name, absolute_place(place))


def absolute_place(place: str) -> str:
    """Return a path as it is from everywhere; what is no file or folder stays as it is."""
    path = Path(place).expanduser()
    return str(path.absolute()) if path.exists() else place
