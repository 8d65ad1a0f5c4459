from __future__ import annotations

import io
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest
from rich.table import Table
from rich.text import Text

from tgbench.progress import Tally, Task
from tgbench.terminal import Terminal
from tgbench.terminal.printing import printable
from tgbench.terminal.progress_bars import bar
from tgbench.terminal.progress_lines import lines

HOSTILE = "a\x1b[2Jb\x07\x9bc\u202ed\u2028e"


@pytest.mark.parametrize("text", ["plain", "naïve café", "Ελένη", "آذرخش‌ها", "张伟", "🙂", ""])
def test_writing_of_any_people_stays(text: str) -> None:
    assert printable(text) == text


def test_what_steers_is_told_by_its_number() -> None:
    assert printable(HOSTILE) == r"a\x1b[2Jb\x07\x9bc\u202ed\u2028e"
    assert printable("a\tb\nc") == r"a\tb\nc"
    assert printable("a\tb\nc", kept="\n") == "a\\tb\nc"
    assert printable("\udcff") == r"\udcff"


def test_nothing_that_is_printed_steers(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    table = Table(HOSTILE)
    table.add_row(Text(HOSTILE))
    for console in (terminal.out, terminal.err):
        console.print(HOSTILE, Text(HOSTILE), table)
    terminal.show_warnings()
    logging.getLogger("tgbench").warning("%s", HOSTILE)
    told = capsys.readouterr()
    for printed in (told.out, told.err):
        assert r"a\x1b[2Jb" in printed
        assert [sign for sign in printed if not sign.isprintable() and sign != "\n"] == []


def test_colours_and_lines_of_ones_own_stay() -> None:
    console = Terminal().out
    console.file, console._force_terminal, console._color_system = io.StringIO(), True, None
    console.print("one\n[red]two[/]\tthree")
    assert console.file.getvalue() == "one\ntwo     three\n"


@pytest.mark.parametrize("shown", [bar, partial(lines, quiet=0.0)])
def test_progress_takes_names_as_they_are(
    shown: Callable[..., AbstractContextManager[Task]], capsys: pytest.CaptureFixture[str]
) -> None:
    with shown(Terminal().err, "scoring clip[/].mp4 \x1b[2J", Tally(1)) as task:
        task.note("[bold]")
        task.advance()
    printed = capsys.readouterr().err
    assert r"scoring clip[/].mp4 \x1b[2J" in printed
    assert shown is not bar or "[bold]" in printed
