"""What Wav2Lip declares, and its settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tgbench.configs import Range
from tgbench.specs import CompositeMode, LeakedCondition, MethodSpec
from tgbench.synthetic.names import built_in
from tgbench.systems.config import absolute_place

NAME = "wav2lip_native"
TRAINED_HERE = "synthetic"

Pads = tuple[int, int, int, int]


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained here on synthetic heads; of no effect for published weights."""

    width: Annotated[float, Range(0.03, 1.0)] = 0.25
    """Its channels as a share of the published ones."""

    voices: Annotated[int, Range(1, 1000)] = 40
    """Speakers, of half a minute each, from whom the audio encoder learns the mouth."""

    hearing_iterations: Annotated[int, Range(1)] = 250
    """Steps in which the audio encoder alone is trained."""

    people: Annotated[int, Range(1, 100)] = 10
    """Synthetic people who are filmed."""

    frames: Annotated[int, Range(2, 2000)] = 90
    """Frames of each of them."""

    reading_iterations: Annotated[int, Range(1)] = 250
    """Steps in which an expert learns to read lips."""

    reading_weight: Annotated[float, Range(0)] = 0.05
    """Weight of what it reads otherwise from a face that was made than from the true one."""

    iterations: Annotated[int, Range(1)] = 300
    """Steps in which encoder and decoder of the face are trained."""

    batch: Annotated[int, Range(2, 256)] = 16
    """Faces in each of them."""

    rate: Annotated[float, Range(above=0, most=1.0)] = 1e-3
    """First learning rate."""

    seed: Annotated[int, Range(0)] = 0
    """Of every random choice in this training; that of a run changes nothing."""


@dataclass(frozen=True)
class Wav2LipConfig:
    """Settings of Wav2Lip."""

    checkpoint: Literal["synthetic", "wav2lip", "wav2lip_gan"] = "synthetic"
    """Weights: trained here on synthetic heads, or a published file of the weight store."""

    detector: Literal["mediapipe", "s3fd", "fan_s3fd"] = "mediapipe"
    """What finds faces: MediaPipe, SyncNet's S3FD at a quarter of the size, or face-alignment's
    S3FD at full size, which the original program has."""

    pads: Pads = (0, 10, 0, 0)
    """Pixels added to a found face at its top, bottom, left and right."""

    smoothing: Annotated[int, Range(1, 100)] = 5
    """Frames over which the box of the face is averaged; 1 for none."""

    references: Annotated[int, Range(1, 1000)] = 32
    """Reference frames, evenly spread, of which the one most like a frame is its reference."""

    reference_clip: str = ""
    """Another clip, a folder or a built-in name, whose frames are the references; without one they
    are training frames."""

    batch: Annotated[int, Range(1, 1024)] = 1
    """Frames that the network makes at a time; more take 7 MB each and more, and serve a GPU."""

    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        """Name the folder of a clip as it is from everywhere: another process may do the job."""
        if self.reference_clip and built_in(self.reference_clip) is None:
            object.__setattr__(self, "reference_clip", absolute_place(self.reference_clip))


SPEC = MethodSpec(
    NAME,
    "edits the mouth of the true video; reimplemented here, one network for all people",
    "tgbench.methods.wav2lip.method:Wav2Lip",
    title="Wav2Lip (reimplemented)",
    config="tgbench.methods.wav2lip.spec:Wav2LipConfig",
    presets={"quick": {}, "paper": {"checkpoint": "wav2lip_gan", "detector": "fan_s3fd"}},
    image_sizes={"quick": 256},
    source="Prajwal et al., A Lip Sync Expert Is All You Need, ACM Multimedia 2020",
    trains=False,
    moves_upper_face=False,
    whole_image_valid=False,
    composite_mode=CompositeMode.FACE_PASTED,
    leaked_conditions=(
        LeakedCondition.HEAD_POSE,
        LeakedCondition.UPPER_FACE,
        LeakedCondition.TORSO_AND_BACKGROUND,
    ),
)
