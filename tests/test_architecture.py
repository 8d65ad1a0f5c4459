"""The rules that keep the rooms apart and the command line quick."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("methods", "protocols", "reports", "baselines")


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def absolute_imports(path: Path) -> set[str]:
    """Absolute names a module imports; string constants count, since specs name modules so."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return names


def relative_reach(path: Path, beside: str = "") -> int:
    """How many packages above its own a module's imports go, but for those of the part `beside`."""
    levels = [
        node.level
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and not (beside and (node.module or "").partition(".")[0] == beside)
    ]
    return max(levels, default=0)


@pytest.mark.parametrize("path", modules("tgbench"), ids=lambda p: str(p.relative_to(ROOT)))
def test_harness_imports_no_room(path: Path) -> None:
    rooms = {f"tgbench.{room}" for room in ROOMS}
    reached = {name for name in absolute_imports(path) for room in rooms if name.startswith(room)}
    assert not reached
    source = path.read_text(encoding="utf-8")
    assert not [room for room in ROOMS if f"from ..{room}" in source or f"from .{room}" in source]


@pytest.mark.parametrize("folder", ["tgbench", *ROOMS])
def test_every_package_says_what_is_public(folder: str) -> None:
    """Ruff checks that each name of `__all__` is there."""
    for path in (ROOT / folder).rglob("__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        targets = [
            target
            for node in body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        ]
        assert "__all__" in [getattr(target, "id", "") for target in targets], path


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_the_harness_and_themselves(room: str) -> None:
    for path in modules(room):
        depth = len(path.relative_to(ROOT / room).parts)
        own_depth = depth - 1 if room == "methods" else depth
        reach = relative_reach(path, beside="shared" if room == "methods" else "")
        assert reach <= max(own_depth, 1), f"{path} reaches outside its room"
        for name in absolute_imports(path):
            others = [f"tgbench.{other}" for other in ROOMS]
            assert not any(name.startswith(other) for other in others), f"{path} imports {name}"


LIST = ["-m", "tgbench.cli", "list"]


@pytest.mark.parametrize("command", [["-c", "import tgbench"], LIST, [*LIST, "--json"]])
def test_light_commands_import_nothing_heavy(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command], capture_output=True, text=True, check=True
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    heavy = {"torch", "numpy", "numba", "pandas", "mediapipe", "cv2", "pydantic", "rich", "scipy"}
    assert not imported & heavy


def test_every_package_is_listed_for_the_wheel() -> None:
    import tomllib

    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(table["tool"]["setuptools"]["packages"])
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for folder in ("tgbench", *ROOMS)
        for path in modules(folder)
    }
    expected = {name if name.startswith("tgbench") else f"tgbench.{name}" for name in found}
    assert listed == expected
