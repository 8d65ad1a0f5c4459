"""Gaussians as a PLY file in the layout of the 3DGS reference code, which its viewers open.

Binary little-endian float32, one vertex a Gaussian: position, an unused normal, the colour's
harmonics (the constant first, then all others of red, of green and of blue), the opacity before
its sigmoid, the logarithm of the scales, and the rotation as a unit quaternion wxyz. The axes are
those of the head: x to the image's right, y up, z out of the face, in metres. Viewers that expect
COLMAP's (y down) show the head upside down; turning the file would turn its harmonics, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize, softplus

from tgbench.errors import TgbenchError, suggest
from tgbench.files import atomic_path

from ..shared.conditions import Conditions
from .branch import Branch
from .gaussians import DC, GaussianField, changed
from .motion import Deformation

ALL = "all"
AXES = "x to the image's right, y up, z out of the face, metres"
_COUNTS = (0, 9, 24, 45)
"""Numbers of higher coefficients that viewers know: those of degree 0 to 3, three channels."""


@dataclass(frozen=True)
class Splats:
    """Gaussians in the parameters that 3DGS stores.

    Attributes:
        means: [N, 3] metres.
        color: [N, 3], coefficient of the constant harmonic.
        harmonics: [N, K, 3], of the higher ones.
        opacities: [N] before the sigmoid.
        log_scales: [N, 3].
        quats: [N, 4] wxyz, of length 1.
    """

    means: Tensor
    color: Tensor
    harmonics: Tensor
    opacities: Tensor
    log_scales: Tensor
    quats: Tensor

    def __len__(self) -> int:
        return len(self.means)


def export_ply(
    path: Path, branches: Sequence[Branch], part: str, conditions: Conditions | None = None
) -> str:
    """Write the Gaussians of one branch or of all, and return what the file holds in words.

    Args:
        path: of the file.
        branches: of the fit.
        part: name of a branch, or "all".
        conditions: whose first frame deforms the Gaussians; None for canonical ones.

    Raises:
        TgbenchError: the fit has no such branch, or the path does not end in .ply.
    """
    chosen = [branch for branch in branches if part in (branch.name, ALL)]
    if not chosen:
        raise suggest(part, [*(branch.name for branch in branches), ALL], "branch of this fit")
    with torch.inference_mode():
        parts = [_splats_of(branch, conditions) for branch in chosen]
    write_ply(path, parts)
    counts = [f"{len(of)} of the {branch.name}" for branch, of in zip(chosen, parts, strict=True)]
    return f"{sum(map(len, parts))} Gaussians ({', '.join(counts)}); {AXES}"


def splats(field: GaussianField, deformation: Deformation | None = None) -> Splats:
    """Return a field as 3DGS stores it, deformed by equation 5 if a deformation is given."""
    parameters = {name: value.detach() for name, value in field.parameters.items()}
    changes = deformation or Deformation()
    color, harmonics = parameters["color"], parameters["harmonics"]
    if changes.colors is not None:
        # A decoded colour takes the place of the view-dependent harmonics.
        color, harmonics = color + changes.colors / DC, torch.zeros_like(harmonics)
    opacities = parameters["opacities"]
    if changes.opacities is not None:
        opacities = opacities + changes.opacities[:, 0]
    # In float64 a scale that float32 would round to 0, whose logarithm no viewer takes, is kept.
    scales = softplus(changed(parameters["scales"], changes.scales).double())
    return Splats(
        changed(parameters["means"], changes.means),
        color,
        harmonics,
        opacities,
        scales.log(),
        normalize(changed(parameters["quats"], changes.quats), dim=1),
    )


def write_ply(path: Path, parts: Sequence[Splats]) -> None:
    """Write Gaussians, atomically.

    Raises:
        TgbenchError: the path does not end in .ply, or a value is NaN or infinite.
    """
    if path.suffix.lower() != ".ply":
        raise TgbenchError(f"{path}: Gaussians are exported as PLY; give a name that ends in .ply")
    table = np.concatenate([_rows(part) for part in parts])
    if not np.isfinite(table).all():
        raise TgbenchError(f"{path}: not written, because a Gaussian is NaN or infinite; fit again")
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"element vertex {len(table)}",
        *(f"property float {name}" for name in _properties(3 * parts[0].harmonics.shape[1])),
        "end_header",
    ]
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        stream.write("\n".join(header).encode("ascii") + b"\n")
        stream.write(table.astype("<f4").tobytes())


def _splats_of(branch: Branch, conditions: Conditions | None) -> Splats:
    if conditions is None:
        return splats(branch.field)
    return splats(branch.field, branch.deform(conditions.audio(0), conditions.expression(0)))


def _properties(higher: int) -> list[str]:
    assert higher in _COUNTS
    names = ["x", "y", "z", "nx", "ny", "nz"]
    names += [f"f_dc_{channel}" for channel in range(3)]
    names += [f"f_rest_{number}" for number in range(higher)]
    return [*names, "opacity", *(f"scale_{i}" for i in range(3)), *(f"rot_{i}" for i in range(4))]


def _rows(part: Splats) -> NDArray[np.floating]:
    columns = [
        part.means,
        torch.zeros_like(part.means),
        part.color,
        part.harmonics.transpose(1, 2).flatten(1),
        part.opacities[:, None],
        part.log_scales,
        part.quats,
    ]
    return torch.cat([column.cpu().double() for column in columns], dim=1).numpy()
