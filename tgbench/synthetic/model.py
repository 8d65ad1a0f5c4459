"""A person in three dimensions, posed frame by frame."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from . import ears, eyes, hair, oral, skin, torso
from .grid import Grid, build_grid
from .landmarks import landmark_vertices
from .mesh import BODY_PARTS, CLOSED_PARTS, Part, Picture, Piece, Points, colours, ramp
from .motion import Performance
from .person import Person
from .rig import Rig, turn_jaw
from .strands import strands_piece

_EYES = ((-1.0, "right"), (1.0, "left"))
_NECK_TOP, _NECK_BOTTOM = -75.0, -150.0


class Model:
    """All pieces of a person, joined: what changes with a frame is only where vertices are.

    The pieces of the body come first, so that a prefix of the triangles is the body alone.
    """

    def __init__(self, person: Person) -> None:
        """Sculpt and paint a person (a second or two)."""
        self.person = person
        shape = person.shape
        self.grid = build_grid(shape)
        self.rig = Rig(self.grid, shape)
        self._slits = (self.grid.right_eye, self.grid.left_eye)
        x, y, z = shape.eye
        self._eye_centres = [
            np.array([side * x * shape.width, y, z], np.float32) for side, _ in _EYES
        ]
        pieces = _pieces(person, self.grid)
        self._pieces = pieces
        self.atlas, self.texture = _pack(list(pieces.values()))
        self._starts = _starts([len(piece.points) for piece in pieces.values()])
        self.triangles = np.concatenate(
            [
                piece.triangles + start
                for piece, start in zip(pieces.values(), self._starts, strict=True)
            ]
        ).astype(np.int32)
        self.parts = np.concatenate(
            [np.full(len(piece.triangles), piece.part, np.uint8) for piece in pieces.values()]
        )
        self.landmarks = self._span("skin").start + landmark_vertices(self.grid, shape)
        self.light = np.concatenate([piece.light for piece in pieces.values()])

    @cached_property
    def body_triangles(self) -> int:
        """How many triangles at the start are of the body."""
        return int(np.isin(self.parts, BODY_PARTS).sum())

    @cached_property
    def closed(self) -> NDArray[np.bool_]:
        """Which triangles have no visible back, [T]."""
        return np.isin(self.parts, CLOSED_PARTS)

    def head(self, performance: Performance, frame: int) -> dict[str, Points]:
        """Return the points of the head's pieces in a frame, head frame, millimetres."""
        mouth, jaw = performance.mouth, float(performance.mouth.jaw[frame])
        posed = self.rig.skin(
            _shape_weights(performance, frame),
            jaw,
            _lid_opening(performance, frame),
            float(mouth.seal[frame]),
        )
        points = {"skin": posed}
        gaze = eyes.eye_directions(performance.gaze[frame])
        for (side, name), slit, centre in zip(_EYES, self._slits, self._eye_centres, strict=True):
            ball = self._pieces[f"{name} eye"].points - centre
            points[f"{name} eye"] = (ball @ gaze.T + centre).astype(np.float32)
            points[f"{name} lid"] = eyes.lid_margin_points(posed, slit, centre)
            lash = np.random.default_rng(self.person.seed + int(side))
            points[f"{name} lashes"] = eyes.lash_points(posed, slit, side, self.person.lashes, lash)
        lining = oral.lip_lining_points(posed, self.grid)
        points["lip"] = points["behind lip"] = lining
        points["lower teeth"] = turn_jaw(self._pieces["lower teeth"].points, jaw)
        tongue = oral.tongue_points(
            self._pieces["tongue"].points, float(mouth.tip[frame]), float(mouth.front[frame])
        )
        points["tongue"] = turn_jaw(tongue, jaw)
        bowl = self._pieces["cavity"].points
        points["cavity"] = oral.cavity_points(bowl, jaw, float(mouth.round[frame]))
        return points

    def lighting(self, vertices: Points) -> NDArray[np.float32]:
        """Return the share of light that reaches each vertex [V] of a posed model."""
        light = self.light.copy()
        posed = 1000.0 * vertices[self._span("skin")]
        for (_, name), slit in zip(_EYES, self._slits, strict=True):
            span = self._span(f"{name} eye")
            light[span] = eyes.eye_light(1000.0 * vertices[span], posed, slit)
        return light

    def _span(self, name: str) -> slice:
        start = self._starts[list(self._pieces).index(name)]
        return slice(start, start + len(self._pieces[name].points))

    def vertices(
        self, performance: Performance, frame: int, head_to_studio: NDArray[np.float64]
    ) -> Points:
        """Return all vertices of a frame [V, 3] in the head frame, metres.

        Args:
            performance: what is acted.
            frame: which frame of it.
            head_to_studio: [4, 4], where the head is in the room; metres.
        """
        head = self.head(performance, frame)
        turn, place = head_to_studio[:3, :3], head_to_studio[:3, 3] * 1000.0
        rise = np.array([0.0, 1000.0 * float(performance.breath[frame]), 0.0])
        placed = []
        for name, piece in self._pieces.items():
            if piece.part not in BODY_PARTS:
                placed.append(head.get(name, piece.points))
                continue
            low = ramp(piece.points[:, 1:2], _NECK_BOTTOM, -230.0)
            still = piece.points + rise * (1.0 - 0.5 * low)
            if piece.part is Part.NECK:
                high = ramp(piece.points[:, 1:2], _NECK_BOTTOM, _NECK_TOP)
                still = still + high * (piece.points @ turn.T + place - still)
            placed.append((still - place) @ turn)
        return (np.concatenate(placed) / 1000.0).astype(np.float32)


