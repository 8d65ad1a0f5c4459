"""Weights of the generator: published ones from the weight store, or trained here and cached."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from tgbench.errors import TgbenchError
from tgbench.files import atomic_path, cache_root, hash_of, make_cache, sha256
from tgbench.progress import Progress
from tgbench.running.locks import sole_replacer
from tgbench.synthetic.dataset import GENERATOR_VERSION
from tgbench.weights import weight_file
from tgbench.weights.formats import code_found, read_tensors
from tgbench.weights.loading import fill, load_tensors

from .generator import Generator
from .spec import TRAINED_HERE, Wav2LipConfig
from .training import trained

TRAINING_VERSION = 2
"""Raised whenever the same settings train another network."""

_PARALLEL = "module."
"""What torch's DataParallel puts before the names of parameters, as in the published files."""


@dataclass(frozen=True)
class Weights:
    """A network and where its weights are from.

    Attributes:
        network: in the mode of inference, on the device.
        sha256: of the file.
        note: what a reader of the numbers must know of them.
    """

    network: Generator
    sha256: str
    note: str


def load_generator(config: Wav2LipConfig, device: torch.device, progress: Progress) -> Weights:
    """Return the network that a configuration names; one to be trained here is trained once.

    Raises:
        TgbenchError: training fails, or the cache cannot be written.
        Unavailable: the published file is missing, damaged, or of another network.
    """
    if config.checkpoint == TRAINED_HERE:
        return _trained_here(config, device, progress)
    path = weight_file(config.checkpoint)
    network = Generator()
    tensors = load_tensors(config.checkpoint, path)
    fill(network, {k.removeprefix(_PARALLEL): v for k, v in tensors.items()}, config.checkpoint)
    digest = sha256(path)
    note = f"published weights {path.name} (sha256 {digest[:12]}), trained on LRS2"
    return Weights(network.to(device).eval(), digest, note)


def _trained_here(config: Wav2LipConfig, device: torch.device, progress: Progress) -> Weights:
    settings = asdict(config.training)
    key = hash_of([TRAINING_VERSION, GENERATOR_VERSION, settings])[:16]
    folder = make_cache(cache_root() / "wav2lip")
    path = folder / f"synthetic-{key}.pt"
    # Two jobs of one run would else train the same network at the same time.
    with sole_replacer(path, wait=True):
        if not path.is_file():
            network = trained(config.training, device, progress)
            with atomic_path(path) as temporary:
                torch.save({k: v.cpu() for k, v in network.state_dict().items()}, temporary)
    network = Generator(config.training.width)
    _read(path, network)
    digest = sha256(path)
    note = (
        f"network trained here on {config.training.people} synthetic heads, not the published "
        f"weights (sha256 {digest[:12]})"
    )
    return Weights(network.to(device).eval(), digest, note)


def _read(path: Path, network: Generator) -> None:
    """Fill a network from a file of the cache.

    Raises:
        TgbenchError: the file is damaged or of another network.
    """
    remedy = "delete it to train again"
    try:
        tensors = read_tensors(path)
        wanted = network.state_dict()
        if {k: v.shape for k, v in tensors.items()} != {k: v.shape for k, v in wanted.items()}:
            raise TgbenchError(f"{path}: holds the weights of another network; {remedy}")
        if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
            raise TgbenchError(f"{path}: holds values that are not finite; {remedy}")
    except (TgbenchError, MemoryError):
        raise
    # Damaged bytes make the reader fail in any way; the cause is kept for --debug.
    except Exception as error:
        wrong = code_found(error) or f"is damaged ({type(error).__name__})"
        raise TgbenchError(f"{path}: {wrong}; {remedy}") from error
    network.load_state_dict(tensors)
