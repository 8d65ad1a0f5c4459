"""From the options of a run to what it fitted, for commands that use a fit without a case."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .. import plugins
from ..errors import TgbenchError
from ..files import hash_of
from ..identities import Identity
from ..identities.resolve import require_identity
from ..interfaces import Method
from ..synthetic.names import built_in
from .environment import resolve_device
from .fit_record import COPY_FILE, RECORD_FILE
from .fitting import Fitting, NoFit, load_fitted
from .folders import MODELS
from .method_config import MethodConfig
from .request import default_size
from .settings import configure


@dataclass(frozen=True)
class FitRequest:
    """Which fit is meant.

    Attributes:
        method, identity, preset, overrides, size, device, seed, out: of the run that fitted.
    """

    method: str
    identity: str
    preset: str = "quick"
    overrides: dict[str, str] = field(default_factory=dict)
    size: int = 256
    device: str = "cpu"
    seed: int = 0
    out: Path = Path("results")

    def configured(self) -> MethodConfig:
        """Return the method with its settings.

        Raises:
            TgbenchError: no such method or setting.
        """
        spec = plugins.method(self.method)
        return MethodConfig(spec, configure(spec, self.preset, self.overrides), self.preset)

    def require_some(self, config: MethodConfig) -> None:
        """Refuse where no finished fit of this method and identity is, whatever its other options.

        It needs no frame of the identity, which may take minutes to film.

        Raises:
            TgbenchError: there is none, or no such identity.
        """
        require_identity(self.identity)
        name = built_in(self.identity) or Path(self.identity).resolve().name
        fits = self.out / MODELS / name / config.spec.name
        records = (fit / file for fit in fits.glob("[!.]*") for file in (RECORD_FILE, COPY_FILE))
        if not any(record.is_file() for record in records):
            raise TgbenchError(f"{fits}: no finished fit here; {self._remedy()}")

    def load(self, method: Method, config: MethodConfig, identity: Identity) -> None:
        """Restore what the run fitted into a new instance of the method.

        Raises:
            TgbenchError: there is no such fit, or it is damaged.
        """
        fitting = Fitting(
            config,
            identity,
            hash_of(identity.input_hashes()),
            identity.split(),
            self.seed,
            self.device,
            self.out / MODELS,
        )
        try:
            load_fitted(method, fitting)
        except NoFit as error:
            raise TgbenchError(f"{error}; {self._remedy()}") from error

    def command(self) -> str:
        """Return the command that makes the fit, options at their defaults left out."""
        words = ["tgbench run", f"--method {self.method} --protocol self_reconstruction"]
        words.append(f"--identity {self.identity}")
        if self.preset != "quick":
            words.append(f"--preset {self.preset}")
        words += [f"--set {key}={value}" for key, value in self.overrides.items()]
        if self.size != default_size([self.method], self.preset):
            words.append(f"--size {self.size}")
        if self.seed:
            words.append(f"--seed {self.seed}")
        if self.device != resolve_device("auto"):
            words.append(f"--device {self.device}")
        if self.out != Path("results"):
            words.append(f"--out {self.out}")
        return " ".join(words)

    def _remedy(self) -> str:
        return (
            f"make it with `{self.command()}`, or give the options of the run that fitted "
            "(--identity, --preset, --set, --size, --seed, --device, --out)"
        )
