"""What is known about one pretrained file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Weights:
    """One pretrained file.

    Attributes:
        name: what commands and modules call it.
        file: its name in the store.
        purpose: what it is for.
        source: where it can be fetched.
        licence: what is known about its terms, shown before a fetch.
        size: in bytes; None where unknown.
        sha256: in hex, or its first digits where only those are known; empty if unknown.
        sha1: in hex, where the publisher gives that instead.
        member: the file's name in the archive at the source; empty if the source is the file.
        in_torch_hub: torch's own cache folder may hold it under the same name.
        format: of `tgbench.weights.formats`, checked where no hash is published; may be empty.
        least_size: in bytes, from what is known about the network, where the size is unknown.
        kept_for: who uses it, if nothing in tgbench loads it yet; otherwise empty.
        of_system: the declared system that loads it, in an environment of its own; in tgbench
            itself at most a method of its own opens it.
        by_hand: the source is a page, such as a shared drive or a form, that a person must visit.
    """

    name: str
    file: str
    purpose: str
    source: str
    licence: str
    size: int | None = None
    sha256: str = ""
    sha1: str = ""
    member: str = ""
    in_torch_hub: bool = False
    format: str = ""
    least_size: int = 0
    kept_for: str = ""
    of_system: str = ""
    by_hand: bool = False

    @property
    def published_hash(self) -> str:
        """The kind of its hash and the hash; empty if unknown."""
        if self.sha256:
            return f"sha256 {self.sha256}"
        return f"sha1 {self.sha1}" if self.sha1 else ""

    @property
    def published_as(self) -> str:
        """The file's name where it is published."""
        return self.member or self.source.rsplit("/", 1)[1]
