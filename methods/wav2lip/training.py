"""Training of a small network on synthetic heads, so that there is one without published weights.

First the audio encoder learns from many voices, none of them filmed, what the mouth does; then an
expert learns to read it off the faces of a few people, and the rest of the network to show it on
them. The paper trains all at once, on hundreds of hours of video; see the README.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tgbench.arrays import Image
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.progress import Progress, Task

from .crops import cropped, network_input
from .faces import FaceFinder, MeshFaces
from .generator import FACE_SIDE, MEL_STEPS, Generator
from .mel import STEPS_PER_SECOND, Speech
from .people import Talk, filmed, talk
from .reader import LipReader
from .spec import TrainingConfig

_VOICE_SECONDS = 30.0
_FIRST_VOICE = 1000
"""Number of the first person who is heard only."""

_HEARD = 64
_READ = 24
_HEARING_RATE = _READING_RATE = 2e-3
_FINAL_RATE = 0.03
"""Share of a learning rate that is left at the end."""

_FILM_SIZE = 192
_EVERY = 4
"""Distance of filmed frames: neighbours look alike."""

_MARGIN = 0.3
"""Share of a face's box by which more of the frame is kept, all around."""

_KEPT_SIDE = 144
_JITTER, _APART = 0.05, 0.01
"""Shares of a box by which it is off in training: both faces alike, and each by itself."""

_CANDIDATES = 16
"""Frames of which the one most like another is its reference, as in rendering."""

_CHIN = 0.22
"""Share of a face's height by which the box may reach below the chin."""

_MOUTH = (slice(48, 92), slice(20, 76))
"""Rows and columns of a face where the mouth is; the rest is nearly that of the reference."""

_MOUTH_WEIGHT = 4.0
_SHIFT = 3.0
"""Deviations by which what is passed on is raised, so that rectifying cuts nothing off."""

_LEAST_GAIN = 0.8


@dataclass(frozen=True)
class Scene:
    """A person's filmed frames.

    Attributes:
        faces: uint8 RGB [F, 144, 144, 3], the face with a margin.
        mels: float32 [F, 80, 16], what is heard from each frame on.
        mouths: float32 [F, 8], the articulators.
    """

    faces: Image
    mels: NDArray[np.float32]
    mouths: NDArray[np.float32]

    def like(self, frame: int, random: np.random.Generator) -> int:
        """Return the one of some random other frames whose upper half is most like a frame's."""
        others = random.integers(len(self.faces), size=_CANDIDATES)
        others = others[others != frame]
        if not len(others):
            return frame
        coarse = self.faces[[frame, *others], : _KEPT_SIDE // 2 : 4, ::4].astype(np.float32)
        apart = ((coarse[1:] - coarse[0]) ** 2).sum(axis=(1, 2, 3))
        return int(others[apart.argmin()])


class Batch(NamedTuple):
    """Faces of random frames.

    Attributes:
        mels: [B, 1, 80, 16], what is heard.
        faces: [B, 6, 96, 96], what the network sees.
        truth: [B, 3, 96, 96], what it should make.
        mouths: [B, 8], the articulators.
    """

    mels: Tensor
    faces: Tensor
    truth: Tensor
    mouths: Tensor


def trained(config: TrainingConfig, device: torch.device, progress: Progress) -> Generator:
    """Return a network trained on synthetic heads; the same for the same settings and machine.

    Raises:
        TgbenchError: a loss is not finite.
        Unavailable: MediaPipe is not installed.
    """
    torch.manual_seed(config.seed)
    random = np.random.default_rng(config.seed)
    network = Generator(config.width).to(device)
    # A third faster on a CPU; the stubs of torch do not know this overload.
    _pass_on(network)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    _learn_to_hear(network, config, random, progress)
    scenes = _scenes(config, progress)
    reader = _learn_to_read(scenes, config, random, progress, device)
    _learn_to_show(network, reader, scenes, config, random, progress)
    return network.eval()


@torch.no_grad()
def _pass_on(network: Generator) -> None:
    """Let a new network begin with the mean of both faces that it sees, not with noise.

    The first layer and those of the output pass the six colours on; the rest stays random. A short
    training would else be spent on learning that eyes stay eyes.
    """
    state: dict[str, Tensor] = network.state_dict()
    first, output = "face_encoder_blocks.0.0.conv_block", "output_block.0.conv_block"
    # The decoder's channels come before those that the first layer passes on.
    before = state[f"{output}.0.weight"].shape[1] - len(state[f"{first}.0.weight"])
    for name, offset in ((first, 0), (output, before)):
        weight = state[f"{name}.0.weight"]
        middle = weight.shape[-1] // 2
        weight[:6] = 0.0
        for colour in range(6):
            weight[colour, offset + colour, middle, middle] = 1.0
        state[f"{name}.0.bias"][:6] = 0.0
        state[f"{name}.1.bias"][:6] = _SHIFT
    last = state["output_block.1.weight"].zero_()
    for colour in range(3):
        last[colour, [colour, 3 + colour]] = 0.5
    state["output_block.1.bias"].fill_(-_SHIFT)


def _learn_to_hear(
    network: Generator, config: TrainingConfig, random: np.random.Generator, progress: Progress
) -> None:
    """Train the audio encoder, with a linear layer that is discarded, to predict the mouth."""
    talks = [talk(_FIRST_VOICE + i, _VOICE_SECONDS) for i in range(config.voices)]
    mels, mouths = zip(*map(_heard, talks), strict=True)
    heard, said = np.concatenate(mels), torch.from_numpy(np.concatenate(mouths))
    device = next(network.parameters()).device
    wanted = _normalised(said, said).to(device)
    head = nn.LazyLinear(wanted.shape[1]).to(device)
    encoder = network.audio_encoder.train()
    head(encoder(torch.zeros(2, 1, *heard.shape[1:], device=device)).flatten(1))
    optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], _HEARING_RATE)
    schedule = _falling(optimizer, config.hearing_iterations)
    with progress.task("learning to hear synthetic speech", config.hearing_iterations) as task:
        for _ in range(config.hearing_iterations):
            rows = random.integers(0, len(heard), _HEARD)
            told = head(encoder(torch.from_numpy(heard[rows, None]).to(device)).flatten(1))
            _descend((told - wanted[rows]).abs().mean(), optimizer)
            schedule.step()
            task.advance()


