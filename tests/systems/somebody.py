"""A system of somebody else: a declaration, and a checkout of its repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .conftest import git
from .text import LEARN, system_text

SYSTEM = system_text(
    facts="""
title = "Mine"
repository = "https://example.org/mine"
commit = "COMMIT"
permits = "anything"
contamination = { HDTF = "trained on it" }
""",
    more="""
[weights]
net = { path = "net.pth", source = "the README" }
""",
    train=LEARN,
    speak='["python", "speak.py", "{audio}", "{output}"]',
)


@dataclass(frozen=True)
class Somebody:
    """A declaration with its checkout."""

    file: Path
    checkout: Path
    commit: str

    def edit(self, before: str, after: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert before in text
        self.file.write_text(text.replace(before, after, 1), encoding="utf-8")

    def commit_all(self) -> str:
        """Commit what changed and return the new commit."""
        for words in (("add", "-A"), ("commit", "-qm", "change")):
            git(self.checkout, *words)
        return git(self.checkout, "rev-parse", "HEAD")


def somebody_in(folder: Path) -> Somebody:
    """Return a declaration and a checkout made in a folder."""
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in ("train.py", "speak.py"):
        (checkout / name).write_text("print()\n")
    (checkout / ".gitignore").write_text("*.pth\n")
    git(checkout, "init", "-q")
    file = folder / "mine.toml"
    commit = Somebody(file, checkout, "").commit_all()
    (checkout / "net.pth").write_bytes(b"weights")
    file.write_text(SYSTEM.replace("COMMIT", commit[:8]), encoding="utf-8")
    return Somebody(file, checkout, commit)
