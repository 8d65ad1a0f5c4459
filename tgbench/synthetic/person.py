"""The people that the suite can make: how they look, sound and move."""

from __future__ import annotations

from dataclasses import dataclass, field

from .hair import HairStyle
from .motion import Manners
from .sculpture import FaceShape
from .skin import Complexion
from .torso import Clothes
from .voice import Voice


@dataclass(frozen=True)
class Person:
    """Everything about one synthetic person.

    Attributes:
        seed: of all that is random about them.
        shape: of the face.
        look: complexion.
        hair: how it is worn.
        clothes: what is worn.
        iris: colour of the eyes, sRGB 0 to 255.
        teeth: colour of the teeth.
        larynx: how far the larynx stands out, millimetres.
        lashes: length of the lashes, millimetres.
        backdrop: colours of the plate at its top and bottom.
        voice: how they sound.
        manners: how they move.
    """

    seed: int
    shape: FaceShape
    look: Complexion
    hair: HairStyle
    clothes: Clothes
    iris: tuple[float, float, float]
    teeth: tuple[float, float, float]
    larynx: float
    lashes: float
    backdrop: tuple[tuple[float, float, float], tuple[float, float, float]]
    voice: Voice
    manners: Manners = field(default_factory=Manners)


SYNTH_A = Person(
    seed=20240,
    shape=FaceShape(jaw_width=53.0, chin_width=13.0, brow_ridge=8.6),
    look=Complexion(
        skin=(205, 158, 134),
        blush=1.0,
        lips=(176, 104, 98),
        brows=(52, 36, 26),
        brow_weight=1.1,
        stubble=0.55,
        freckles=0.0,
        liner=0.45,
    ),
    hair=HairStyle(
        colour=(96, 68, 46),
        top=17.0,
        sides=6.0,
        line=0.0,
        frame=0.02,
        hang=None,
        parting=26.0,
        sweep=(0.9, 0.15, -0.45),
        strands=3800,
    ),
    clothes=Clothes((52, 66, 96), (44, 56, 84), 6.0, 1.0, 3.2),
    iris=(74, 100, 118),
    teeth=(232, 222, 204),
    larynx=5.0,
    lashes=5.0,
    backdrop=((136, 148, 156), (92, 104, 116)),
    voice=Voice(112.0),
)
SYNTH_B = Person(
    seed=31750,
    shape=FaceShape(
        width=0.955,
        jaw_width=45.0,
        chin_width=8.0,
        chin_drop=-3.0,
        brow_ridge=6.8,
        cheekbone=-2.0,
        cheek_fullness=28.5,
        eye_apart=31.5,
        eye_open=11.6,
        eye_tilt=2.8,
        nose_length=47.0,
        nose_width=15.6,
        nose_depth=13.5,
        nose_bridge=5.2,
        mouth_width=24.0,
        upper_lip=4.9,
        lower_lip=5.7,
    ),
    look=Complexion(
        skin=(172, 118, 88),
        blush=0.8,
        lips=(158, 72, 76),
        brows=(34, 24, 20),
        brow_weight=0.6,
        stubble=0.0,
        freckles=0.5,
        liner=0.9,
    ),
    hair=HairStyle(
        colour=(66, 44, 34),
        top=15.0,
        sides=14.0,
        line=9.0,
        frame=0.24,
        hang=-118.0,
        parting=-12.0,
        sweep=(1.0, -0.1, -0.12),
        strands=2400,
    ),
    clothes=Clothes((150, 62, 58), (138, 52, 50), 16.0, 0.86, 2.2),
    iris=(86, 56, 34),
    teeth=(236, 228, 214),
    larynx=0.0,
    lashes=7.5,
    backdrop=((168, 156, 140), (120, 106, 96)),
    voice=Voice(205.0, tract=1.14, breath=0.05, open_share=0.66, tilt=2200.0),
    manners=Manners(turn=(3.8, 2.2, 1.7), smile=0.22, brows=1.15),
)
PEOPLE = {"synth-a": SYNTH_A, "synth-b": SYNTH_B}


@dataclass(frozen=True)
class Track:
    """Speech without a face, to drive others with.

    Attributes:
        seed: of what is said.
        language: name of its inventory.
        voice: how it sounds.
        seconds: length.
    """

    seed: int
    language: str
    voice: Voice
    seconds: float


@dataclass(frozen=True)
class SungTrack(Track):
    """A song: slow vowels, each on a note of its own."""


@dataclass(frozen=True)
class Wordless:
    """White noise, or silence: nobody says anything.

    Attributes:
        seed: of the noise.
        level: root mean square, 0 to 1; 0 for silence.
        seconds: length.
    """

    seed: int
    level: float
    seconds: float


TRACKS: dict[str, Track | Wordless] = {
    "track-silence": Wordless(70121, 0.0, 9.0),
    "track-noise": Wordless(70122, 0.08, 9.0),
    "track-song": SungTrack(
        63077, "second", Voice(196.0, tract=1.08, breath=0.03, jitter=0.003), 9.0
    ),
    "track-voice": Track(
        40961, "first", Voice(148.0, tract=1.05, breath=0.07, open_share=0.7), 9.0
    ),
    "track-language": Track(52189, "second", Voice(176.0, tract=1.10, breath=0.04), 9.0),
}
