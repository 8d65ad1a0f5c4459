"""From a result back to the case it measured, which must be the very same one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from .. import plugins
from ..audio import DEFAULT_FEATURES, FeatureSource
from ..audio_encoders.mel import SPEC as MEL
from ..errors import TgbenchError
from ..files import sha256
from ..identities import Identity
from ..identities.resolve import resolve_identity
from ..interfaces import Case, EvaluationProtocol
from ..metrics.folders import holds_videos
from ..metrics.through_codec import THROUGH_CODEC
from ..progress import Progress
from ..results.measured_case import PAIRS
from ..running.result import Result
from ..synthetic.names import built_in
from .truth import Truth, truth_of_pair


class GroundTruth:
    """Identities and sounds that a user names, and the built-in ones."""

    def __init__(self, identities: Sequence[Path], audio: Sequence[Path], progress: Progress):
        """Remember where they are.

        Args:
            identities: prepared folders; true videos of pairs, or folders that hold them.
            audio: driving sounds that are not a protocol's own.
            progress: where making a built-in identity reports.

        Raises:
            TgbenchError: a folder or file is not there.
        """
        for path in audio:
            if not path.is_file():
                raise TgbenchError(f"--audio {path}: no such file")
        self._folders = tuple(identities)
        self._audio = tuple(audio)
        self._progress = progress
        self._plans: dict[tuple[str, Path, str], list[Case]] = {}

    def of(self, result: Result) -> Truth:
        """Return what a result was scored against, where it lies here.

        Raises:
            TgbenchError: its identity, true video, sound or protocol is missing or is another one.
        """
        if result.protocol.name == PAIRS:
            _refuse_coded(result)
            return truth_of_pair(result, self._folders, self._audio)
        return Truth.of_case(self.case(result))

    def case(self, result: Result) -> Case:
        """Return the case of a result as its protocol plans it here.

        Raises:
            TgbenchError: its identity, sound or protocol is missing or is another one.
        """
        protocol = plugins.find(plugins.protocols(), result.protocol.name, "protocol")
        _refuse_coded(result)
        if protocol.version != result.protocol.version:
            raise TgbenchError(
                f"protocol {protocol.name} is of version {protocol.version} here and of "
                f"{result.protocol.version} there; use the tgbench that measured it "
                f"({result.tgbench_version})"
            )
        identity = self._identity(result)
        for case in self._planned(protocol.load()(), protocol.name, identity, result):
            if sha256(case.driving_audio) == result.driver.sha256:
                break
        else:
            raise TgbenchError(
                f"the driving sound {result.driver.audio} (sha256 {result.driver.sha256[:12]}) is "
                "not here; name it with --audio FILE, and its identity with --identity FOLDER"
            )
        lens, clip = case.drive.intrinsics, result.identity
        here = (len(case.drive), lens.width, lens.height)
        if here != (result.frames, clip.width, clip.height):
            raise TgbenchError(
                f"identity '{identity.name}' makes {here[0]} frames of {here[1]}x{here[2]} here, "
                f"and {result.frames} of {clip.width}x{clip.height} there; it is another identity"
            )
        fitted, split = (*result.split.train, *result.split.test), case.split
        if fitted != (split.train.start, split.train.stop, split.test.start, split.test.stop):
            raise TgbenchError(
                f"identity '{identity.name}' has another split here than in the result; it is "
                "another identity"
            )
        return case

    def _identity(self, result: Result) -> Identity:
        name = result.identity.name
        if name in self._given:
            return self._given[name]
        if built_in(name) is not None:
            return resolve_identity(name, result.identity.width, self._progress)
        raise TgbenchError(
            f"identity '{name}' is not here; give its prepared folder, which is called "
            f"{name}, with --identity FOLDER"
        )

    @cached_property
    def _given(self) -> dict[str, Identity]:
        found: dict[str, Identity] = {}
        for folder in self._folders:
            if not folder.is_dir() and built_in(str(folder)) is not None:
                continue
            if folder.is_file() or holds_videos(folder):
                # The true videos of pairs.
                continue
            identity = resolve_identity(str(folder), 0, self._progress)
            if identity.name in found:
                raise TgbenchError(
                    f"two identities are called '{identity.name}'; rename one of the folders"
                )
            found[identity.name] = identity
        return found

    def _planned(
        self, protocol: EvaluationProtocol, name: str, identity: Identity, result: Result
    ) -> list[Case]:
        """Return the cases of an identity, with the sound of the result if that was given."""
        sounds = [path for path in self._audio if sha256(path) == result.driver.sha256][:1]
        if sounds:
            # A protocol that drives with the clip's own sound takes no other, though it be equal.
            with suppress(TgbenchError):
                return _with_features(protocol, identity, sounds, result)
        key = (name, identity.folder, result.driver.encoder)
        if key not in self._plans:
            self._plans[key] = _with_features(protocol, identity, (), result)
        return self._plans[key]


def _refuse_coded(result: Result) -> None:
    if THROUGH_CODEC in result.protocol.version:
        raise TgbenchError(
            f"its frames were measured {THROUGH_CODEC}, which bundles do not hold; run without "
            "--through-codec"
        )


def _with_features(
    protocol: EvaluationProtocol, identity: Identity, sounds: Sequence[Path], result: Result
) -> list[Case]:
    """Return the cases with features of the encoder of a result, or where these are not here, mel.

    Only rendering again needs the features, so there they are compared with the result's.
    """
    encoder = plugins.audio_encoders().get(result.driver.encoder, MEL)
    with suppress(TgbenchError):
        return protocol.plan([identity], sounds, FeatureSource(encoder))
    return protocol.plan([identity], sounds, DEFAULT_FEATURES)
