from __future__ import annotations

import io
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from tgbench.terminal.consoles import NeutralConsole
from tgbench.terminal.text_table import Head, print_table
from tgbench.terminal.wrapping import cells, in_columns, line_width, wrapped

WORDS = st.lists(st.text("abcdefgh/-_.", min_size=1, max_size=30), min_size=1, max_size=20)


@given(WORDS, st.integers(10, 60))
def test_lines_are_those_of_the_standard_library(words: list[str], width: int) -> None:
    text = " ".join(words)
    reference = textwrap.wrap(
        text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    assert wrapped(text, width, "  ") == reference


def test_wide_letters_take_two_cells() -> None:
    assert cells("张伟") == 4
    assert cells("e\u0301") == 1
    assert wrapped("张伟 张伟", 8) == ["张伟", "张伟"]


def test_a_file_has_lines_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert line_width(io.StringIO()) is None
    assert wrapped("word " * 100, None) == ["word " * 100]
    monkeypatch.setenv("COLUMNS", "60")
    assert line_width(io.StringIO()) == 60


@pytest.mark.parametrize("width", [40, 60, 80, None])
def test_columns_hold_whole_words(width: int | None) -> None:
    rows = [("ssim_face_skimage", "higher", "similarity of the face"), ("lmd", "px", "distance")]
    lines = in_columns(rows, width)
    assert " ".join(lines).split() == [
        word for row in rows for cell in row for word in cell.split()
    ]
    assert width is None or max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [32, 40, 60, 80, 200])
def test_tables_hold_whole_words_and_numbers(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    heads = [Head("", right=False), *(Head(f"method{i}\nsynth-a · self") for i in range(4))]
    rows = [
        [
            Text(cell)
            for cell in ("AUE-L (geometry) ↓", "5.19", "12.05", "-0.5 (-1.0 to +2.0)", "-")
        ],
        [Text(cell) for cell in ("PSNR ↑ [dB]", "28.28", "30.48", "31", "32")],
    ]
    monkeypatch.setenv("COLUMNS", str(width))
    lines = table_lines(heads, rows)
    assert max(map(len, lines)) <= width
    said = "\n".join(lines)
    for word in ("-0.5 (-1.0 to +2.0)", "(geometry)", "28.28", "30.48", "method3"):
        assert word in said
    assert "…" not in said
    monkeypatch.delenv("COLUMNS")
    in_a_file = table_lines(heads, rows)
    assert len(in_a_file) == 4, "one table, however wide"


def table_lines(heads: list[Head], rows: list[list[Text]]) -> list[str]:
    stream = io.StringIO()
    print_table(NeutralConsole(file=stream, soft_wrap=True, highlight=False), heads, rows)
    return stream.getvalue().splitlines()


def test_what_is_printed_breaks_between_words_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def printed(columns: str | None) -> list[str]:
        if columns is None:
            monkeypatch.delenv("COLUMNS", raising=False)
        else:
            monkeypatch.setenv("COLUMNS", columns)
        stream = io.StringIO()
        console = NeutralConsole(file=stream, soft_wrap=True, highlight=False)
        console.print("- lpips: [bold]the package[/] cannot be imported here and now")
        console.print(Text("::error title=gate::a command of a CI is one line", no_wrap=True))
        print_table(console, [Head("", right=False), Head("value")], [[Text("a b"), Text("1")]])
        return [line.rstrip() for line in stream.getvalue().splitlines()]

    command = "::error title=gate::a command of a CI is one line"
    assert printed("32") == [
        "- lpips: the package cannot be",
        "  imported here and now",
        command,
        "     value",
        "a b      1",
    ]
    assert printed(None)[:2] == ["- lpips: the package cannot be imported here and now", command]
