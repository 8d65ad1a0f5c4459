"""What tgbench reads to list the method: no heavy import here."""

from dataclasses import dataclass
from typing import Annotated

from tgbench.configs import Range
from tgbench.specs import CompositeMode, MethodSpec


@dataclass(frozen=True)
class Config:
    """Settings; each can be changed with --set, and `tgbench list settings` shows them."""

    frames: Annotated[int, Range(1)] = 20
    """Number of training frames, evenly spread, whose mean is shown."""


SPEC = MethodSpec(
    name="average_frame",
    summary="the mean of the training frames, always: an example of a plug-in",
    implementation="average_frame_method:AverageFrame",
    config="average_frame:Config",
    presets={"quick": {"frames": 20}, "paper": {"frames": 1000}},
    title="Average frame",
    image_sizes={"quick": 256},
    hears_audio=False,
    moves_upper_face=False,
    composite_mode=CompositeMode.FULL_FRAME,
)
