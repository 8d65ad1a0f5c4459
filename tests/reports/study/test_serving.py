from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.reports.study.answers import gather
from tgbench.reports.study.records import KEY_FILE, PAGE_FILE, Answers, Key
from tgbench.reports.study.serving import StudyServer

from .conftest import sealed, simulated

QUALITY = {"a": 2.0, "b": 3.0, "c": 4.0, "ground truth": 4.5}
PAGE = "<!doctype html>the page"
JSON = {"Content-Type": "application/json"}

Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def folder(tmp_path: Path, study: Key) -> Path:
    (tmp_path / KEY_FILE).write_text(study.model_dump_json())
    (tmp_path / PAGE_FILE).write_text(PAGE)
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[StudyServer]:
    with StudyServer(folder, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def ask(server: StudyServer) -> Ask:
    def send(
        method: str, path: str, body: bytes | None = None, headers: dict[str, str] = JSON
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    return send


def post(ask: Ask, answers: Answers) -> tuple[int, str]:
    return ask("POST", "/answers", answers.model_dump_json().encode())


def stored(folder: Path) -> list[Path]:
    return sorted((folder / "answers").iterdir())


def test_it_hands_out_the_page_and_sequences(ask: Ask) -> None:
    assert ask("GET", "/") == (200, PAGE)
    assert [json.loads(ask("GET", "/next")[1])["sequence"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    "path",
    [
        "/key.json",
        "/../key.json",
        "/%2e%2e/key.json",
        "//etc/passwd",
        "/answers/",
        "/page.html/../key.json",
        "/answers",
        "/\\..\\key.json",
    ],
)
def test_no_path_leads_to_another_file(ask: Ask, path: str) -> None:
    assert ask("GET", path)[0] == 404


def test_answers_are_stored_once_and_never_replaced(ask: Ask, folder: Path, study: Key) -> None:
    half, whole = (simulated(study, QUALITY, 1, trials=trials) for trials in (5, None))
    assert post(ask, half) == (200, "stored")
    first = stored(folder)[0].read_bytes()
    assert post(ask, half) == (200, "stored already")
    assert post(ask, whole) == (200, "stored")
    assert post(ask, half) == (200, "stored already")
    other = simulated(study, QUALITY, 1, seed=4)
    assert post(ask, other) == (200, "stored beside answers that differ")
    assert len(stored(folder)) == 3
    assert stored(folder)[0].read_bytes() == first
    found = gather(stored(folder)[:2], study, partial=False, keep_failed=False)
    assert [person.answers for person in found.participants] == [whole]


def test_a_script_or_a_path_for_a_code_is_no_file_name(ask: Ask, folder: Path, study: Key) -> None:
    plain = simulated(study, QUALITY, 1).model_dump()
    for code in ("<script>alert(1)</script>", "../../key.json", "ü" * 64):
        assert post(ask, sealed(study, **{**plain, "participant": code}))[0] == 200
    assert len(stored(folder)) == 3
    assert all(path.stem.replace("-", "").isalnum() for path in stored(folder))
    assert {path.name for path in folder.iterdir()} == {"answers", KEY_FILE, PAGE_FILE}


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"\xff", b"[" * 9999])
def test_what_is_no_answer_is_refused(ask: Ask, folder: Path, body: bytes) -> None:
    assert ask("POST", "/answers", body)[0] == 400
    assert not stored(folder)


def test_edited_answers_are_refused(ask: Ask, folder: Path, study: Key) -> None:
    edited = simulated(study, QUALITY, 1).model_copy(update={"participant": "another"})
    status, said = post(ask, edited)
    assert status == 400
    assert "edited" in said
    assert not stored(folder)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": str(1 << 30), **JSON}, 413),
        ({"Content-Length": "9" * 5000, **JSON}, 413),
        ({"Content-Length": "-1", **JSON}, 411),
        ({"Content-Type": "text/plain"}, 415),
        ({"Origin": "https://example.org", **JSON}, 403),
        ({"Origin": "null", **JSON}, 403),
        ({"Host": "example.org", **JSON}, 403),
    ],
)
def test_requests_of_other_pages_and_of_other_sizes_are_refused(
    ask: Ask, folder: Path, headers: dict[str, str], status: int
) -> None:
    assert ask("POST", "/answers", b"{}", headers)[0] == status
    assert not stored(folder)


def test_many_at_once_and_one_that_says_nothing(
    ask: Ask, folder: Path, study: Key, server: StudyServer
) -> None:
    every = [simulated(study, QUALITY, number) for number in (*range(1, 9), *range(1, 9))]
    with socket.create_connection(server.server_address[:2]), ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda answers: post(ask, answers), every))
    assert sorted(text for _, text in done) == ["stored"] * 8 + ["stored already"] * 8
    assert len(stored(folder)) == 8
    assert server.collector.participants == 8


def test_a_restart_goes_on_with_sequences_that_nobody_has(folder: Path, study: Key) -> None:
    with StudyServer(folder, "127.0.0.1", 0) as first:
        first.collector.store(simulated(study, QUALITY, 1).model_dump_json().encode())
    with StudyServer(folder, "127.0.0.1", 0) as second:
        assert second.collector.next_sequence() == 2


def test_a_port_in_use_and_a_folder_without_a_study_are_named(
    server: StudyServer, folder: Path, tmp_path: Path
) -> None:
    port = server.server_address[1]
    with pytest.raises(TgbenchError, match=rf"127\.0\.0\.1:{port}"):
        StudyServer(folder, "127.0.0.1", port)
    with pytest.raises(TgbenchError, match=r"key\.json"):
        StudyServer(tmp_path / "none", "127.0.0.1", 0)
