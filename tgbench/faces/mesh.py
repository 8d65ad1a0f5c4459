"""Which vertices of the face mesh are what."""

from __future__ import annotations

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""Outline of the face, clockwise in the image from the top of the forehead."""

JAW = OVAL[8:29]
"""Outline below the ears, from the person's left ear over the chin to the right ear."""

INNER_LIPS = (
    *(78, 191, 80, 81, 82, 13, 312, 311, 310, 415),
    *(308, 324, 318, 402, 317, 14, 87, 178, 88, 95),
)
OUTER_LIPS = (
    *(61, 185, 40, 39, 37, 0, 267, 269, 270, 409),
    *(291, 375, 321, 405, 314, 17, 84, 181, 91, 146),
)

_MIDDLE = (168, 6, 197, 195, 5, 4, 1, 2, 10, 151, 9)
_PAIRS = (
    # nose
    *((122, 351), (196, 419), (3, 248), (236, 456), (198, 420), (131, 360), (134, 363)),
    *((51, 281), (45, 275), (115, 344), (220, 440)),
    # corners of the eyes and the rim of the orbits
    *((33, 263), (133, 362), (130, 359), (117, 346), (118, 347), (119, 348), (120, 349)),
    *((121, 350), (143, 372), (35, 265), (226, 446)),
    # cheekbones, temples and before the ears
    *((116, 345), (123, 352), (227, 447), (34, 264), (139, 368), (156, 383), (127, 356)),
    *((162, 389), (21, 251), (234, 454), (93, 323)),
    # forehead
    *((109, 338), (67, 297), (103, 332), (54, 284), (108, 337), (69, 299), (104, 333), (68, 298)),
)

RIGID_PAIRS = tuple((len(_MIDDLE) + 2 * i, len(_MIDDLE) + 2 * i + 1) for i in range(len(_PAIRS)))
"""Positions within `RIGID` of mirrored vertices: (person's right, person's left)."""

RIGID = (*_MIDDLE, *(vertex for pair in _PAIRS for vertex in pair))
"""Vertices over bone, which speech and expression hardly move: they show the head's pose."""
