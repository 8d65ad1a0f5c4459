from __future__ import annotations

from tgbench.reports.tables.apart import told_apart


def test_only_what_differs_is_told() -> None:
    keys = [("measurer", "full frame", None), ("measurer", "pasted", None)]
    assert told_apart(keys) == ["full frame", "pasted"]
    assert told_apart(keys[:1]) == [""]
    assert told_apart([]) == []


def test_pairs_of_keys_are_told_as_one() -> None:
    keys = [(("cpu", 2), ("m", "pasted")), (("cpu", 4), ("m", "pasted"))]
    assert told_apart(keys) == ["2", "4"]


def test_keys_of_other_lengths_are_told_whole() -> None:
    assert told_apart([(), ("m", "pasted")]) == ["", "m, pasted"]
