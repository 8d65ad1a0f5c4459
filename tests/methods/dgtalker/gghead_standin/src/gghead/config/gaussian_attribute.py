"""Names and sizes of a Gaussian's attributes."""

from dataclasses import dataclass
from enum import Enum


@dataclass
class GaussianAttributeConfig:
    """How they are encoded."""

    sh_degree: int = 0
    n_color_channels: int = 3


class GaussianAttribute(Enum):
    """What a texel decodes to."""

    POSITION = "position"
    SCALE = "scale"
    ROTATION = "rotation"
    OPACITY = "opacity"
    COLOR = "color"

    def get_n_channels(self, config: GaussianAttributeConfig) -> int:
        """Return the number of channels in the plane."""
        colour = (config.sh_degree + 1) ** 2 * config.n_color_channels
        return {"POSITION": 3, "SCALE": 3, "ROTATION": 4, "OPACITY": 1, "COLOR": colour}[self.name]
