from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.running.code import Code
from tgbench.specs import MethodSpec


def spec(module: str, config: str = "") -> MethodSpec:
    return MethodSpec("m", "a method", f"{module}:Method", config and f"{config}:Config")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A third party's package that would fail if it were run."""
    folder = tmp_path / "thirdparty"
    (folder / "adapters").mkdir(parents=True)
    for name in ("__init__", "model", "adapters/__init__", "adapters/tgbench"):
        (folder / f"{name}.py").write_text("raise RuntimeError\n" if name == "model" else "")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def test_every_python_file_of_the_package_counts(package: Path) -> None:
    wanted = spec("thirdparty.adapters.tgbench")
    before = Code.of(wanted)
    assert Code.of(wanted) == before
    (package / "notes.txt").write_text("anything")
    assert Code.of(wanted) == before
    (package / "model.py").write_text("raise RuntimeError  # edited\n")
    edited = Code.of(wanted)
    assert edited.sha256 != before.sha256
    (package / "new.py").write_text("")
    assert Code.of(wanted).sha256 not in (edited.sha256, before.sha256)


def test_a_module_alone_and_a_config_elsewhere_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("lone_method", "lone_config", "lone_stranger"):
        (tmp_path / f"{name}.py").write_text("")
    wanted = spec("lone_method", "lone_config")
    codes = [Code.of(wanted)]
    for name in ("lone_stranger", "lone_method", "lone_config"):
        (tmp_path / f"{name}.py").write_text("x = 1\n")
        codes.append(Code.of(wanted))
    assert codes[0] == codes[1]
    assert len(set(codes)) == 3


def test_own_methods_have_a_package_each() -> None:
    known = plugins.methods()
    codes = {name: Code.of(known[name]) for name in ("still", "talkinggaussian")}
    assert codes["still"].sha256 != codes["talkinggaussian"].sha256
    assert all(code.distribution.startswith("tgbench ") for code in codes.values())
    renamed = dataclasses.replace(known["still"], name="not installed")
    assert Code.of(renamed).distribution == ""


def test_a_missing_implementation_is_told() -> None:
    with pytest.raises(TgbenchError, match="'m': no module 'nowhere_to_be_found'"):
        Code.of(spec("nowhere_to_be_found"))
