"""Options that take several values, and parsers that refuse others that are given twice.

Several values are separated by spaces, by commas, or the option is given again.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ..errors import TgbenchError

EITHER = "separated by spaces or commas"
"""Said in the help of each of these options."""

_NEXT_PAIR = re.compile(r",(?![^(]*\))(?=[^,=]*=)")


def names(words: Iterable[str]) -> list[str]:
    """Return names that are separated by commas or spaces."""
    return [name for word in words for name in re.split(r"[,\s]+", word) if name]


def numbers(words: Iterable[str]) -> list[int]:
    """Return whole numbers that are separated by commas or spaces.

    Raises:
        TgbenchError: one is no whole number.
    """
    found = []
    for name in names(words):
        try:
            found.append(int(name))
        except ValueError as error:
            raise TgbenchError(f"{name}: must be a whole number, such as 3") from error
    return found


def phrases(words: Iterable[str]) -> list[str]:
    """Return words as they are: names that may hold blanks, such as titles of metrics."""
    return list(words)


def paths(words: Iterable[str]) -> list[Path]:
    """Return paths that are separated by commas; one that is there may hold commas itself."""
    return [Path(path) for path in named_paths(words)]


def named_paths(words: Iterable[str]) -> list[str]:
    """Return paths, or names that stand for them, as they were typed."""
    parts = ([word] if Path(word).exists() else word.split(",") for word in words)
    return [path for part in parts for path in part if path]


def pairs(words: Iterable[str]) -> list[str]:
    """Return KEY=VALUE each; a comma parts them where another key follows."""
    return [pair.strip() for word in words for pair in _NEXT_PAIR.split(word) if pair.strip()]


def add_list(
    parser: Any,
    flag: str,
    split: Callable[[Sequence[str]], list],
    help: str,
    *,
    metavar: str,
    count: int | None = None,
    dest: str | None = None,
    default: Any = None,
    required: bool = False,
) -> None:
    """Declare an option that takes several values.

    Args:
        parser: or a group of its options.
        flag: such as "--metrics".
        split: turns the words of the command line into values.
        help: what the option is for.
        metavar: of one value.
        count: how many values it takes; None: one or more, and more each time it is given.
        dest: attribute of the parsed arguments, if it is not that of the flag.
        default: where the option is not given.
        required: whether it must be.
    """
    parser.add_argument(
        flag,
        action=_ListAction,
        split=split,
        count=count,
        help=f"{help} ({EITHER})",
        metavar=metavar,
        required=required,
        default=default,
        **({} if dest is None else {"dest": dest}),
    )


def stand_alone(args: argparse.Namespace, dest: str, most: int | None = None) -> list[str]:
    """Return the words of a command that belong to no option.

    An option that takes several values takes what follows it, too. Where no word is left, those at
    the end of such an option that are files or folders are given back.

    Args:
        args: as parsed.
        dest: attribute of the words, declared with nargs="*".
        most: how many there can be; None: any number.

    Raises:
        TgbenchError: there are more.
    """
    found = [str(word) for word in getattr(args, dest)]
    taken: dict[str, _Taken] = getattr(args, _TAKEN, {})
    for option in taken.values():
        found += option.spare
    if not found:
        for option in reversed(list(taken.values())):
            room = most if most is None else most - len(found)
            found = [*option.give_back(args, room), *found]
    if most is not None and len(found) > most:
        raise TgbenchError(f"'{found[most]}': what is it for? See --help")
    return found


_TAKEN = "taken_by_lists"
_GIVEN = "given_once"


class _Taken:
    """Words that an option took.

    Attributes:
        spare: those beyond the number that it takes.
    """

    def __init__(self, dest: str, words: list[str], split: Callable, spare: list[str]) -> None:
        self.dest, self.words, self.split, self.spare = dest, words, split, spare

    def give_back(self, args: argparse.Namespace, most: int | None) -> list[str]:
        given: list[str] = []
        while len(self.words) > 1 and Path(self.words[-1]).exists() and len(given) != most:
            given.insert(0, self.words.pop())
        setattr(args, self.dest, self.split(self.words))
        return given


class OnceParser(argparse.ArgumentParser):
    """A parser, with subparsers like it, of options in full that are given once."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # An abbreviation that works today means something else when an option is added.
        super().__init__(*args, **{"allow_abbrev": False, **options})
        self.register("action", None, _StoreOnce)
        self.register("action", "store", _StoreOnce)


class _StoreOnce(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if option_string is not None:
            given = namespace.__dict__.setdefault(_GIVEN, set())
            if self.dest in given:
                raise TgbenchError(f"{option_string}: given twice, but it takes one value")
            given.add(self.dest)
        setattr(namespace, self.dest, values)


class _ListAction(argparse.Action):
    def __init__(self, *, split: Callable, count: int | None, **options: Any) -> None:
        super().__init__(nargs="+", **options)
        self._split = split
        self._count = count

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        words = [str(word) for word in values]
        taken = namespace.__dict__.setdefault(_TAKEN, {})
        spare: list[str] = []
        if self._count is None:
            earlier = taken[self.dest].words if self.dest in taken else []
            words = [*earlier, *words]
        else:
            while words and len(self._split(words[:-1])) >= self._count:
                spare.insert(0, words.pop())
            if len(self._split(words)) != self._count:
                given = " ".join(words)
                raise TgbenchError(
                    f"{option_string} {given}: takes {self._count} values: {self.help}"
                )
        taken[self.dest] = _Taken(self.dest, words, self._split, spare)
        try:
            chosen = self._split(words)
        except TgbenchError as error:
            raise TgbenchError(f"{option_string} {error}") from error
        setattr(namespace, self.dest, chosen)
