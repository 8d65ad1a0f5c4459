"""Training of the procedural prior from scratch: an auto-decoder over many procedural people.

    python -m tgbench.methods.dgtalker.prior.pretraining FOLDER

films the people into FOLDER (once), trains, and writes the weights there. The same seed and
machine kind give the same weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tgbench.files import atomic_path
from tgbench.progress import Progress
from tgbench.terminal.output import Terminal

from ...shared.rasterizer import Camera
from .generator import CODE, Generator
from .interface import Heads
from .population import FIRST_PERSON, PEOPLE, SIDE, PersonViews, view_person
from .procedural import WEIGHTS
from .template import HEIGHT, WIDTH, head_template

VIEWS, ITERATIONS = 20, 5_000
_BATCH = 4
_LR, _CODE_LR = 2e-3, 5e-3
_MASK_WEIGHT = 0.5
_SKIN_WEIGHT = 20.0
_CODE_WEIGHT = 1e-4


@dataclass(frozen=True)
class _Batch:
    people: Tensor
    expressions: Tensor
    images: Tensor
    masks: Tensor
    skin: Tensor
    cameras: list[Camera]


class Pretraining:
    """The state of a training run."""

    def __init__(self, people: list[PersonViews], iterations: int, seed: int) -> None:
        torch.manual_seed(seed)
        self._random = np.random.default_rng(seed)
        self._people, self._iterations = people, iterations
        self.generator = Generator()
        self.codes = nn.Parameter(0.1 * torch.randn(len(people), CODE))
        rates = [
            {"params": list(self.generator.parameters()), "lr": _LR},
            {"params": [self.codes], "lr": _CODE_LR},
        ]
        self._optimiser = torch.optim.Adam(rates, betas=(0.9, 0.99), fused=True)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, [_LR, _CODE_LR], total_steps=iterations, pct_start=0.1
        )
        self._face = torch.from_numpy(_face_texels())

    def step(self) -> dict[str, float]:
        """Take one step and return the losses."""
        batch = self._draw()
        codes = self.generator.mean + self.codes[batch.people]
        heads = self.generator(codes + batch.expressions @ self.generator.expression)
        losses = self._losses(heads, batch)
        losses["code"] = _CODE_WEIGHT * self.codes[batch.people].square().sum(dim=1).mean()
        total = torch.stack(list(losses.values())).sum()
        self._optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.generator.parameters(), 1.0)
        self._optimiser.step()
        self._schedule.step()
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _losses(self, heads: Heads, batch: _Batch) -> dict[str, Tensor]:
        drawn = heads.draw(batch.cameras)
        behind = torch.from_numpy(self._random.random((len(batch.people), 1, 1, 3))).float()
        image = drawn.colors + (1.0 - drawn.alpha)[..., None] * behind
        mask = batch.masks[..., None]
        truth = batch.images * mask + (1.0 - mask) * behind
        head = HEIGHT * WIDTH
        apart = (heads.means[:, :head] - batch.skin)[:, self._face].abs()
        return {
            "image": (image - truth).abs().mean(),
            "mask": _MASK_WEIGHT * (drawn.alpha - batch.masks).abs().mean(),
            "skin": _SKIN_WEIGHT * apart.mean(),
        }

    def _draw(self) -> _Batch:
        chosen = self._random.integers(len(self._people), size=_BATCH)
        views = [int(self._random.integers(len(self._people[one].images))) for one in chosen]
        pairs = [(self._people[one], view) for one, view in zip(chosen, views, strict=True)]
        return _Batch(
            torch.from_numpy(chosen),
            torch.from_numpy(np.stack([one.expressions[view] for one, view in pairs])),
            torch.from_numpy(np.stack([one.images[view] for one, view in pairs])) / 255.0,
            torch.from_numpy(np.stack([one.masks[view] for one, view in pairs])).float(),
            torch.from_numpy(np.stack([one.skin[view] for one, view in pairs]))
            .float()
            .flatten(1, 2),
            [view_camera(one, view) for one, view in pairs],
        )


def view_camera(person: PersonViews, view: int) -> Camera:
    """Return the camera of a view."""
    middle = SIDE / 2.0
    return Camera.from_pose(person.poses[view], person.focal, middle, middle, SIDE, SIDE)


def _face_texels() -> np.ndarray:
    """Return the numbers of the texels that skin alone covers: no hair grows there."""
    places = head_template().reshape(-1, 3)
    return np.flatnonzero((places[:, 2] > 0.03) & (places[:, 1] < 0.045))


def film_people(folder: Path, count: int, progress: Progress) -> list[PersonViews]:
    """Return the views of the first people; those that are in the folder are not filmed again."""
    folder.mkdir(parents=True, exist_ok=True)
    people = []
    with progress.task("filming people", count) as task:
        for seed in range(FIRST_PERSON, FIRST_PERSON + count):
            path = folder / f"{seed}.npz"
            if not path.is_file():
                views = view_person(seed, VIEWS)
                arrays = {each.name: getattr(views, each.name) for each in fields(views)}
                with atomic_path(path) as temporary, temporary.open("wb") as stream:
                    np.savez_compressed(stream, **arrays)
            with np.load(path, allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays}
            people.append(PersonViews(**{**found, "focal": float(found["focal"])}))
            task.advance(1)
    return people


def write_weights(path: Path, generator: Generator) -> None:
    """Write the weights in half precision, without the template, which is made again."""
    arrays = {
        name: value.numpy().astype(np.float16) for name, value in generator.state_dict().items()
    }
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def main(arguments: Sequence[str] | None = None) -> None:
    """Film, train and write the weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the films of people are, or go")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--iterations", type=int, default=ITERATIONS)
    parser.add_argument("--to", type=Path, default=Path(__file__).with_name(WEIGHTS))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    terminal = Terminal()
    people = film_people(args.folder, args.people, terminal.progress)
    training = Pretraining(people, args.iterations, args.seed)
    with terminal.progress.task("training the prior", args.iterations) as task:
        for _ in range(args.iterations):
            losses = training.step()
            task.advance(1)
            task.note(", ".join(f"{name} {loss:.4f}" for name, loss in losses.items()))
    write_weights(args.to, training.generator)
    terminal.out.print(f"{args.to}: {args.to.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
