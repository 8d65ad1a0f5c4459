"""The cases of an identity as its protocol plans them, under the rules and tags that are given."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from .. import plugins
from ..audio import FeatureSource
from ..driving.driving import USUAL, Driving
from ..driving.tags import NO_TAGS
from ..errors import TgbenchError
from ..identities import Identity
from ..identities.card import CARD, read_card
from ..interfaces import Case, EvaluationProtocol
from ..metrics.through_codec import THROUGH_CODEC
from ..plugins import in_table_order, metrics_of
from ..specs import Needs, ProtocolSpec


def plan_cases(
    spec: ProtocolSpec,
    identity: Identity,
    audio: Sequence[Path],
    source: FeatureSource,
    driving: Driving = USUAL,
) -> list[Case]:
    """Return the cases of one identity under a protocol.

    Raises:
        TgbenchError: the protocol cannot be used with this identity, with these sounds, or with
            these rules.
    """
    wanted = {name: text for name, text in driving.rules.items() if name in spec.takes_rules}
    rules = spec.rules.with_changes(wanted, spec.takes_rules)
    make = spec.load()
    # Protocols of others need not know of rules.
    protocol: EvaluationProtocol = make(rules) if spec.takes_rules else make()
    changed = rules.changed_from(spec.rules)
    cases = []
    for case in protocol.plan([identity], audio, source):
        version = ", ".join(
            (case.protocol_version, *(f"{name}={text}" for name, text in changed.items()))
        )
        tags = NO_TAGS if spec.self_driven else driving.tags_of(case.driving_audio)
        made = dataclasses.replace(
            case,
            protocol_version=version,
            drive=dataclasses.replace(case.drive, driver=case.driver),
            rules=rules.texts(spec.takes_rules),
            changed_rules=changed,
            tags=tags,
        )
        if not spec.other_language or _in_other_language(made):
            cases.append(made)
    if not cases and spec.other_language:
        raise TgbenchError(
            f"{spec.name}: all sounds are in the language of {identity.name}; give one in another "
            "language with --audio, or use --protocol lipsync"
        )
    return cases


def with_more(case: Case, names: Sequence[str]) -> Case:
    """Return the case with further metrics, as far as they can be measured in it.

    Views of a moved camera have the metrics of moved cameras that mean something there already, and
    a case that measures none of its protocol's usual ones is made for its own alone.
    """
    protocol = plugins.protocols()[case.protocol]
    if not set(case.metrics) & set(metrics_of(protocol)):
        return case
    lacking = protocol.excludes | {Needs.CAMERAS}
    lacking |= frozenset() if case.has_truth else {Needs.TARGET}
    more = [name for name in names if not plugins.metric_spec(name).needs & lacking]
    return dataclasses.replace(case, metrics=in_table_order((*case.metrics, *more)))


def through_codec(case: Case) -> Case:
    """Return the case under a protocol of another version, for its numbers are other ones."""
    return dataclasses.replace(case, protocol_version=f"{case.protocol_version}, {THROUGH_CODEC}")


def _in_other_language(case: Case) -> bool:
    card = read_card(case.identity.folder)
    spoken = "" if card is None else card.language
    if not spoken:
        raise TgbenchError(
            f"{case.identity.folder / CARD}: does not say which language {case.identity.name} "
            f"speaks, which {case.protocol} needs; declare it with `tgbench prepare --card`"
        )
    if not case.tags.language:
        sound = case.driving_audio
        raise TgbenchError(
            f"{sound}: its language is not declared, which {case.protocol} needs; write "
            f"'language = \"...\"' into {sound.name}.toml beside it"
        )
    return spoken.casefold() != case.tags.language.casefold()
