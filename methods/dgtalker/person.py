"""A person's head: the prior's generator, tuned, and where its heads stand in the clip."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .placement import Placement
from .prior.interface import HeadPrior, Heads


class Person(nn.Module):
    """From codes to heads in the frame of a clip."""

    directions: Tensor
    features: Tensor

    def __init__(
        self,
        prior: HeadPrior,
        placement: Placement,
        features: Tensor,
        shapes: tuple[int, int] = (0, 0),
    ) -> None:
        """Start from the mean head.

        Args:
            prior: its network becomes part of the person.
            placement: of the prior's heads in the clip.
            features: of the training frames [N, F], from which expressions are read: what is
                linear in them is shared by all frames, and each has a free part besides.
            shapes: how many directions of expression and of lips to learn, where the prior has
                none.
        """
        super().__init__()
        self.prior = prior
        self.generator = prior.network
        self.placement = placement
        known, self.lip_directions = prior.directions(), prior.lip_directions()
        self.halves_known = len(known) > 0
        if self.halves_known:
            self.register_buffer("directions", known, persistent=False)
        else:
            unknown = known.new_empty(sum(shapes), prior.code_size)
            self.directions = nn.Parameter(nn.init.orthogonal_(unknown))
            self.lip_directions = shapes[1]
        self.register_buffer("features", features, persistent=False)
        count = len(self.directions)
        self.code = nn.Parameter(prior.mean_code())
        self.expressions = nn.Parameter(torch.zeros(len(features), count))
        self.reading = nn.Parameter(torch.zeros(features.shape[1], count))

    def frame_expressions(self, frames: Tensor | None = None) -> Tensor:
        """Return the expressions of training frames, of all by default, [B, E]."""
        chosen = slice(None) if frames is None else frames
        return self.features[chosen] @ self.reading + self.expressions[chosen]

    def frame_codes(self, frames: Tensor | None = None) -> Tensor:
        """Return the codes of training frames, of all by default, [B, code_size]."""
        return self.code + self.frame_expressions(frames) @ self.directions

    def frame_displacements(self) -> tuple[Tensor, Tensor]:
        """Return how upper and lower face move the anchor in each training frame.

        Returns:
            [N, code_size] each; which half is which is arbitrary unless `halves_known`.
        """
        expressions = self.frame_expressions()
        moved = expressions - expressions.mean(dim=0)
        upper = len(self.directions) - self.lip_directions
        return (
            moved[:, :upper] @ self.directions[:upper],
            moved[:, upper:] @ self.directions[upper:],
        )

    def anchor(self) -> Tensor:
        """Return w_can, the person with the mean of all expressions, [code_size]."""
        return self.frame_codes().mean(dim=0).detach()

    def heads(self, codes: Tensor) -> Heads:
        """Return the heads of codes [B, code_size] in the frame of the clip."""
        placed: Heads = self.placement(self.prior.heads(codes))
        return placed

    def rendering_state(self) -> Mapping[str, Tensor]:
        """Return what rendering needs: generator and placement."""
        return {
            name: value
            for name, value in self.state_dict().items()
            if name.startswith(("generator.", "placement."))
        }
