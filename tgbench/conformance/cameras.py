"""Checks of methods that take a camera: whether the head turns with it, over any backdrop."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..drive import PlainBackdrop
from ..driving.cameras import View
from ..interfaces import Drive, Layers, RendersLayers
from ..metrics.views.reprojection import Shot, reprojection_error
from .bench import Bench
from .comparing import share_changed
from .findings import DoesNotHold, NotTried, theirs
from .subject import Frames

_TURN = 15.0
_TURNS = {
    "to the person's left": View("left", yaw=_TURN),
    "to the person's right": View("right", yaw=-_TURN),
    "upwards": View("up", pitch=_TURN),
    "downwards": View("down", pitch=-_TURN),
}
_CLEARLY = 0.8
"""Share of how unlike the asked view is by which another one is clearly nearer."""

_TRIED = 4
"""Frames that are rendered from each side."""

_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_ROUNDED = 4
"""Levels by which a mixed pixel may be off: three roundings and a codec's least."""

_MOST_OFF = 0.01
"""Share of the pixels that may be off by more."""

_COVER_OFF = 0.05
"""Mean difference of a layer's alpha and what the pictures show of it."""

_FARTHER = 1.25
_DEPTH_OFF = 0.1
"""Share of a camera's way by which the depth may be off that it should have grown by."""


def head_turns_with_the_camera(bench: Bench) -> str:
    """Turn the camera round the head, and see which way the head turns in the picture.

    Points of the head, placed by the method's own depth as if the camera had gone where it was
    asked, to the other side, or nowhere, are looked up in the ordinary picture. The first must fit
    best.
    """
    _takes_camera(bench)
    ahead = _from(bench, View("ahead"))
    plain = _shots(bench, ahead)
    for way, view in _TURNS.items():
        moved = _shots(bench, _from(bench, view))
        other = View("", yaw=-view.yaw, pitch=-view.pitch)
        asked, still, opposite = (
            _unlikeness(moved, plain, _from(bench, guess)) for guess in (view, View(""), other)
        )
        other_fit = min(still, opposite)
        levels = f"off by {asked:.1f} levels if it turned as asked, by {other_fit:.1f} if not"
        if other_fit < _CLEARLY * asked:
            what = "does not turn" if still <= opposite else "turns the other way"
            raise DoesNotHold(
                f"takes_camera is declared, but from a camera {_TURN:g} degrees {way} the head "
                f"{what} ({levels}); use drive.poses as camera to world"
            )
        if other_fit <= asked:
            raise NotTried(f"the head looks too alike from all sides to tell ({way}: {levels})")
    return f"the head turns as cameras go {_TURN:g} degrees to all four sides"


def any_backdrop_is_shown(bench: Bench) -> str:
    """Render over white and over black: the head that they show must make the ordinary frames.

    So the front view of a moved camera, which is over white, is the ordinary render.
    """
    _takes_camera(bench)
    drive = _first(bench.drive)
    white, black = (_over(bench, colour) for colour in (_WHITE, _BLACK))
    ordinary = bench.frames[: len(drive)]
    behind = np.stack([drive.background(frame) for frame in range(len(drive))]).astype(np.float64)
    through = (white.astype(np.float64) - black) / 255.0
    if (np.abs(through - 1.0) > 0.02).all(axis=-1).mean() > 1.0 - _MOST_OFF:
        raise DoesNotHold(
            "takes_camera is declared, but a white and a black backdrop show nowhere; paint the "
            "head over drive.background(frame)"
        )
    made = np.clip(np.round(black + through * behind), 0, 255).astype(np.uint8)
    off = share_changed(made, ordinary, np.ones(made.shape[:3], bool), _ROUNDED + bench.chance)
    if off > _MOST_OFF:
        raise DoesNotHold(
            f"takes_camera is declared, but {off:.1%} of the pixels differ from the head as "
            "rendered over plain backdrops, put over drive.background"
        )
    return f"the same head over any backdrop in {1 - off:.1%} of the pixels"