def _pieces(person: Person, grid: Grid) -> dict[str, Piece]:
    """Return what a person is made of, the body first."""
    shape, look, seed = person.shape, person.look, person.seed
    garment, collar = torso.clothing(person.clothes, seed + 1)
    pieces = {
        "garment": garment,
        "collar": collar,
        "neck": torso.neck(look, person.clothes, person.larynx, seed + 2),
        "skin": skin.skin_piece(grid, shape, look, seed + 3),
        "right ear": ears.ear(shape, look, -1.0, seed + 4),
        "left ear": ears.ear(shape, look, 1.0, seed + 4),
    }
    for (side, name), slit in zip(_EYES, (grid.right_eye, grid.left_eye), strict=True):
        pieces[f"{name} eye"] = eyes.eyeball(shape, side, person.iris, seed + 5)
        pieces[f"{name} lid"] = eyes.lid_margin(slit)
        pieces[f"{name} lashes"] = eyes.lashes(slit, look.brows)
    lip, behind = oral.lip_lining(grid)
    shell = hair.build_shell(shape, person.hair, seed + 7)
    return pieces | {
        "lip": lip,
        "behind lip": behind,
        "cavity": oral.cavity(shape),
        "upper teeth": oral.teeth("upper", shape, person.teeth),
        "lower teeth": oral.teeth("lower", shape, person.teeth),
        "tongue": oral.tongue(shape, seed + 6),
        "hair": hair.shell_piece(shell, person.hair, seed + 8),
        "strands": strands_piece(shell, person.hair, seed + 9),
    }


def _shape_weights(act: Performance, frame: int) -> dict[str, float]:
    """Return the strengths of `rig`'s shapes in a frame."""
    mouth = act.mouth
    jaw, seal = float(mouth.jaw[frame]), float(mouth.seal[frame])
    return {
        "part": float(mouth.part[frame]),
        "drop": jaw,
        "round": float(mouth.round[frame]),
        "spread": float(mouth.spread[frame]),
        "smile": float(act.smile[frame]),
        "press": 0.8 * seal,
        "tuck": float(mouth.tuck[frame]),
        "chin": 0.5 * seal * (1.0 - jaw),
        "brow_inner": float(act.brow_inner[frame]),
        "brow_outer": float(act.brow_outer[frame]),
        "brow_lower": float(act.brow_lower[frame]),
        "cheeks": float(act.cheeks[frame]),
        "squint": float(act.squint[frame]),
    }


def _lid_opening(act: Performance, frame: int) -> float:
    """Return how far the lids are open: they follow blinks, feelings and a look down."""
    feeling = 1.0 + 0.25 * act.wide[frame] - 0.12 * act.squint[frame]
    looking_down = max(-float(act.gaze[frame, 1]), 0.0)
    return max(float((1.0 - act.blink[frame]) * feeling - 0.35 * looking_down), 0.0)


def _starts(counts: list[int]) -> list[int]:
    return [0, *np.cumsum(counts)[:-1].tolist()]


def _pack(pieces: list[Piece]) -> tuple[Picture, NDArray[np.float32]]:
    """Put all pictures into one, row upon row, each with a border so that none bleeds."""
    width = max(piece.picture.shape[1] for piece in pieces) + 2
    x, y, high = 0, 0, 0
    places = []
    for piece in pieces:
        h, w = piece.picture.shape[:2]
        if x + w + 2 > width:
            x, y, high = 0, y + high, 0
        places.append((x + 1, y + 1))
        x, high = x + w + 2, max(high, h + 2)
    atlas = np.zeros((y + high, width, 4), np.uint8)
    texture = []
    for piece, (left, top) in zip(pieces, places, strict=True):
        h, w = piece.picture.shape[:2]
        bordered = np.pad(piece.picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
        atlas[top - 1 : top + h + 1, left - 1 : left + w + 1] = bordered
        texture.append(piece.texture + colours(left, top))
    return atlas, np.concatenate(texture).astype(np.float32)
