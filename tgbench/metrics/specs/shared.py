"""What specs of several families use."""

from __future__ import annotations

import math

from ...specs import Needs

PAIR = frozenset({Needs.TARGET})
FACES = frozenset({Needs.TARGET, Needs.LANDMARKS})

FROM_ZERO = (0.0, math.inf)
OF_ONE = (-1.0, 1.0)