def layers_are_true(bench: Bench) -> str:
    """Compare alpha with what plain backdrops show, and depth with how far the camera goes."""
    _takes_camera(bench)
    drive = _first(bench.drive)
    found = _layers(bench, drive)
    white, black = (_over(bench, colour) for colour in (_WHITE, _BLACK))
    shown = 1.0 - (white.astype(np.float64) - black).mean(axis=-1) / 255.0
    alpha = np.stack([layer.alpha for layer in found])
    if (off := float(np.abs(alpha - shown).mean())) > _COVER_OFF:
        raise DoesNotHold(
            f"layers: alpha is {off:.2f} off what plain backdrops show of the head, on average"
        )
    far = dataclasses.replace(drive, poses=View("far", distance=_FARTHER).cameras(drive.poses))
    way = float(np.linalg.norm(far.poses[:, :3, 3] - drive.poses[:, :3, 3], axis=1).mean())
    grown = _median_depth(_layers(bench, far)) - _median_depth(found)
    if abs(grown - way) > _DEPTH_OFF * way:
        raise DoesNotHold(
            f"layers: the camera went away by {way:.3f}, and the depth grew by {grown:.3f}; give "
            "it along the camera's axis, in the unit of poses"
        )
    return f"alpha is {off:.3f} off on average; the depth follows the camera"


def _takes_camera(bench: Bench) -> None:
    if not bench.spec.takes_camera:
        raise NotTried("takes_camera is not declared")


def _first(drive: Drive) -> Drive:
    """Return the first few frames of a drive."""
    return drive.part(0, min(_TRIED, len(drive)))


def _from(bench: Bench, view: View, colour: tuple[int, int, int] = _WHITE) -> Drive:
    drive, size = _first(bench.drive), bench.drive.intrinsics
    backdrop = PlainBackdrop(size.width, size.height, colour)
    return dataclasses.replace(drive, poses=view.cameras(drive.poses), backdrop=backdrop)


def _over(bench: Bench, colour: tuple[int, int, int]) -> Frames:
    return bench.subject.render(bench.fit.method, _from(bench, View("ahead"), colour))


def _layers(bench: Bench, drive: Drive) -> list[Layers]:
    """Return the layers of a drive, held to their contract."""
    method, lens = bench.fit.method, drive.intrinsics
    if not isinstance(method, RendersLayers):
        raise NotTried("the method has no `layers`, which say where its head is")
    with theirs("layers"):
        found = list(method.layers(drive))
    if len(found) != len(drive):
        raise DoesNotHold(f"layers yields {len(found)} for a drive of {len(drive)}")
    for layer in found:
        for name, values in (("alpha", layer.alpha), ("depth", layer.depth)):
            if values.shape != (lens.height, lens.width) or values.dtype != np.float32:
                raise DoesNotHold(
                    f"layers: {name} is {values.dtype} {values.shape}, not float32 "
                    f"{(lens.height, lens.width)}"
                )
        if not ((layer.alpha >= 0.0) & (layer.alpha <= 1.0)).all():
            raise DoesNotHold("layers: alpha has values outside 0 to 1")
    return found


def _median_depth(layers: list[Layers]) -> float:
    depths = [layer.depth[(layer.alpha >= 0.5) & np.isfinite(layer.depth)] for layer in layers]
    if not sum(map(len, depths)):
        raise DoesNotHold("layers: no frame shows a head with a depth")
    return float(np.median(np.concatenate(depths)))


def _shots(bench: Bench, drive: Drive) -> list[Shot]:
    """Return frames with their layers and cameras."""
    frames = bench.subject.render(bench.fit.method, drive)
    return list(zip(frames, _layers(bench, drive), drive.poses, strict=True))


def _unlikeness(moved: list[Shot], plain: list[Shot], guess: Drive) -> float:
    """Return how unlike frames are to the ordinary ones, if the camera moved as guessed."""
    found = [
        reprojection_error((picture, layers, camera), ordinary, guess.intrinsics)
        for (picture, layers, _), ordinary, camera in zip(moved, plain, guess.poses, strict=True)
    ]
    levels = [each for each in found if each is not None]
    return float(np.mean(levels)) if levels else float("inf")
