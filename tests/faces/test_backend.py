"""MediaPipe is kept from talking on the user's terminal, and nothing else is."""

from __future__ import annotations

import os

import pytest

from tgbench.faces.backend import quiet


def say(text: str) -> None:
    os.write(2, text.encode())


def test_native_notes_are_dropped_while_any_thread_wants_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Blocks of two threads overlap: the one that began first ends first."""
    first, second = quiet(), quiet()
    say("before ")
    first.__enter__()
    second.__enter__()
    say("a note ")
    first.__exit__(None, None, None)
    say("another note ")
    second.__exit__(None, None, None)
    say("after")
    assert capfd.readouterr().err == "before after"


def test_errors_end_the_silence(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no face"), quiet():
        raise ValueError("no face")
    say("after")
    assert capfd.readouterr().err == "after"
