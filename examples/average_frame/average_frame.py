"""What tgbench reads to list the method: no heavy import here."""

from tgbench.specs import CompositeMode, MethodSpec

SPEC = MethodSpec(
    name="average_frame",
    summary="the mean of the training frames, always: an example of a plug-in",
    implementation="average_frame_method:AverageFrame",
    config="average_frame_method:Config",
    presets={"quick": {"frames": 20}, "paper": {"frames": 1000}},
    composite_mode=CompositeMode.FULL_FRAME,
)