def _learn_to_read(
    scenes: Sequence[Scene],
    config: TrainingConfig,
    random: np.random.Generator,
    progress: Progress,
    device: torch.device,
) -> LipReader:
    """Return an expert that was trained on the faces to be shown."""
    said = torch.from_numpy(np.concatenate([scene.mouths for scene in scenes]))
    reader = LipReader(said.shape[1]).to(device)
    reader(torch.zeros(2, 3, FACE_SIDE, FACE_SIDE, device=device))
    optimizer = torch.optim.Adam(reader.parameters(), _READING_RATE)
    with progress.task("learning to read lips", config.reading_iterations) as task:
        for _ in range(config.reading_iterations):
            batch = _batch(scenes, _READ, random)
            wanted = _normalised(batch.mouths, said).to(device)
            _descend((reader(batch.truth.to(device)) - wanted).abs().mean(), optimizer)
            task.advance()
    return reader.eval().requires_grad_(False)


def _learn_to_show(
    network: Generator,
    reader: LipReader,
    scenes: Sequence[Scene],
    config: TrainingConfig,
    random: np.random.Generator,
    progress: Progress,
) -> None:
    """Train encoder and decoder of the face; what the audio encoder has learned stays."""
    network.train()
    network.audio_encoder.eval().requires_grad_(False)
    device = next(network.parameters()).device
    learning = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(learning, config.rate, betas=(0.5, 0.999))
    schedule = _falling(optimizer, config.iterations)
    weight = torch.ones(FACE_SIDE, FACE_SIDE, device=device)
    weight[_MOUTH] += _MOUTH_WEIGHT
    with progress.task("learning to show synthetic speech", config.iterations) as task:
        for _ in range(config.iterations):
            batch = _batch(scenes, config.batch, random)
            truth = batch.truth.to(device)
            seen = batch.faces.to(device, memory_format=torch.channels_last)
            made = network(batch.mels.to(device), seen)
            loss = ((made - truth).abs() * weight).mean()
            _descend(loss + config.reading_weight * reader.apart(made, truth), optimizer)
            schedule.step()
            task.advance()
    network.requires_grad_(True)


def _normalised(mouths: Tensor, all_mouths: Tensor) -> Tensor:
    """Return articulators [N, 8] by the mean and the deviation of each over all mouths."""
    return (mouths - all_mouths.mean(0)) / all_mouths.std(0).clamp(min=0.05)


