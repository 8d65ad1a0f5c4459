"""How far apart py-feat finds the action units of two videos: probabilities, not intensities.

py-feat 2.1's `Detectorv2` says how likely each unit is, 0 to 1. It has no AU45; AU43, closed eyes,
stands in its place. So the sum has another scale than the error of OpenFace's intensities, and is
never called AUE.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...errors import Unavailable
from ...extras import install_extra
from ...interfaces import FrameView, Image, Measurement, MetricContext
from ...specs import MetricSpec
from ...weights import describe_weights, weight_file
from .error import LOWER_FACE, UPPER_FACE, frame_values, measurement, squared_differences
from .specs import AU_L_PYFEAT, AU_U_PYFEAT

Array = NDArray[np.float64]

FACES, UNITS = "pyfeat_retinaface", "pyfeat_multitask"
"""Names of the weights."""

CLOSED_EYES = {"AU45": "AU43"}
"""What stands in for a unit that py-feat does not know."""

_THREADS = "OMP_NUM_THREADS"


class PyFeat:
    """py-feat's `Detectorv2` on one frame at a time, from files of the weight store alone.

    One at a time, because its values change with what else is in a batch (py-feat issue 128).
    """

    def __init__(self) -> None:
        """Load the networks.

        Raises:
            Unavailable: the package or its weights are missing.
        """
        if importlib.util.find_spec("feat") is None:
            raise Unavailable(f"py-feat is not installed; {install_extra('pyfeat')}")
        self._faces, self._units = weight_file(FACES), weight_file(UNITS)
        if self._units.suffix != ".safetensors":
            # py-feat would unpickle it, and that runs what is in it.
            raise Unavailable(f"{self._units} is not a .safetensors file")
        with _process_as_it_was():
            self._detector = self._load()

    def describe(self) -> str:
        """Return package and weights, as results record them."""
        return (
            f"py-feat {metadata.version('py-feat')}, Detectorv2 ({describe_weights(UNITS)}; "
            f"{describe_weights(FACES)})"
        )

    def measure(self, image: Image) -> dict[str, float] | None:
        """Return the probabilities of all units of the largest face, None where there is none.

        Args:
            image: uint8 RGB [H, W, 3].
        """
        import torch

        picture = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)[None]))
        with _process_as_it_was():
            found = self._detector.detect(picture, data_type="tensor", progress_bar=False)
        # A frame without a face is a row of NaN.
        faces = found[np.isfinite(found["FaceRectWidth"].to_numpy(np.float64))]
        if len(faces) == 0:
            return None
        areas = faces["FaceRectWidth"].to_numpy() * faces["FaceRectHeight"].to_numpy()
        largest = faces.iloc[int(np.argmax(areas))]
        return {name: float(largest[name]) for name in self._detector.multitask.au_names}

    def _load(self) -> Any:
        feat = _package()
        utils: Any = importlib.import_module("feat.utils")
        # It asks the hub for its face detector's weights, whatever it is given.
        asks_the_hub = utils.hf_hub_download_with_fallback
        utils.hf_hub_download_with_fallback = self._stored
        try:
            return feat.Detectorv2(
                device="cpu", identity_model=None, multitask_weights=str(self._units), amp=False
            )
        except Unavailable:
            raise
        except Exception as error:
            # Whatever a wrong file makes of its loading code; that cannot run code itself.
            raise Unavailable(
                f"py-feat cannot load {self._units.name} and {self._faces.name} "
                f"({_first_line(error)}); is one of them another file, or of another version?"
            ) from error
        finally:
            utils.hf_hub_download_with_fallback = asks_the_hub

    def _stored(self, repo_id: str, **_: Any) -> str:
        if repo_id != "py-feat/retinaface_r34":
            raise Unavailable(f"py-feat asks for weights that the store does not know: {repo_id}")
        return str(self._faces)


def _package() -> Any:
    """Return the package `feat`.

    Raises:
        Unavailable: it is missing, of an older version, or cannot be imported.
    """
    try:
        feat = importlib.import_module("feat")
    except (ImportError, RuntimeError, OSError) as error:
        # So say a torchvision of another torch, and torchcodec without the libraries of ffmpeg.
        raise Unavailable(
            f"py-feat cannot be used ({_first_line(error)}); {install_extra('pyfeat')}"
        ) from error
    if not hasattr(feat, "Detectorv2"):
        raise Unavailable(f"this py-feat has no Detectorv2; {install_extra('pyfeat')}")
    return feat


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextmanager
def _process_as_it_was() -> Iterator[None]:
    """Undo what py-feat sets for the whole process: threads when imported, gradients when made."""
    import torch

    threads, variable, gradients = (
        torch.get_num_threads(),
        os.environ.get(_THREADS),
        torch.is_grad_enabled(),
    )
    try:
        yield
    finally:
        if variable is None:
            os.environ.pop(_THREADS, None)
        torch.set_num_threads(threads)
        torch.set_grad_enabled(gradients)


class _LatestPair:
    """Both faces of the frame seen last, measured once for all lists of units."""

    def __init__(self) -> None:
        self._pyfeat = PyFeat()
        self._index: int | None = None
        self._found: list[dict[str, float] | None] = []

    def describe(self) -> str:
        return self._pyfeat.describe()

    def measure(self, frame: FrameView) -> list[dict[str, float] | None]:
        if frame.index != self._index:
            self._index = None
            self._found = [self._pyfeat.measure(i) for i in (frame.prediction, frame.target)]
            self._index = frame.index
        return self._found


class LowerFaceDistance:
    """Summed squared difference of the probabilities of AU 10, 12, 14, 15, 17, 20, 23, 25, 26.

    A frame in which either video shows no face is not scored, and counted by cause.
    """

    spec: ClassVar[MetricSpec] = AU_L_PYFEAT
    units: ClassVar[tuple[str, ...]] = LOWER_FACE

    def __init__(self, context: MetricContext) -> None:
        self._pair = context.shared.once("py-feat action units", _LatestPair)
        self._units = tuple(CLOSED_EYES.get(unit, unit) for unit in self.units)
        self._squared: list[Array] = []
        self._faceless = {"prediction": 0, "target": 0}

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's summed squared difference, None where a face is missing."""
        found = dict(zip(("prediction", "target"), self._pair.measure(frame), strict=True))
        for name, units in found.items():
            self._faceless[name] += units is None
        values = [self._values(units) for units in found.values()]
        self._squared.append(squared_differences(*values))
        return frame_values(self._squared[-1])[0]

    def merge(self, later: LowerFaceDistance) -> None:
        """Go on with the frames that `later` has seen."""
        self._squared += later._squared
        for name, count in later._faceless.items():
            self._faceless[name] += count

    def compute(self) -> Measurement:
        """Return the mean over frames, summed over units."""
        return measurement(
            np.concatenate([np.empty((0, len(self._units))), *self._squared]),
            self._units,
            f"{self._pair.describe()}; probabilities 0 to 1, sum over units of the mean squared "
            "difference",
            reason="py-feat found no face in both videos",
            details={
                "faceless_predictions": self._faceless["prediction"],
                "faceless_targets": self._faceless["target"],
            },
        )

    def _values(self, found: dict[str, float] | None) -> Array:
        """Return the probabilities [1, K], NaN where there is no face."""
        return np.array([[np.nan if found is None else found[unit] for unit in self._units]])


class UpperFaceDistance(LowerFaceDistance):
    """Summed squared difference of the probabilities of AU 1, 2, 4, 5, 6, 7, 9, 43."""

    spec = AU_U_PYFEAT
    units = UPPER_FACE
