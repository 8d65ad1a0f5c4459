"""`track_params.pt`: what AD-NeRF's and its successors' head trackers keep.

A frame's head is turned by Rx(-euler_x) Ry(-euler_y) Rz(euler_z) and moved by `trans`, which is in
tenths of a metre, before an OpenGL camera. The scripts make the transforms from this.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..inputs import reason
from ..weights.torch_writer import write_tensors

Array = NDArray[np.float64]

IDENTITY_SIZE, EXPRESSION_SIZE = 100, 79
"""Coefficients of the face model that the field's scripts fit: Basel Face Model 2009 and the
expressions of FaceWarehouse."""

_PER_METRE = 10.0
_SIGNS = np.array([-1.0, -1.0, 1.0])
_REMEDY = "track the head again, or delete the file: nothing but the field's own scripts needs it"


@dataclass(frozen=True)
class TrackParams:
    """A tracked head.

    Attributes:
        identity: coefficients of the person's shape [100], in standard deviations; zero where
            no face model was fitted.
        expression: coefficients [N, 79] of every frame; likewise.
        euler: [N, 3], radians.
        trans: [N, 3], tenths of a metre.
        focal: pixels.
    """

    identity: Array
    expression: Array
    euler: Array
    trans: Array
    focal: float

    @classmethod
    def of_poses(
        cls,
        poses: NDArray[np.floating],
        focal: float,
        identity: Array | None = None,
        expression: Array | None = None,
    ) -> TrackParams:
        """Return the parameters of poses [N, 4, 4], camera to world (OpenGL), metres."""
        from scipy.spatial.transform import Rotation

        poses = np.asarray(poses, np.float64)
        to_camera = np.swapaxes(poses[:, :3, :3], 1, 2)
        return cls(
            np.zeros(IDENTITY_SIZE) if identity is None else identity,
            np.zeros((len(poses), EXPRESSION_SIZE)) if expression is None else expression,
            Rotation.from_matrix(to_camera).as_euler("XYZ") * _SIGNS,
            -np.einsum("nij,nj->ni", to_camera, poses[:, :3, 3]) * _PER_METRE,
            float(focal),
        )

    @property
    def poses(self) -> Array:
        """Camera to world, [N, 4, 4], OpenGL axes, metres: what the transforms hold."""
        from scipy.spatial.transform import Rotation

        to_camera = Rotation.from_euler("XYZ", self.euler * _SIGNS).as_matrix()
        poses = np.tile(np.eye(4), (len(to_camera), 1, 1))
        poses[:, :3, :3] = np.swapaxes(to_camera, 1, 2)
        poses[:, :3, 3] = -np.einsum("nji,nj->ni", to_camera, self.trans / _PER_METRE)
        return poses


def write_track_params(path: Path, params: TrackParams) -> None:
    """Write the file: float32 tensors `id` [1, 100], `exp` [N, 79], `euler`, `trans`, `focal`."""
    arrays = {
        "id": params.identity[None],
        "exp": params.expression,
        "euler": params.euler,
        "trans": params.trans,
        "focal": np.array([params.focal]),
    }
    write_tensors(path, {name: array.astype(np.float32) for name, array in arrays.items()})


def read_track_params(path: Path) -> TrackParams:
    """Read the file; code in it is not run.

    Raises:
        TgbenchError: it is missing, damaged, contains code, or lacks finite numbers.
    """
    content = _tensors(path)
    arrays = {name: _array(path, content, name) for name in ("id", "exp", "euler", "trans")}
    focal = _array(path, content, "focal").ravel()
    frames = len(arrays["euler"])
    shapes = {"id": (1, -1), "exp": (frames, -1), "euler": (frames, 3), "trans": (frames, 3)}
    for name, shape in shapes.items():
        found = arrays[name].shape
        if len(found) != 2 or found[0] != shape[0] or shape[1] not in (-1, found[1]):
            raise TgbenchError(f"{path}: '{name}' has shape {found} for {frames} frames; {_REMEDY}")
    if len(focal) != 1 or focal[0] <= 0.0:
        raise TgbenchError(f"{path}: 'focal' is not one length above 0; {_REMEDY}")
    return TrackParams(
        arrays["id"][0], arrays["exp"], arrays["euler"], arrays["trans"], float(focal[0])
    )


def _tensors(path: Path) -> dict[str, Any]:
    from ..weights.formats import code_found, read_tensors

    try:
        content = read_tensors(path)
    except OSError as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)}); {_REMEDY}") from error
    except MemoryError:
        raise
    # Damaged bytes make the reader fail in any way.
    except Exception as error:
        what = code_found(error) or f"is damaged ({type(error).__name__})"
        raise TgbenchError(f"{path}: {what}; {_REMEDY}") from error
    if not isinstance(content, dict):
        raise TgbenchError(f"{path}: holds no named tensors; {_REMEDY}")
    return content


def _array(path: Path, content: dict[str, Any], name: str) -> Array:
    import torch

    tensor = content.get(name)
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        raise TgbenchError(f"{path}: has no '{name}', a tensor of numbers; {_REMEDY}")
    array = tensor.detach().double().numpy()
    if not np.isfinite(array).all():
        raise TgbenchError(f"{path}: '{name}' is not finite; {_REMEDY}")
    return array
