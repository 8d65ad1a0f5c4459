from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tgbench.weights import table
from tgbench.weights.table import Weights

CONTENT = bytes(range(256)) * 12_000  # about 3 MiB: several pieces


@dataclass
class Server:
    """A web server for one file, that can be told to misbehave."""

    address: str = ""
    content: bytes = CONTENT
    etag: str = '"first"'
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)
    status: int = 200
    kind: str = "application/octet-stream"
    redirect_to: str = ""
    length: bool = True
    wrong_range: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.address}/weights.pth"


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            server.asked.append({"path": self.path, **dict(self.headers)})
            if server.redirect_to and self.path == "/weights.pth":
                self.send_response(302)
                self.send_header("Location", server.redirect_to)
                self.end_headers()
            elif server.status != 200:
                self.send_error(server.status)
            else:
                self._send()

        def _send(self) -> None:
            start, said = 0, self.headers.get("Range", "")
            same = self.headers.get("If-Range", server.etag) == server.etag
            if said and server.ranges and same:
                start = int(said.removeprefix("bytes=").removesuffix("-"))
                if start >= len(server.content):
                    self.send_error(416)
                    return
                self.send_response(206)
                shown = 0 if server.wrong_range else start
                total = len(server.content)
                self.send_header("Content-Range", f"bytes {shown}-{total - 1}/{total}")
            else:
                self.send_response(200)
            rest = server.content[start:]
            if server.length:
                self.send_header("Content-Length", str(len(rest)))
            self.send_header("Content-Type", server.kind)
            if server.etag:
                self.send_header("ETag", server.etag)
            self.end_headers()
            end = server.cut_after.pop(0) if server.cut_after else len(rest)
            self.wfile.write(rest[:end])

    return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    told = Server()
    web = ThreadingHTTPServer(("127.0.0.1", 0), _handler(told))
    # A client that has read enough hangs up: no news.
    monkeypatch.setattr(web, "handle_error", lambda *_: None)
    told.address = f"http://127.0.0.1:{web.server_port}"
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield told
    web.shutdown()
    thread.join()
    web.server_close()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store, and no cache of torch's."""
    folder = tmp_path / "store"
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(folder))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return folder


@pytest.fixture
def enter(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Weights]:
    """Make the table hold one entry, `net`, that the server publishes."""

    def enter_one(**facts: object) -> Weights:
        given = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "size": len(CONTENT)} | facts
        entry = Weights("net", "net.pth", "tests", server.url, "none", **given)
        monkeypatch.setattr(table, "TABLE", {"net": entry})
        monkeypatch.setattr("tgbench.weights.installing.TABLE", {"net": entry})
        monkeypatch.setattr("tgbench.commands.weights.TABLE", {"net": entry})
        return entry

    return enter_one
