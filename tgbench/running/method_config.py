"""A method with its complete configuration, and what of it tells one fit from another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import plugins
from ..configs import (
    build,
    check_ranges,
    check_types,
    files_of,
    flat,
    places_of,
    setting_text,
    value_of,
)
from ..errors import TgbenchError
from ..files import sha256_once
from ..specs import AudioEncoderSpec, MethodSpec
from .code import Code
from .settings import configure, hash_of_settings


@dataclass(frozen=True)
class MethodConfig:
    """A method with its complete configuration.

    Attributes:
        spec: what it declares.
        config: instance of its config dataclass.
        preset: what the configuration started from.
    """

    spec: MethodSpec
    config: Any
    preset: str

    @classmethod
    def of(
        cls,
        spec: MethodSpec,
        settings: Mapping[str, Any],
        preset: str,
        places: Mapping[str, Any] | None = None,
    ) -> MethodConfig:
        """Return a method with the complete settings of a job or a result.

        Args:
            spec: of the method.
            settings: complete, but for places.
            preset: what they started from.
            places: where it is on this machine; None: where the preset says.

        Raises:
            TgbenchError: the method has other settings by now.
        """
        try:
            config_class = spec.load_config()
            if places is None:
                known = places_of(config_class)
                usual = spec.presets.get(preset, {})
                places = {key: value for key, value in usual.items() if key in known}
            made = cls(spec, build(config_class, {**settings, **places}), preset)
            check_types(made.config)
            check_ranges(made.config)
        except (TypeError, ValueError, TgbenchError) as error:
            raise TgbenchError(
                f"the settings of '{spec.name}' have changed since ({error})"
            ) from error
        if made.settings != dict(settings):
            raise TgbenchError(f"the settings of '{spec.name}' have changed since")
        return made

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The configuration as one flat mapping with dotted keys, of what JSON can hold.

        Places on this machine are left out: they are no part of what is measured.
        """
        return self._flat(places=False)

    @property
    def places(self) -> dict[str, Any]:
        """Those settings that say where the method is on this machine."""
        return self._flat(places=True)

    def _flat(self, places: bool) -> dict[str, Any]:
        known = places_of(type(self.config))
        chosen = {
            key: value for key, value in flat(self.config).items() if (key in known) == places
        }
        return json.loads(json.dumps(chosen))

    @cached_property
    def files(self) -> dict[str, str]:
        """SHA-256 of the files that settings name, by setting.

        Raises:
            TgbenchError: one cannot be read.
        """
        found: dict[str, str] = {}
        for key in sorted(files_of(type(self.config))):
            path = value_of(self.config, key)
            if path is None:
                continue
            try:
                found[key] = sha256_once(Path(path))
            except OSError as error:
                raise TgbenchError(f"--set {key}={path}: {error.strerror}") from None
        return found

    @cached_property
    def settings_hash(self) -> str:
        """SHA-256 of the configuration."""
        return hash_of_settings(self.spec.name, self.settings)

    @property
    def names_encoder(self) -> bool:
        """Whether the configuration says which audio encoder it wants."""
        return hasattr(self.config, "audio_features")

    @cached_property
    def encoder(self) -> AudioEncoderSpec:
        """The audio encoder that the configuration names.

        Raises:
            TgbenchError: there is no such encoder.
        """
        return plugins.audio_encoder_of(self.config)

    @cached_property
    def changed(self) -> dict[str, Any]:
        """The settings that differ from the preset, as `--set` takes them."""
        preset = MethodConfig(self.spec, configure(self.spec, self.preset, {}), self.preset)
        former = preset.settings
        return {
            key: setting_text(value)
            for key, value in self.settings.items()
            if former.get(key) != value
        }

    @cached_property
    def code(self) -> Code:
        """The method's code, as it is when first asked for."""
        return Code.of(self.spec, self.config)
