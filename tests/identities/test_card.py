from __future__ import annotations

from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.identities.card import CARD, Card, card_problems, given_card, read_card, write_card


def test_a_card_comes_back_and_knows_changed_files(own_identity: Path) -> None:
    card = Card(name='A "B" \\ Ü', language="German", links=("http://127.0.0.1/x",))
    write_card(own_identity, card)
    found = read_card(own_identity)
    assert found is not None
    assert found.model_copy(update={"sha256": {}}) == card
    assert list(card_problems(own_identity)) == []
    (own_identity / "aud.wav").write_bytes(b"other")
    (problem,) = card_problems(own_identity)
    assert "aud.wav" in problem


def test_a_misspelt_key_and_a_missing_file(own_identity: Path, tmp_path: Path) -> None:
    (own_identity / CARD).write_text('langauge = "German"\n', encoding="utf-8")
    with pytest.raises(TgbenchError, match="did you mean 'language'"):
        read_card(own_identity)
    template = tmp_path / "new.toml"
    with pytest.raises(TgbenchError, match="fill in"):
        given_card(template)
    assert given_card(template) == Card()
