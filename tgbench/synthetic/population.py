"""People drawn at random from a declared distribution; `docs/views.md` has it as a table."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping

import numpy as np

from .hair import HairStyle
from .motion import Manners
from .person import Person
from .sculpture import FaceShape
from .skin import Complexion
from .torso import Clothes
from .voice import Voice

Colour = tuple[float, float, float]
Triangle = tuple[float, float, float]
"""Least, most likely and greatest value of a triangular distribution."""

_STREAM = 90_210
"""Distinguishes these draws from all others that are made with a person's seed."""

_FIRST_SEED, _SEED_STEP = 1_000_000, 1_000
"""Of people's own seeds. Parts of a person take the few hundred that follow."""

SHAPE: Mapping[str, Triangle] = {
    "width": (0.93, 1.0, 1.05),
    "jaw_width": (43.0, 49.5, 55.0),
    "chin_drop": (-5.0, 0.0, 4.0),
    "chin_width": (7.5, 11.0, 14.5),
    "brow_ridge": (6.4, 7.8, 9.0),
    "cheekbone": (-3.0, 0.0, 2.0),
    "cheek_fullness": (25.5, 27.5, 30.0),
    "eye_apart": (30.3, 31.5, 33.0),
    "eye_open": (9.4, 10.7, 12.0),
    "eye_tilt": (0.8, 2.2, 3.4),
    "nose_length": (46.0, 49.0, 52.0),
    "nose_width": (15.0, 16.5, 18.6),
    "nose_depth": (12.5, 14.5, 17.0),
    "nose_bridge": (5.0, 5.8, 6.8),
    "mouth_width": (23.0, 25.0, 27.5),
    "upper_lip": (3.9, 4.7, 5.4),
    "lower_lip": (4.8, 5.5, 6.2),
}
"""Of `FaceShape`, field by field, millimetres but for `width`."""

_PALE, _DARK = (228.0, 186.0, 164.0), (104.0, 68.0, 50.0)
_PALE_LIPS, _DARK_LIPS = (190.0, 112.0, 106.0), (112.0, 60.0, 58.0)
_BLACK, _BROWN, _FAIR = (34.0, 27.0, 24.0), (92.0, 63.0, 42.0), (176.0, 140.0, 92.0)
_RED, _GREY = (142.0, 72.0, 40.0), (150.0, 148.0, 144.0)
_HAIR_COLOURS = (_BLACK, _BROWN, _FAIR, _RED, _GREY)
_HAIR_SHARES = (0.3, 0.4, 0.15, 0.05, 0.1)
_IRISES = ((70.0, 46.0, 28.0), (98.0, 72.0, 40.0), (74.0, 100.0, 118.0), (92.0, 108.0, 78.0))
_IRIS_SHARES = (0.5, 0.2, 0.2, 0.1)


def drawn_person(seed: int) -> Person:
    """Return the person of a seed; the same every time.

    Args:
        seed: 0 or more.
    """
    draw = _Draw(seed)
    own_seed = _FIRST_SEED + _SEED_STEP * seed
    shape = FaceShape(**{name: draw.between(*limits) for name, limits in SHAPE.items()})
    # One number for larynx, stubble, pitch and tract, which go together in people.
    deep = draw.share() < 0.5
    dark = draw.between(0.0, 0.25, 1.0)
    hair_colour = draw.varied(_HAIR_COLOURS[draw.choice(_HAIR_SHARES)], 0.12)
    cloth = draw.cloth()
    return Person(
        seed=own_seed,
        shape=shape,
        look=_complexion(draw, dark, deep, hair_colour),
        hair=_hair(draw, hair_colour, long=draw.share() < (0.15 if deep else 0.7)),
        clothes=Clothes(
            colour=cloth,
            collar=_scaled(cloth, 0.9),
            neckline=draw.between(4.0, 8.0, 18.0),
            width=draw.between(0.93, 0.99, 1.03) if deep else draw.between(0.84, 0.88, 0.95),
            knit=draw.between(1.8, 2.6, 3.6),
        ),
        iris=draw.varied(_IRISES[draw.choice(_IRIS_SHARES)], 0.1),
        teeth=_mixed((220.0, 206.0, 182.0), (240.0, 234.0, 222.0), draw.share()),
        larynx=draw.between(3.0, 4.5, 6.0) if deep else 0.0,
        lashes=draw.between(4.0, 5.0, 6.0) if deep else draw.between(5.5, 7.0, 8.0),
        backdrop=draw.backdrop(),
        voice=_voice(draw, deep),
        manners=Manners(
            turn=(
                draw.between(2.4, 3.4, 5.0),
                draw.between(1.4, 2.0, 2.8),
                draw.between(0.9, 1.3, 2.0),
            ),
            sway=(
                draw.between(2.5, 4.0, 5.5),
                draw.between(1.3, 2.0, 2.8),
                draw.between(3.0, 5.0, 6.5),
            ),
            brows=draw.between(0.6, 1.0, 1.3),
            smile=draw.between(0.0, 0.1, 0.3),
        ),
    )


