"""Where a declared system is on this machine: its checkout and its weights."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.systems.config import SystemConfig
from tgbench.systems.method import DeclaredMethod

from .conftest import MakeProgram
from .standin import GREY, declare, make_checkout, method_of
from .test_method import context


@pytest.fixture
def identity(tiny_identity: Path) -> Identity:
    return Identity(tiny_identity)


def test_a_checkout_at_another_commit_is_allowed_and_recorded(
    tmp_path: Path, identity: Identity
) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    declaration = declare(tmp_path, checkout, commit="0123abcd")
    method = method_of(declaration, checkout)
    with pytest.raises(TgbenchError, match="any_commit=true"):
        method.fit(identity, identity.split(), context(tmp_path / "fit"))
    config = dataclasses.replace(method._config, any_commit=True)
    report = DeclaredMethod(declaration, config).fit(
        identity, identity.split(), context(tmp_path / "fit")
    )
    assert any("not a clean 0123abcd" in note for note in report.notes)
    assert any(f"Python {sys.version.split()[0]}" in note for note in report.notes)


def test_a_checkout_is_never_written_to(tmp_path: Path, identity: Identity) -> None:
    checkout = make_checkout(tmp_path / "checkout", learn="open('result.avi', 'w')\n" + GREY)
    before = sorted(os.listdir(checkout))
    method = method_of(declare(tmp_path, checkout), checkout)
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    assert sorted(os.listdir(checkout)) == before
    assert (tmp_path / "fit" / "checkout" / "result.avi").is_file()


def test_no_checkout_says_what_to_clone(tmp_path: Path, identity: Identity) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    method = method_of(declare(tmp_path, checkout), checkout)
    nowhere = DeclaredMethod(
        method._declaration, dataclasses.replace(method._config, checkout=None)
    )
    with pytest.raises(TgbenchError, match=r"git clone https://example\.org/mean.*--set"):
        nowhere.fit(identity, identity.split(), context(tmp_path / "fit"))


def test_missing_weights_say_where_to_get_them(tmp_path: Path, identity: Identity) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    weights = '[weights]\nown = { path = "a/own.pth", source = "its README" }'
    method = method_of(declare(tmp_path, checkout, output=weights), checkout)
    with pytest.raises(TgbenchError, match=r"a/own\.pth.*its README"):
        method.fit(identity, identity.split(), context(tmp_path / "fit"))
    (checkout / "a").mkdir()
    (checkout / "a" / "own.pth").write_bytes(b"weights")
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    assert (tmp_path / "fit" / "checkout" / "a" / "own.pth").read_bytes() == b"weights"


def test_an_environment_that_does_not_run_is_found_before_anything_is_trained(
    tmp_path: Path, identity: Identity, on_path: MakeProgram
) -> None:
    """As a container whose image is not here."""
    on_path("docker", 'echo "No such image" >&2; exit 1')
    checkout = make_checkout(tmp_path / "checkout")
    declaration = declare(tmp_path, checkout)
    container = declaration.environment.model_copy(update={"kind": "docker", "image": "mine:1"})
    declaration = declaration.model_copy(update={"environment": container})
    method = DeclaredMethod(declaration, SystemConfig(checkout=str(checkout)))
    with pytest.raises(TgbenchError, match="the image mine:1 is not on this machine"):
        method.fit(identity, identity.split(), context(tmp_path / "fit"))
    assert not (tmp_path / "fit" / "checkout").exists()