def _descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    if not math.isfinite(loss.item()):
        raise TgbenchError(
            "training on synthetic heads gives a loss that is not finite; lower training.rate"
        )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _falling(
    optimizer: torch.optim.Optimizer, iterations: int
) -> torch.optim.lr_scheduler.LRScheduler:
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: _FINAL_RATE ** (i / iterations))


def _heard(said: Talk) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what is heard from each frame on [F, 80, 16], and the mouth [F, 8]."""
    speech = Speech(said.sound)
    whole = int((len(speech) - MEL_STEPS) * Identity.fps / STEPS_PER_SECOND)
    frames = range(min(whole, len(said.mouth)))
    return speech.windows(frames, Identity.fps), said.mouth[: len(frames)]


def _scenes(config: TrainingConfig, progress: Progress) -> list[Scene]:
    finder = MeshFaces()
    with progress.task("filming synthetic people", config.people * config.frames) as task:
        return [_scene(i, config.frames, finder, task) for i in range(config.people)]


def _scene(number: int, frames: int, finder: FaceFinder, task: Task) -> Scene:
    """Film a person, and keep the frames in which the face is found and speech goes on."""
    said, shots = filmed(number, (frames + 2) * _EVERY / Identity.fps, _EVERY, _FILM_SIZE)
    mels, _ = _heard(said)
    faces, heard, mouths = [], [], []
    for frame, image in itertools.islice(shots, frames):
        box = finder.find(image)
        if box is not None and frame < len(mels):
            faces.append(_with_margin(image, box))
            heard.append(mels[frame])
            mouths.append(said.mouth[frame])
        task.advance()
    return Scene(np.stack(faces), np.stack(heard), np.stack(mouths))


def _with_margin(image: Image, box: NDArray[np.float64]) -> Image:
    """Return the face with a margin, uint8 RGB [144, 144, 3]; the edge goes on as it is."""
    size = (box[2:] - box[:2]) * (1.0 + 2.0 * _MARGIN)
    corner = (box[:2] + box[2:] - size) / 2.0
    scale = _KEPT_SIDE / size
    matrix = np.column_stack([np.diag(scale), -corner * scale])
    kept = cv2.warpAffine(image, matrix, (_KEPT_SIDE, _KEPT_SIDE), borderMode=cv2.BORDER_REPLICATE)
    return kept.astype(np.uint8)


def _batch(scenes: Sequence[Scene], count: int, random: np.random.Generator) -> Batch:
    """Return random frames.

    The reference is another frame of the same person. Boxes, colours and sides vary.
    """
    mels, faces, references, mouths = [], [], [], []
    for _ in range(count):
        scene = scenes[random.integers(len(scenes))]
        frame = random.integers(len(scene.faces))
        mels.append(scene.mels[frame])
        mouths.append(scene.mouths[frame])
        offsets = np.array([*random.uniform(-_JITTER, _JITTER, 4), random.uniform(0.0, _CHIN)])
        pair = [
            _jittered(scene.faces[i], offsets + random.uniform(-_APART, _APART, 5))
            for i in (frame, scene.like(frame, random))
        ]
        gains = random.uniform(_LEAST_GAIN, 1.0 / _LEAST_GAIN, 3)
        pair = [np.clip(face * gains, 0.0, 255.0).astype(np.uint8) for face in pair]
        if random.random() < 0.5:
            pair = [face[:, ::-1] for face in pair]
        faces.append(pair[0])
        references.append(pair[1])
    truth = torch.from_numpy(np.stack(faces)[..., ::-1].astype(np.float32) / 255.0)
    return Batch(
        torch.from_numpy(np.stack(mels)[:, None]),
        network_input(faces, references),
        truth.permute(0, 3, 1, 2),
        torch.from_numpy(np.stack(mouths)),
    )


def _jittered(face: Image, offsets: NDArray[np.float64]) -> Image:
    """Return a face [96, 96, 3] from a box that is a little off.

    Args:
        face: with a margin.
        offsets: of left, top, right, bottom, and of the bottom again, as shares of the box.
    """
    inner = _KEPT_SIDE / (1.0 + 2.0 * _MARGIN)
    left, top, right, bottom, chin = offsets * inner
    first = (_KEPT_SIDE - inner) / 2.0
    x0, y0, x1 = round(first + left), round(first + top), round(first + inner + right)
    return cropped(face, (x0, y0, x1, min(round(first + inner + bottom + chin), _KEPT_SIDE)))