class _Draw:
    """The random choices of one person, each a function of the seed and of those before."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng([_STREAM, seed])

    def share(self) -> float:
        return float(self._random.random())

    def between(self, least: float, likely: float, most: float) -> float:
        # Four digits: a number that is printed is the number that was used.
        return round(float(self._random.triangular(least, likely, most)), 4)

    def choice(self, shares: tuple[float, ...]) -> int:
        return int(np.searchsorted(np.cumsum(shares)[:-1], self.share(), side="right"))

    def varied(self, colour: Colour, by: float) -> Colour:
        """Return a colour that is up to a share lighter or darker, and a little of another hue."""
        light = self.between(1.0 - by, 1.0, 1.0 + by)
        red, green, blue = (
            value * light * self.between(1.0 - by / 4, 1.0, 1.0 + by / 4) for value in colour
        )
        return _clipped((red, green, blue))

    def cloth(self) -> Colour:
        hue, saturation = self.share(), self.between(0.05, 0.3, 0.6)
        return _clipped(_hsv(hue, saturation, self.between(60.0, 100.0, 170.0)))

    def backdrop(self) -> tuple[Colour, Colour]:
        hue, saturation = self.share(), self.between(0.0, 0.08, 0.2)
        top = _clipped(_hsv(hue, saturation, self.between(130.0, 155.0, 185.0)))
        return top, _scaled(top, self.between(0.65, 0.7, 0.78))


def _complexion(draw: _Draw, dark: float, deep: bool, hair: Colour) -> Complexion:
    skin = draw.varied(_mixed(_PALE, _DARK, dark), 0.05)
    freckled = draw.share() < 0.3 * (1.0 - dark)
    return Complexion(
        skin=skin,
        blush=draw.between(0.6, 0.9, 1.2),
        lips=draw.varied(_mixed(_PALE_LIPS, _DARK_LIPS, dark), 0.1),
        brows=_scaled(hair, 0.55),
        brow_weight=draw.between(0.8, 1.0, 1.2) if deep else draw.between(0.5, 0.65, 0.9),
        stubble=draw.between(0.0, 0.3, 0.8) if deep else 0.0,
        freckles=draw.between(0.2, 0.5, 0.8) if freckled else 0.0,
        liner=draw.between(0.3, 0.45, 0.6) if deep else draw.between(0.5, 0.8, 1.0),
    )


def _hair(draw: _Draw, colour: Colour, long: bool) -> HairStyle:
    side = 1.0 if draw.share() < 0.5 else -1.0
    if long:
        return HairStyle(
            colour=colour,
            top=draw.between(12.0, 15.0, 18.0),
            sides=draw.between(11.0, 14.0, 16.0),
            line=draw.between(5.0, 9.0, 12.0),
            frame=draw.between(0.16, 0.22, 0.28),
            hang=draw.between(-128.0, -112.0, -90.0),
            parting=side * draw.between(0.0, 10.0, 20.0),
            sweep=(1.0, -0.1, -0.12),
            strands=2400,
        )
    return HairStyle(
        colour=colour,
        top=draw.between(10.0, 15.0, 19.0),
        sides=draw.between(4.0, 6.0, 8.0),
        line=draw.between(-2.0, 1.0, 8.0),
        frame=draw.between(0.0, 0.02, 0.05),
        hang=None,
        parting=side * draw.between(14.0, 24.0, 30.0),
        sweep=(0.9, 0.15, -0.45),
        strands=3800,
    )


def _voice(draw: _Draw, deep: bool) -> Voice:
    return Voice(
        hertz=draw.between(90.0, 118.0, 150.0) if deep else draw.between(165.0, 200.0, 240.0),
        tract=draw.between(0.96, 1.0, 1.06) if deep else draw.between(1.08, 1.14, 1.19),
        breath=draw.between(0.02, 0.035, 0.07),
        open_share=draw.between(0.55, 0.62, 0.72),
        tilt=draw.between(2000.0, 2400.0, 2900.0),
    )


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return _clipped((red, green, blue))


def _scaled(colour: Colour, by: float) -> Colour:
    red, green, blue = colour
    return _clipped((red * by, green * by, blue * by))


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return red, green, blue


def _clipped(colour: Colour) -> Colour:
    red, green, blue = (round(min(max(value, 10.0), 245.0), 1) for value in colour)
    return red, green, blue
