"""Methods that break one thing each, in `BROKEN`."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from puppet import GLOBE, PART, PASTER, PUPPET, Paster, Puppet

from tgbench.arrays import map_array
from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Split
from tgbench.interfaces import Drive, FitContext, FitReport, Image, TimedFrames
from tgbench.specs import CompositeMode, LeakedCondition, MethodSpec, Timed


class Clumsy(Puppet):
    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        return {}["no such setting"]


class Boaster(Puppet):
    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        super().fit(identity, split, context)
        return FitReport(3600.0)


class Forgetful(Puppet):
    def save(self, folder: Path) -> None:
        (folder / "model" / "state").write_text("no such folder")


class Short(Puppet):
    def render(self, drive: Drive) -> Iterator[Image]:
        return itertools.islice(super().render(drive), len(drive) - 1)


class Endless(Puppet):
    def render(self, drive: Drive) -> Iterator[Image]:
        yield from super().render(drive)
        yield from super().render(drive)


class Floating(Puppet):
    def render(self, drive: Drive) -> Iterator[Image]:
        return (frame / np.float32(255) for frame in super().render(drive))


class Small(Puppet):
    def render(self, drive: Drive) -> Iterator[Image]:
        return (frame[::2, ::2] for frame in super().render(drive))


class Listed(Puppet):
    def render(self, drive: Drive) -> Iterator[Image]:
        return (frame.tolist() for frame in super().render(drive))


class Restless(Puppet):
    def draw(self, image: Image, shift: float, gap: float, brow: float) -> None:
        super().draw(image, shift, gap, brow)
        image[0] = np.random.default_rng().integers(0, 256, image[0].shape)


class Tired(Puppet):
    rendered = 0

    def render(self, drive: Drive) -> Iterator[Image]:
        for frame in super().render(drive):
            # So that the next two renders are alike, and the one after another drive is not.
            frame[0] = 9 * (self.rendered > 3 * len(drive))
            self.rendered += 1
            yield frame


class InMemory(Puppet):
    kept: ClassVar[list[np.ndarray]] = []

    def save(self, folder: Path) -> None:
        super().save(folder)
        self.kept.append(self.state)

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        super().load(folder, identity, split, device)
        self.state = self.kept[-1] if self.kept else np.zeros(3)


class Seedless(Puppet):
    def look(self, identity: Identity, split: Split, place: int) -> np.ndarray:
        return super().look(identity, split, place) * np.random.default_rng().uniform(0.2, 1)


class TwiceCounted(Puppet):
    """Goes on from its checkpoint, but looks at the last eight frames again."""

    def resumed(self, checkpoint: Path) -> tuple[np.ndarray, int]:
        total, done = super().resumed(checkpoint)
        return total, max(0, done - 8)


class Unresumable(Puppet):
    def resumed(self, checkpoint: Path) -> tuple[np.ndarray, int]:
        if checkpoint.exists():
            raise FileExistsError(checkpoint)
        return super().resumed(checkpoint)


class Scribbler(Puppet):
    def render(self, drive: Drive) -> Iterator[Image]:
        for frame in super().render(drive):
            with (Path(drive.backdrop.folder) / "bc.jpg").open("ab") as stream:
                stream.write(b"mine")
            yield frame


class Hoarder(Puppet):
    def render(self, drive: Drive) -> Iterator[Image]:
        size = drive.intrinsics
        return iter([np.full((size.height, size.width, 3), 9, np.uint8) for _ in drive.poses])


class Squatter(Puppet):
    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        (identity.folder / "cache.bin").write_bytes(b"mine")
        return super().fit(identity, split, context)


class Backwards(Puppet):
    def rendering_time(self) -> TimedFrames:
        return TimedFrames(1, (np.array([0.01, -0.01]),))


class Instant(Puppet):
    def rendering_time(self) -> TimedFrames:
        return TimedFrames(1, ())


class Careless(Puppet):
    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        (identity.folder / "au.csv").read_text()
        return super().fit(identity, split, context)


class Vague(Puppet):
    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        if not (identity.folder / "au.csv").exists():
            raise TgbenchError("bad input")
        return super().fit(identity, split, context)


class Trusting(Puppet):
    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        self.state = np.load(folder / PART)
        super().load(folder, identity, split, device)


class Shrugging(Puppet):
    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        try:
            super().load(folder, identity, split, device)
        except Exception:
            self.state = np.zeros(3)


class Mumbling(Puppet):
    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        try:
            super().load(folder, identity, split, device)
        except TgbenchError as error:
            raise TgbenchError("something is wrong") from error


class Stateless(Puppet):
    """Works from nothing that it saved."""

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        report = super().fit(identity, split, context)
        self.state = np.full(3, 50.0)
        return report

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        self.state = np.full(3, 50.0)


class Promiscuous(Puppet):
    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        self.state = np.array(map_array(folder / PART))


class Peeking(Puppet):
    def look(self, identity: Identity, split: Split, place: int) -> np.ndarray:
        colour = super().look(identity, split, place)
        return (colour + identity.frame(split.test[0]).mean(axis=(0, 1))) / 2


class Deaf(Puppet):
    def gap(self, drive: Drive, frame: int) -> float:
        return 0.5


class Frozen(Puppet):
    def brow(self, drive: Drive, frame: int) -> float:
        return 0.5


class OwnTorso(Puppet):
    def render(self, drive: Drive) -> Iterator[Image]:
        for frame in super().render(drive):
            frame[-frame.shape[0] // 4 :] = 77
            yield frame


class Own(Puppet):
    """Makes the whole frame."""

    def render(self, drive: Drive) -> Iterator[Image]:
        size = drive.intrinsics
        for frame in range(len(drive)):
            image = np.full((size.height, size.width, 3), 90, np.uint8)
            gap, brow = self.gap(drive, frame), self.brow(drive, frame)
            self.draw(image, self.shift(drive, frame), gap, brow)
            yield image


class Copying(Paster):
    def paste(self, image: Image, gap: float) -> None:
        """Leave the truth as it is."""


class Smiling(Puppet):
    def gap(self, drive: Drive, frame: int) -> float:
        return super().gap(drive, frame) / 2 + float(drive.action_units.values["AU25"][frame]) / 10


class Posed(Puppet):
    def shift(self, drive: Drive, frame: int) -> float:
        return 0.0


class Spying(Puppet):
    identity: Identity

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        self.identity = identity
        super().load(folder, identity, split, device)

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        self.identity = identity
        return super().fit(identity, split, context)

    def render(self, drive: Drive) -> Iterator[Image]:
        frames = zip(super().render(drive), drive.source_frames, strict=True)
        for frame, source in frames:
            size = frame.shape[0]
            box = np.s_[int(size * 0.5) : int(size * 0.6), int(size * 0.4) : int(size * 0.6)]
            frame[box] = self.identity.frame(int(source))[box]
            yield frame


def _without(*conditions: LeakedCondition) -> dict[str, Any]:
    kept = tuple(each for each in PUPPET.leaked_conditions if each not in conditions)
    return {"leaked_conditions": kept}


def _with(*conditions: LeakedCondition) -> dict[str, Any]:
    return {"leaked_conditions": (*PUPPET.leaked_conditions, *conditions)}


_UNLISTED = {
    name: _without(condition)
    for name, condition in {
        "pose": LeakedCondition.HEAD_POSE,
        "units": LeakedCondition.UPPER_FACE_ACTION_UNITS,
        "torso": LeakedCondition.TORSO_AND_BACKGROUND,
    }.items()
}
_FULL_FRAME = {**_UNLISTED["torso"], "composite_mode": CompositeMode.FULL_FRAME}
_TIMED = {"timed": Timed.SELF_REPORTED}
_HIDES_TRUTH = {"leaked_conditions": (LeakedCondition.TORSO_AND_BACKGROUND,)}

_Case = tuple[str, str, dict[str, Any]]
_ASKED: dict[str, list[_Case]] = {
    "fit": [("Clumsy", "KeyError", {}), ("Boaster", "3600", {})],
    "save": [("Forgetful", "FileNotFoundError", {})],
    "frames": [
        ("Short", "1 frames for a drive of 2", {}),
        ("Endless", "more than the 2", {}),
        ("Floating", "float32", {}),
        ("Small", "(32, 32, 3)", {}),
        ("Listed", "list", {}),
    ],
    "render-twice": [("Restless", "levels", {}), ("Tired", "rendered before", {})],
    "reload": [("InMemory", "2 of 2 frames differ", {})],
    "seed": [("Seedless", "2 of 2 frames differ", {})],
    "interruption": [
        ("TwiceCounted", "2 of 2 frames differ", {}),
        ("Unresumable", "FileExistsError", {}),
    ],
    "memory": [("Hoarder", "grows", {})],
    "identity-folder": [("Squatter", "cache.bin", {}), ("Scribbler", "bc.jpg", {})],
    "own-speed": [
        ("Puppet", "no rendering_time", _TIMED),
        ("Backwards", "not above 0", _TIMED),
        ("Instant", "no frames", _TIMED),
    ],
    "missing-files": [("Careless", "FileNotFoundError", {}), ("Vague", "names no file", {})],
    "damaged-fit": [
        ("Trusting", "FileNotFoundError", {}),
        ("Shrugging", "says nothing", {}),
        ("Mumbling", "names no file", {}),
        ("Stateless", "reads none", {}),
    ],
    "other-fit": [("Promiscuous", "another identity", {})],
    "held-out": [("Peeking", "changes with the held-out", {})],
    "sound": [("Deaf", "0.00% of the mouth", {}), ("Puppet", "False", {"hears_audio": False})],
    "upper-face": [
        ("Frozen", "0.0% of the pixels", {}),
        ("Puppet", "False", {"moves_upper_face": False}),
    ],
    "composite": [
        ("OwnTorso", "torso and background", {}),
        ("Puppet", "full frame", _FULL_FRAME),
        ("Puppet", "true frames", {"composite_mode": CompositeMode.FACE_PASTED}),
    ],
    "pasted-mouth": [("Copying", "true frames", {})],
    "torso": [("Puppet", "true torso and background", _UNLISTED["torso"]), ("Own", "leave", {})],
    "pose": [("Puppet", "true head pose", _UNLISTED["pose"]), ("Posed", "nothing", {})],
    "upper-units": [
        ("Puppet", "true upper-face action units", _UNLISTED["units"]),
        ("Frozen", "nothing", {}),
    ],
    "mouth-units": [("Smiling", "true action units", {})],
    "true-face": [
        ("Spying", "looks at the true face", {}),
        ("Puppet", "do not change", _with(LeakedCondition.UPPER_FACE)),
        ("Paster", "is shown", _HIDES_TRUTH),
    ],
    "camera": [("Flat", "does not turn", {}), ("Mirrored", "the other way", {})],
    "backdrop": [("Indoors", "show nowhere", {}), ("Tinted", "put over", {})],
    "layers": [
        ("Everywhere", "plain backdrops", {}),
        ("Percent", "0 to 1", {}),
        ("Double", "float64", {}),
        ("Millimetres", "the depth grew", {}),
    ],
}
_SEEN_FROM_ELSEWHERE = ("camera", "backdrop", "layers")
_BASES = {"Paster": PASTER, "Copying": PASTER}


@dataclass(frozen=True)
class Broken:
    """A method that one check has to find.

    Attributes:
        check: its name.
        spec: of the method.
        says: the key fact of what the check says.
    """

    check: str
    spec: MethodSpec
    says: str


def _broken(check: str, number: int, case: _Case) -> Broken:
    class_name, says, changes = case
    module, base = "broken", _BASES.get(class_name, PUPPET)
    if class_name in ("Puppet", "Paster"):
        module = "puppet"
    elif check in _SEEN_FROM_ELSEWHERE:
        module, base = "broken_views", GLOBE
    spec = dataclasses.replace(
        base,
        name=f"{check}-{number}-{class_name.lower()}",
        implementation=f"{module}:{class_name}",
        **changes,
    )
    return Broken(check, spec, says)


BROKEN = tuple(
    _broken(check, number, case)
    for check, cases in _ASKED.items()
    for number, case in enumerate(cases)
)
SPECS = tuple(broken.spec for broken in BROKEN)
