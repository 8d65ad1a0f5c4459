"""The Basel Face Model 2009 with FaceWarehouse's expressions, at the vertices that tracking needs.

The vertices are those of AD-NeRF's cut of the model, which its `convert_BFM.py` keeps as
`3DMM_info.npy`. It is read from there, or made from the model itself and AD-NeRF's side files.
Lengths are tenths of a metre, as the field's trackers have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import Unavailable
from ...identities.track_params import EXPRESSION_SIZE, IDENTITY_SIZE
from ...inputs import reason
from ...weights import weight_file
from ...weights.formats import BFM2009, fault
from ...weights.pickled_arrays import read_pickled_arrays

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

MODEL, MODEL_CUT = "bfm2009", "bfm_3dmm_info"
EXPRESSIONS, KEYS, TOPOLOGY = "bfm_expressions", "bfm_keys", "bfm_topology"

_UNITS = 1e5
"""Units of the files, micrometres, in a tenth of a metre."""

_CONTOUR = 8
"""Landmarks of the jaw on either side of the chin."""


@dataclass(frozen=True)
class FaceModel:
    """A linear model of landmarks, of contours and of rigid vertices; one row a vertex.

    Attributes:
        mean: [V, 3].
        identity: [100, V, 3], a standard deviation each.
        expression: [79, V, 3], likewise.
        keys: rows of the 68 iBUG landmarks.
        left, right: candidates [8, M] for landmarks 0-7 and 9-16: which of them is the outline
            depends on the view.
        rigid: rows of vertices that expressions hardly move.
    """

    mean: Array
    identity: Array
    expression: Array
    keys: Indices
    left: Indices
    right: Indices
    rigid: Indices


def read_face_model(source: str = MODEL) -> FaceModel:
    """Read the model from the weight store.

    Args:
        source: `MODEL`, or `MODEL_CUT` for AD-NeRF's cut of it.

    Raises:
        Unavailable: a file is missing, damaged, or of another model; the text says which, where
            it can be got, and under which licence.
    """
    keys = _arrays(KEYS, ("keyinds", "left_contour", "right_contour", "rigid_ids"))
    cut = _cut_from_model() if source == MODEL else _cut_from_file()
    return _at_vertices(cut, keys)


def _cut_from_file() -> dict[str, Array]:
    return _arrays(MODEL_CUT, ("mu_shape", "b_shape", "sig_shape", "mu_exp", "b_exp", "sig_exp"))


def _cut_from_model() -> dict[str, Array]:
    """Do what `convert_BFM.py` does: take AD-NeRF's vertices of the model."""
    from scipy.io import loadmat

    path = weight_file(MODEL)
    if wrong := fault(path, BFM2009):
        raise Unavailable(f"{path} {wrong}")
    vertices = _arrays(TOPOLOGY, ("sub_inds",))["sub_inds"].astype(np.int64)
    expressions = _arrays(EXPRESSIONS, ("mu_exp", "base_exp", "sig_exp"))
    model = loadmat(path, variable_names=["shapeMU", "shapePC", "shapeEV"])
    _require_indices(weight_file(TOPOLOGY), vertices, len(model["shapeMU"]) // 3)
    components = model["shapePC"].reshape(-1, 3, model["shapePC"].shape[1])[vertices]
    return {
        "mu_shape": model["shapeMU"].reshape(-1, 3)[vertices].ravel(),
        "b_shape": components.reshape(-1, components.shape[2]).T,
        "sig_shape": model["shapeEV"].ravel(),
        "mu_exp": expressions["mu_exp"],
        "b_exp": expressions["base_exp"],
        "sig_exp": expressions["sig_exp"],
    }


def _at_vertices(cut: Mapping[str, Array], keys: Mapping[str, Array]) -> FaceModel:
    total = cut["mu_shape"].ravel() + cut["mu_exp"].ravel()
    mean = np.asarray(total, np.float64).reshape(-1, 3) / _UNITS
    mean -= mean.mean(axis=0)
    landmarks, left, right, rigid = (
        keys[name].astype(np.int64)
        for name in ("keyinds", "left_contour", "right_contour", "rigid_ids")
    )
    path = weight_file(KEYS)
    if landmarks.shape != (68,) or {len(left), len(right)} != {_CONTOUR} or left.ndim != 2:
        raise Unavailable(f"{path}: is not AD-NeRF's keys_info.npy; {_another(KEYS)}")
    used, place = np.unique(
        np.concatenate([part.ravel() for part in (landmarks, left, right, rigid)]),
        return_inverse=True,
    )
    _require_indices(path, used, len(mean))
    ends = np.cumsum([68, left.size, right.size])
    at_key, at_left, at_right, at_rigid = np.split(place, ends)
    return FaceModel(
        mean[used],
        _basis(cut, "shape", IDENTITY_SIZE)[:, used],
        _basis(cut, "exp", EXPRESSION_SIZE)[:, used],
        at_key,
        at_left.reshape(left.shape),
        at_right.reshape(right.shape),
        at_rigid,
    )


def _basis(cut: Mapping[str, Array], name: str, count: int) -> Array:
    deviations = cut[f"sig_{name}"].ravel()[:count, None, None]
    components = cut[f"b_{name}"][:count]
    if len(components) < count or components.shape[1] != cut[f"mu_{name}"].size:
        raise Unavailable(
            f"the face model has components {components.shape} of {name}, not {count}; "
            f"{_another(MODEL_CUT)}"
        )
    return np.asarray(components, np.float64).reshape(count, -1, 3) * deviations / _UNITS


def _require_indices(path: Path, vertices: Indices, count: int) -> None:
    if vertices.size == 0 or vertices.min() < 0 or vertices.max() >= count:
        raise Unavailable(
            f"{path}: names vertices that a model of {count} does not have; take all files from "
            "one copy of AD-NeRF's 3DMM folder"
        )


def _arrays(name: str, wanted: tuple[str, ...]) -> dict[str, Any]:
    path = weight_file(name)
    try:
        arrays = read_pickled_arrays(path)
    except (OSError, ValueError) as error:
        raise Unavailable(f"{path}: {reason(error)}; {_another(name)}") from error
    if missing := [each for each in wanted if each not in arrays]:
        raise Unavailable(f"{path}: has no {', '.join(missing)}; {_another(name)}")
    if not all(np.isfinite(arrays[each]).all() for each in wanted):
        raise Unavailable(f"{path}: holds NaN or infinity; {_another(name)}")
    return {each: arrays[each] for each in wanted}


def _another(name: str) -> str:
    return f"get the right file, and add it with `tgbench weights add FILE --as {name}`"
