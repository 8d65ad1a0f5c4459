"""Where a system comes from that runs outside of tgbench, in words for tables and pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tgbench.running.result import SystemRecord

_SHOWN_DIGITS = 8
_MOST_NAMED = 3


def system_facts(system: SystemRecord) -> Mapping[str, str]:
    """Return what a reader of results must know of a system, by title; nothing empty."""
    facts = {
        "Repository": system.repository,
        "Commit": _commit(system),
        "Licence": "; ".join(filter(None, [system.licence, system.permits])),
        "Environment": system.environment,
        "Trained on": _trained_on(system),
        "Random": system.randomness,
        "Training time": system.training_time,
        "Speed": system.speed,
    }
    return {title: text for title, text in facts.items() if text}


def system_caveats(system: SystemRecord) -> Iterator[str]:
    """Yield what stands below a table: which code it was, and on what it was trained before."""
    facts = system_facts(system)
    code = ", ".join(filter(None, [system.repository, facts.get("Commit", "")]))
    licence = system.licence or "unknown"
    yield f"runs outside of tgbench: {code or system.title} (licence: {licence})"
    if system.contamination:
        yield f"trained on {facts['Trained on']}"


def _commit(system: SystemRecord) -> str:
    """Return the commit that ran, and in what way it is not the declared one."""
    if not system.commit_found:
        return f"unknown; declared for {system.commit}" if system.commit else ""
    text = system.commit_found[:_SHOWN_DIGITS]
    if not system.commit_found.startswith(system.commit):
        text += f", declared for {system.commit}"
    changed = system.changed_files
    if changed:
        more = f" and {len(changed) - _MOST_NAMED} more" * (len(changed) > _MOST_NAMED)
        text += f", changed: {', '.join(changed[:_MOST_NAMED])}{more}"
    return text


def _trained_on(system: SystemRecord) -> str:
    parts = []
    for name, how in system.contamination.items():
        known = how.removeprefix("trained on it").strip(" ;,()")
        parts.append(f"{name} ({known})" if known else name)
    return "; ".join(parts)
