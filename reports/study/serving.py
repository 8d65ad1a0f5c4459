"""`tgbench study serve`: hands out the page of a study and takes answers.

It knows three addresses and no others, so that no path leads to any other file.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import shutil
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tgbench.errors import TgbenchError

from .answers import LARGEST_ANSWERS
from .collecting import Collector, Refused
from .records import PAGE_FILE, read_key

_TIMEOUT = 60.0
"""Seconds that a silent connection may stay open."""

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

_log = logging.getLogger("tgbench")


class StudyServer(ThreadingHTTPServer):
    """Serves one study.

    Attributes:
        collector: stores answers.
        page: the file of the page.
        local: whether only this machine can reach it.
    """

    daemon_threads = True

    def __init__(self, folder: Path, host: str, port: int) -> None:
        """Open the port.

        Raises:
            TgbenchError: the folder is none of a study, or the port cannot be had.
        """
        self.collector = Collector(folder, read_key(folder))
        self.page = folder / PAGE_FILE
        if not self.page.is_file():
            raise TgbenchError(f"{self.page}: no such file; make the study again")
        self.local = host in _LOCAL_NAMES or _is_loopback(host)
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise TgbenchError(
                f"{host}:{port}: cannot be served on ({reason}); choose another --port or --host"
            ) from error

    @property
    def address(self) -> str:
        """Where browsers find the page."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of what went wrong with one connection, which is usually that it broke."""
        _log.info("a connection broke off: %s", sys.exc_info()[1])


class _Handler(BaseHTTPRequestHandler):
    server: StudyServer
    timeout = _TIMEOUT
    protocol_version = "HTTP/1.1"

    def version_string(self) -> str:
        """Return what the server calls itself."""
        return "tgbench"

    def do_GET(self) -> None:
        """Answer with the page, or with the number of a sequence."""
        if not self._admitted():
            return
        path = self.path.partition("?")[0]
        if path == "/":
            self._send_page()
        elif path == "/next":
            sequence = self.server.collector.next_sequence()
            self._send(HTTPStatus.OK, json.dumps({"sequence": sequence}), "application/json")
        else:
            self._send(HTTPStatus.NOT_FOUND, "there is nothing here")

    def do_POST(self) -> None:
        """Take answers."""
        # What is not read of a request would be taken for the next one.
        self.close_connection = True
        if not self._admitted():
            return
        if self.path != "/answers":
            self._send(HTTPStatus.NOT_FOUND, "there is nothing here")
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            self._send(HTTPStatus.LENGTH_REQUIRED, "the length is not given")
        elif len(length) > 9 or int(length) > LARGEST_ANSWERS:
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the answers are too large")
        elif self.headers.get_content_type() != "application/json":
            self._send(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "answers are JSON")
        else:
            self._take(self.rfile.read(int(length)))

    def log_message(self, format: str, *args: Any) -> None:
        """Keep no log: it would hold addresses of participants."""

    def _take(self, text: bytes) -> None:
        try:
            done = self.server.collector.store(text)
        except Refused as error:
            self._send(HTTPStatus.TOO_MANY_REQUESTS, str(error))
        except TgbenchError as error:
            self._send(HTTPStatus.BAD_REQUEST, str(error))
        except OSError as error:
            _log.warning("answers could not be stored: %s", error)
            self._send(HTTPStatus.INSUFFICIENT_STORAGE, "the answers could not be stored")
        else:
            self._send(HTTPStatus.OK, done)

    def _admitted(self) -> bool:
        """Refuse what another page in the same browser sends, under this name or another."""
        host = self.headers.get("Host", "")
        origin = self.headers.get("Origin")
        foreign = origin is not None and origin != f"http://{host}"
        renamed = self.server.local and _name_of(host) not in _LOCAL_NAMES
        if renamed and not _is_loopback(_name_of(host)):
            self._send(HTTPStatus.FORBIDDEN, "this server is for its own machine")
            return False
        if foreign:
            self._send(HTTPStatus.FORBIDDEN, "answers come from the page of the study alone")
            return False
        return True

    def _send_page(self) -> None:
        with self.server.page.open("rb") as stream:
            size = self.server.page.stat().st_size
            self._head(HTTPStatus.OK, "text/html; charset=utf-8", size)
            shutil.copyfileobj(stream, self.wfile, 1 << 20)

    def _send(self, status: HTTPStatus, text: str, kind: str = "text/plain; charset=utf-8") -> None:
        content = text.encode(errors="replace")
        self._head(status, kind, len(content))
        self.wfile.write(content)

    def _head(self, status: HTTPStatus, kind: str, size: int) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(size),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            **({"Connection": "close"} if self.close_connection else {}),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def _name_of(host: str) -> str:
    """Return the host of a `Host` header without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
