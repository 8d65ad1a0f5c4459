"""The repository of a system on this machine: at which commit it is, and whether it was changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import TgbenchError, Unavailable
from ..files import hash_of, sha256

_SOURCES = frozenset(
    {".py", ".sh", ".bash", ".yaml", ".yml", ".json", ".toml", ".cfg", ".ini", ".txt"}
    | {".c", ".cc", ".cpp", ".cu", ".cuh", ".h", ".hpp", ".pyx"}
)
"""Suffixes of what makes a checkout behave as it does, where no git says what belongs to it."""

_LARGEST_SOURCE = 4 << 20
_SECONDS = 60.0
_SHOWN_DIGITS = 8
_ALLOW = "--set any_commit=true uses it as it is, and results say so"


@dataclass(frozen=True)
class CheckoutState:
    """What a checkout is.

    Attributes:
        commit: full hash; empty: it is no git checkout.
        changes: SHA-256 of how tracked files differ from the commit; empty: they do not.
        changed: names of these files.
        sources: SHA-256 of its source files, where it is no git checkout.
    """

    commit: str = ""
    changes: str = ""
    changed: tuple[str, ...] = ()
    sources: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that tells its code from other code."""
        return hash_of([self.commit, self.changes, self.sources])

    def __str__(self) -> str:
        """Name it in a few words, as results do."""
        if not self.commit:
            return f"of an unknown commit (sources {self.sources[:_SHOWN_DIGITS]})"
        short = self.commit[:_SHOWN_DIGITS]
        return f"{short}, changed ({self.changes[:_SHOWN_DIGITS]})" if self.changes else short

    def differs(self, commit: str) -> str:
        """Return in what way it is not a clean checkout of a commit; empty: it is.

        Args:
            commit: the first digits of its hash; empty: any.
        """
        if commit and not self.commit:
            return "is no git checkout, so its commit is unknown"
        if commit and not self.commit.startswith(commit):
            return f"is at commit {self.commit[:_SHOWN_DIGITS]}"
        if self.changes:
            more = f" and {len(self.changed) - 1} more" if len(self.changed) > 1 else ""
            return f"has changes ({self.changed[0]}{more})"
        return ""


def require_checkout(
    folder: Path, commit: str, repository: str, any_commit: bool = False
) -> CheckoutState:
    """Return what a checkout is, if it is the one that is declared.

    Args:
        folder: of the checkout.
        commit: that it has to be at, its first digits; empty: any.
        repository: where it can be cloned, for the remedy.
        any_commit: whether another commit, or a changed one, will do.

    Raises:
        Unavailable: there is no such folder.
        TgbenchError: it is at another commit, or has changes.
    """
    if folder.exists() and not folder.is_dir():
        raise Unavailable(f"{folder}: is a file; name the folder of the checkout")
    if not folder.is_dir():
        raise Unavailable(
            f"{folder}: no such checkout; `git clone {repository or 'REPOSITORY'} {folder}`, or "
            "name its folder with --set checkout=..."
        )
    state = state_of(folder)
    difference = state.differs(commit)
    if difference and not any_commit:
        wanted = f", the declaration is for {commit}" if commit else ""
        if state.commit and commit and not state.commit.startswith(commit):
            remedy = f"`git -C {folder} checkout {commit}`"
        elif state.changes:
            remedy = f"`git -C {folder} stash`"
        else:
            remedy = f"clone {repository or 'the repository'} and check out {commit}"
        raise TgbenchError(f"{folder}: {difference}{wanted}; {remedy}, or {_ALLOW}")
    return state


def state_of(folder: Path) -> CheckoutState:
    """Return what a checkout is."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return CheckoutState(sources=_hash_of_sources(folder))
    status = _git(folder, "status", "--porcelain", "-z", "--untracked-files=no")
    changed = tuple(sorted(entry[3:] for entry in status.split("\0") if len(entry) > 3))
    if not changed:
        return CheckoutState(commit.strip())
    difference = _git(folder, "diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv")
    return CheckoutState(commit.strip(), hash_of([status, difference]), changed)


def tracked_files(folder: Path) -> set[str] | None:
    """Return the files that belong to a checkout, by relative name; None: it is no git checkout."""
    listed = _git(folder, "ls-files", "-z", "--recurse-submodules")
    return set(filter(None, listed.split("\0"))) or None


def _git(folder: Path, *words: str) -> str:
    """Return what git says; empty where it fails, is missing, or finds no repository here."""
    program = shutil.which("git")
    if program is None:
        return ""
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
        # A folder inside another repository is no checkout of that.
        "GIT_CEILING_DIRECTORIES": str(folder.resolve().parent),
        "GIT_OPTIONAL_LOCKS": "0",
    }
    # The checkout may belong to another user, and its own settings may name programs to run.
    settings = ("safe.directory=*", "core.fsmonitor=false", "core.quotePath=false")
    flags = [part for setting in settings for part in ("-c", setting)]
    try:
        done = subprocess.run(
            [program, "-C", str(folder), *flags, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else ""


def _hash_of_sources(folder: Path) -> str:
    return hash_of({name: sha256(folder / name) for name in sorted(_sources(folder))})


def _sources(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in (".git", "__pycache__")]
        for name in names:
            path = Path(place) / name
            is_small = path.is_file() and path.stat().st_size <= _LARGEST_SOURCE
            if path.suffix in _SOURCES and is_small:
                yield path.relative_to(folder).as_posix()
