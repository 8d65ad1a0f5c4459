from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.preparation.prepare import prepare
from tgbench.preparation.requests import Request, read_request
from tgbench.preparation.status import preparation_status

from ..faces.face_model import write_model

Films = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("discs_for_faces")


def redone(folder: Path, request: Request) -> dict[str, str]:
    return {each.name: each.redo for each in preparation_status(folder, request) if each.redo}


@pytest.mark.slow
def test_a_whole_folder_and_what_other_options_would_redo(
    tmp_path: Path,
    make_film: Films,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = prepare(make_film(tmp_path / "film.mp4"), tmp_path / "clip", size=64)
    request = read_request(folder)
    stages = preparation_status(folder, request)
    assert all(time.time() - 600 < (each.since or 0) <= time.time() for each in stages)
    backends = {each.name: each.backend for each in stages if each.backend}
    assert backends["pose"] == "bundle"
    assert redone(folder, request) == {}
    assert main(["prepare", "--status", str(folder)]) == 0
    assert "bundle" in capsys.readouterr().out

    larger = redone(folder, replace(request, size=128))
    assert larger["frames"] == "another size"
    assert larger["pose"] == larger["composites"] == "after frames"
    assert "faces" not in larger
    assert main(["prepare", "--status", str(folder), "--size", "128"]) == 1
    assert "another size" in capsys.readouterr().out

    other = make_film(tmp_path / "other.mp4", count=55)
    assert redone(folder, replace(request, video=str(other)))["faces"] == "another video"

    monkeypatch.setenv("TGBENCH_WEIGHTS", str(write_model(tmp_path / "weights")))
    tracker = redone(folder, replace(request, backends={"pose": "bfm_3dmm_info"}))
    assert tracker["pose"].startswith("another backend")
    assert tracker["action_units"] == "after pose"
    assert {"landmarks", "parsing", "plate", "composites"}.isdisjoint(tracker)


def test_a_half_prepared_folder(
    tmp_path: Path, make_film: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: Any) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "clip"
    monkeypatch.setattr("tgbench.preparation.torso.TorsoPainter.paint", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare(make_film(tmp_path / "film.mp4"), folder, size=64)
    todo = redone(folder, read_request(folder))
    assert {"faces", "frames", "landmarks", "plate"}.isdisjoint(todo)
    # Frames are parsed and painted at once.
    assert "interrupted" in todo["parsing"]
    assert todo["composites"]
    assert "interrupted" in todo["identity"]


def test_a_folder_of_others_and_a_damaged_request(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="did not make"):
        read_request(tmp_path)
    (tmp_path / ".prepare").mkdir()
    with pytest.raises(TgbenchError, match=r"request\.json: missing"):
        read_request(tmp_path)
    for content in ("{", "[]", '{"video": 3}', '{"video": "a", "colour": 1}'):
        (tmp_path / ".prepare/request.json").write_text(content)
        with pytest.raises(TgbenchError, match=r"request\.json"):
            read_request(tmp_path)
