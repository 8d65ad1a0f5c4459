"""Which poses and windows of sound go with each rendered frame; declared, and part of results.

Importing this loads no numerical library, so that specs can declare rules.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import TgbenchError, suggest

MOST_SMOOTHED = 99
MOST_DEGREES = 90.0
MOST_DISTANCE = 10.0


class LongerSound(enum.StrEnum):
    """What happens where the sound lasts longer than the poses."""

    MIRROR = "mirror"
    """Poses run backwards, then forwards again; the ends come twice."""
    LOOP = "loop"
    """Poses begin anew."""
    TRUNCATE = "truncate"
    """Frames end with the poses."""


class ShorterSound(enum.StrEnum):
    """What happens where the sound is shorter than the poses."""

    TRUNCATE = "truncate"
    """Frames end with the sound."""
    LOOP = "loop"
    """The sound begins anew, until the poses end."""


class Windows(enum.StrEnum):
    """What a frame at the edge of what is rendered hears of the sound beyond that edge."""

    REACH = "reach"
    """All that there is."""
    CUT = "cut"
    """Nothing: the method gets the windows of rendered frames alone."""


@dataclass(frozen=True)
class DriveRules:
    """The rules of a drive.

    Attributes:
        longer_sound: where the sound lasts longer than the poses.
        shorter_sound: where it is shorter.
        windows: at the edges of what is rendered.
        smooth_poses: odd number of frames over which head poses are averaged; 1: they are not.
        spiral_degrees: half-angle of the cone on which a moving camera circles.
        camera_distance: of moved cameras from the head's centre, as a multiple of the filming one.
    """

    longer_sound: LongerSound = LongerSound.MIRROR
    shorter_sound: ShorterSound = ShorterSound.TRUNCATE
    windows: Windows = Windows.REACH
    smooth_poses: int = 1
    spiral_degrees: float = 12.5
    camera_distance: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            TgbenchError: one is out of range, or the frames are even.
        """
        if self.smooth_poses % 2 == 0 or not 1 <= self.smooth_poses <= MOST_SMOOTHED:
            raise TgbenchError(
                f"--rule smooth_poses={self.smooth_poses}: give an odd number of frames, 1 (none) "
                f"to {MOST_SMOOTHED}"
            )
        if not 0.0 < self.spiral_degrees <= MOST_DEGREES:
            raise TgbenchError(
                f"--rule spiral_degrees={self.spiral_degrees:g}: must be above 0, and "
                f"{MOST_DEGREES:g} at most"
            )
        if not 0.0 < self.camera_distance <= MOST_DISTANCE:
            raise TgbenchError(
                f"--rule camera_distance={self.camera_distance:g}: must be above 0, and "
                f"{MOST_DISTANCE:g} at most"
            )

    def with_changes(self, changes: Mapping[str, str], allowed: tuple[str, ...]) -> DriveRules:
        """Return the rules with others that a user gives.

        Args:
            changes: text by name.
            allowed: names that the protocol takes.

        Raises:
            TgbenchError: a name or a value does not exist, or not under this protocol.
        """
        found: dict[str, object] = {}
        for name, text in changes.items():
            if name not in allowed:
                raise suggest(name, allowed, "rule")
            kind = type(getattr(self, name))
            try:
                found[name] = kind(text)
            except ValueError as error:
                choices = " or ".join(kind) if issubclass(kind, enum.Enum) else _KINDS[kind]
                raise TgbenchError(f"--rule {name}={text}: must be {choices}") from error
        return dataclasses.replace(self, **found)  # type: ignore[arg-type]

    def texts(self, names: tuple[str, ...]) -> dict[str, str]:
        """Return rules as texts, as results hold them."""
        return {name: str(getattr(self, name)) for name in names}

    def changed_from(self, usual: DriveRules) -> dict[str, str]:
        """Return the rules that differ from others, as texts."""
        names = tuple(field.name for field in dataclasses.fields(self))
        before = usual.texts(names)
        return {name: text for name, text in self.texts(names).items() if text != before[name]}


_KINDS = {int: "a whole number", float: "a number"}

CAMERA_RULES = ("spiral_degrees", "camera_distance")
"""Of protocols that move the camera."""

SOUND_RULES = ("longer_sound", "shorter_sound", "windows", "smooth_poses")
"""Of protocols that drive with other sound."""

USUAL_RULES = DriveRules()
