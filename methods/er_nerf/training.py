"""The head's training: rays of the whole image, then of the lips."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tgbench.errors import TgbenchError
from tgbench.identities.layout import TRANSFORMS_TRAIN

from ..shared.conditions import Conditions as Driving
from ..shared.hashgrid import TriPlaneHashGrid
from ..shared.not_finite import LossWatch, located
from ..shared.perceptual import Perceptual
from ..shared.training_clock import TrainingClock
from ..shared.window import Window
from .config import ErNerfConfig
from .frames import AROUND, LEAST_SQUARE, OUTLINE, Frame, Frames
from .losses import Pixels, head_loss
from .marching import March
from .network import CLOSED, Conditions, HeadField, RegionAttention
from .occupancy import Occupancy
from .volume import Head, render_rays

_CAMERAS = 100
"""Frames whose cameras say which cells are seen."""

_LEAST_WIDE = 8.0
"""Pixels across the head's box; below it there is nothing to learn from."""

_SMOOTH_OVER = 1e-3
_SMOOTH_EVERY = 16
_BETAS, _EPSILON = (0.0, 0.99), 1e-8


class HeadTraining:
    """Trains a head; it can stop after any iteration and go on."""

    def __init__(
        self,
        config: ErNerfConfig,
        frames: Frames,
        driving: Driving,
        seed: int,
        device: torch.device,
        perceptual: Perceptual | None,
    ) -> None:
        """Begin with an untrained field.

        Args:
            config: settings.
            frames: that train.
            driving: sound and expression of these frames.
            seed: of every random choice.
            device: to train on.
            perceptual: LPIPS for the lips; None: without.

        Raises:
            TgbenchError: no camera sees the box that holds the head.
        """
        self._config, self._frames, self._driving = config, frames, driving
        self._device, self._perceptual = device, perceptual
        self._generator = torch.Generator().manual_seed(seed)
        self._closed = driving.expressions[:, -1].clamp(0.0, CLOSED).cpu()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            head = HeadField(driving.channels, config)
        if config.audio_input == "normalised":
            head.audio.normalise_by(driving.heard.cpu())
        self.head = head.to(device)
        self.rule = march_rule(config)
        cameras = frames.cameras(_CAMERAS)
        self.occupancy = Occupancy(config.head.cells, self.rule, cameras).to(device)
        widest = max(float(2.0 * camera.focal / camera.centre.norm()) for camera in cameras)
        if widest < _LEAST_WIDE or not self.occupancy.seen.any():
            raise TgbenchError(
                f"{frames.identity.folder / TRANSFORMS_TRAIN}: the cameras do not see the head's "
                f"box, {2.0 / config.head.scale:g} m wide about the origin; give poses in metres "
                "about the head, or prepare the clip again"
            )
        self._average = copy.deepcopy(self.head).requires_grad_(False)
        self._watch = LossWatch(device)
        self._optimiser = torch.optim.AdamW(
            self._groups(), betas=_BETAS, eps=_EPSILON, weight_decay=0.0
        )
        self._order = torch.empty(0, dtype=torch.int64)
        self.iteration = 0
        self.seconds = 0.0

    @property
    def iterations(self) -> int:
        """Of both stages."""
        schedule = self._config.schedule
        return schedule.iterations + schedule.lips_iterations

    @property
    def on_lips(self) -> bool:
        """Whether the next iteration fine-tunes the lips."""
        return self.iteration >= self._config.schedule.iterations

    def step(self) -> Tensor:
        """Do one iteration and return its loss; to look at it is to wait for it.

        Raises:
            TgbenchError: the loss, or what is encoded, is not finite.
        """
        clock = TrainingClock()
        if self.iteration % self._config.schedule.occupancy_every == 0:
            self._update_occupancy()
        position = self._next_frame()
        stage = "fine-tuning of the lips" if self.on_lips else "training of the head"
        where = f"in iteration {self.iteration}, {stage}, frame {self._frames.numbers[position]}"
        with located(where):
            frame, given = self._frames[position], self._given(position)
            loss = self._lips_loss(frame, given) if self.on_lips else self._head_loss(frame, given)
        self._set_rates()
        lowered = self._watch.descend({"image": loss}, where, self._optimiser)
        self.iteration += 1
        if self.iteration % self._config.optimiser.average_every == 0:
            self._update_average()
        self.seconds += clock.seconds
        return lowered

    def result(self) -> Head:
        """Return the head to render: of the average of the weights."""
        field = self._average if self._config.optimiser.average else self.head
        return Head(field, self.occupancy.occupied, self.rule)

    def state(self) -> dict[str, object]:
        """Return everything that `restore` needs.

        Raises:
            TgbenchError: a loss since the last look is not finite.
        """
        self._watch.look()
        return {
            "iteration": self.iteration,
            "seconds": self.seconds,
            "head": self.head.state_dict(),
            "average": self._average.state_dict(),
            "occupancy": self.occupancy.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "generator": self._generator.get_state(),
            "order": self._order,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue where `state` was taken."""
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        self.head.load_state_dict(state["head"])
        self._average.load_state_dict(state["average"])
        self.occupancy.load_state_dict(state["occupancy"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._generator.set_state(state["generator"])
        self._order = state["order"]

    def _groups(self) -> list[dict[str, Any]]:
        rates, head = self._config.optimiser, self.head
        grids = [part for part in head.modules() if isinstance(part, TriPlaneHashGrid)]
        attentions = [part for part in head.modules() if isinstance(part, RegionAttention)]
        expression = [part.expression for part in attentions]
        if head.expression is not None:
            expression.append(head.expression)
        apart: list[tuple[list[nn.Parameter], float, float]] = [
            ([grid.table for grid in grids], rates.grid_lr, 0.0),
            (list(head.audio.attention.parameters()), rates.lr * rates.audio_lr, 1e-4),
            (list(head.audio.net.parameters()), rates.lr * rates.window_lr, 0.0),
            (
                [p for part in expression for p in part.parameters()],
                rates.lr * rates.expression_lr,
                0.0,
            ),
        ]
        placed = {id(parameter) for parameters, _, _ in apart for parameter in parameters}
        rest = [part for part in head.parameters() if id(part) not in placed]
        return [
            {"params": parameters, "lr": rate, "first": rate, "weight_decay": decay}
            for parameters, rate, decay in (*apart, (rest, rates.lr, 0.0))
        ]

    def _set_rates(self) -> None:
        schedule, rates = self._config.schedule, self._config.optimiser
        if self.on_lips:
            done = (self.iteration - schedule.iterations) / schedule.lips_iterations
            share = rates.lr_final * rates.lips_lr_final**done
        else:
            share = rates.lr_final ** (self.iteration / schedule.iterations)
        for group in self._optimiser.param_groups:
            group["lr"] = group["first"] * share

    def _update_average(self) -> None:
        """Move the average; its first updates count more, so that it forgets the start."""
        optimiser = self._config.optimiser
        if not optimiser.average:
            return
        updates = self.iteration // optimiser.average_every
        weight = min(optimiser.average, (1.0 + updates) / (10.0 + updates))
        with torch.no_grad():
            for kept, new in zip(self._average.parameters(), self.head.parameters(), strict=True):
                kept.lerp_(new, 1.0 - weight)

    def _next_frame(self) -> int:
        every = self._config.schedule.closed_every
        if every and self.iteration % every == every - 1 and bool(self._closed.any()):
            return int(torch.multinomial(self._closed, 1, generator=self._generator))
        if not len(self._order):
            self._order = torch.randperm(len(self._frames), generator=self._generator)
        position, self._order = int(self._order[0]), self._order[1:]
        return position

    def _given(self, position: int) -> Conditions:
        units = self._driving.expression(position)
        windows = self._driving.audio(position)
        number = self._frames.numbers[position] % len(self.head.codes)
        return self.head.conditions(windows, units, number)

    def _update_occupancy(self) -> None:
        position = int(torch.randint(len(self._frames), (1,), generator=self._generator))
        with torch.no_grad():
            given = self._given(position)
            self.occupancy.update(
                lambda points: self.head.shapes(points, given)[0],
                self._config.schedule.occupancy_share,
                self._generator,
            )

    def _head_loss(self, frame: Frame, given: Conditions) -> Tensor:
        columns, rows = self._drawn(frame)
        progress = self.iteration / self._config.schedule.iterations
        behind, target = self._recoloured(frame, columns, rows)
        pixels = self._render(frame, columns, rows, behind, given)
        face = frame.face
        in_face = (columns >= face.left) & (columns < face.right)
        in_face &= (rows >= face.top) & (rows < face.bottom)
        loss = head_loss(pixels, target, in_face, progress, self._config.loss)
        if self._config.loss.smoothness and self.iteration % _SMOOTH_EVERY == 0:
            loss = loss + self._config.loss.smoothness * progress * self._roughness(given)
        return loss

    def _lips_loss(self, frame: Frame, given: Conditions) -> Tensor:
        """Return the loss of the square of the lips, and of random squares in turn."""
        weights = self._config.loss
        if self.iteration % 2 == 0:
            squares, weight = [frame.lips], weights.lpips
        else:
            squares, weight = self._squares(frame), weights.patch_lpips
        side = squares[0].size[0]
        places = [_all_of(square, self._device) for square in squares]
        columns, rows = (torch.cat(each) for each in zip(*places, strict=True))
        behind = frame.behind[rows, columns] / 255.0
        pixels = self._render(frame, columns, rows, behind, given)
        target = frame.image[rows, columns] / 255.0
        loss = ((pixels.colour - target) ** 2).mean()
        if self._perceptual is None:
            return loss
        # Squares in a column make one image, of which LPIPS compares each by itself.
        seen, true = (image.view(-1, side, 3) for image in (pixels.colour, target))
        return loss + weight * self._perceptual.of_tiles(seen, true, (side, side))

    def _squares(self, frame: Frame) -> list[Window]:
        """Return random squares of a frame, as many as an iteration has rays for."""
        height, width = frame.image.shape[:2]
        side = min(LEAST_SQUARE, height, width)
        count = max(self._config.schedule.rays // side**2, 1)
        corners = (
            torch.randint(length - side + 1, (count,), generator=self._generator).tolist()
            for length in (width, height)
        )
        return [Window(x, y, x + side, y + side) for x, y in zip(*corners, strict=True)]

    def _recoloured(self, frame: Frame, columns: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is behind the head at pixels, and what they show, [R, 3] each."""
        behind, shown = (image[rows, columns] / 255.0 for image in (frame.behind, frame.image))
        share = self._config.schedule.recoloured_share
        if not share:
            return behind, shown
        drawn = torch.rand(len(rows), 4, generator=self._generator).to(self._device)
        part = frame.shows[rows, columns]
        changed = (drawn[:, :1] < share) & (part != OUTLINE)[:, None]
        behind = torch.where(changed, drawn[:, 1:], behind)
        return behind, torch.where(changed & (part == AROUND)[:, None], drawn[:, 1:], shown)

    def _render(
        self, frame: Frame, columns: Tensor, rows: Tensor, behind: Tensor, given: Conditions
    ) -> Pixels:
        noise = torch.rand(len(rows), generator=self._generator).to(self._device)
        head = Head(self.head, self.occupancy.occupied, self.rule)
        return render_rays(head, frame.camera.rays(columns, rows), behind, given, noise)

    def _drawn(self, frame: Frame) -> tuple[Tensor, Tensor]:
        """Return columns and rows of random pixels."""
        schedule = self._config.schedule
        height, width = frame.image.shape[:2]
        windows = (frame.head, frame.eyes, frame.lips)
        shares = (schedule.head_share, schedule.eyes_share, schedule.lips_share)
        counts = [round(share * schedule.rays) for share in shares]
        parts = [self._uniform(*each) for each in zip(windows, counts, strict=True) if each[1]]
        others = max(schedule.rays - sum(counts), 0)
        parts.append(self._uniform(Window(0, 0, width, height), others))
        columns, rows = (torch.cat(each) for each in zip(*parts, strict=True))
        return columns.to(self._device), rows.to(self._device)

    def _uniform(self, window: Window, count: int) -> tuple[Tensor, Tensor]:
        columns = torch.randint(window.left, window.right, (count,), generator=self._generator)
        return columns, torch.randint(
            window.top, window.bottom, (count,), generator=self._generator
        )

    def _roughness(self, given: Conditions) -> Tensor:
        """Return the mean change of attention and uncertainty over a short way, in the box."""
        low, high = torch.tensor(self.rule.low), torch.tensor(self.rule.high)
        count = min(self._config.schedule.rays, 1 << 12)
        points = low + torch.rand(count, 3, generator=self._generator) * (high - low)
        way = (2.0 * torch.rand(count, 3, generator=self._generator) - 1.0) * _SMOOTH_OVER
        along = torch.zeros(count, 3, device=self._device)
        along[:, 2] = 1.0
        here, there = (
            self.head(place.to(self._device), along, given) for place in (points, points + way)
        )
        changes = [
            (getattr(here, name) - getattr(there, name)).abs().mean()
            for name in ("uncertainty", "attention", "expression_attention")
        ]
        return torch.stack(changes).sum()


def march_rule(config: ErNerfConfig) -> March:
    """Return how the rays of a head are sampled."""
    depth = config.head.depth
    return March((-1.0, -1.0, -depth), (1.0, 1.0, depth), config.head.step, config.head.samples)


def _all_of(window: Window, device: torch.device) -> tuple[Tensor, Tensor]:
    rows, columns = np.mgrid[window.top : window.bottom, window.left : window.right]
    return torch.from_numpy(columns.ravel()).to(device), torch.from_numpy(rows.ravel()).to(device)
