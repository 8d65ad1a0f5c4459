"""Downloading a file: resumable, checked, and complete or absent."""

from __future__ import annotations

import contextlib
import errno
import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from ..errors import TgbenchError, Unavailable
from ..files import write_json
from ..inputs import read_json
from ..progress import SILENT, Progress, Task

_CHUNK = 1 << 20
_TIMEOUT_SECONDS = 30.0
_ATTEMPTS = 4
_SCHEMES = ("https", "http")
_STEP = 1 << 20


@dataclass(frozen=True)
class _Begun:
    """What is known about an unfinished download, kept beside its bytes.

    Attributes:
        url: the address.
        validator: the server's name for this content (strong ETag or date); the rest is requested
            only if it is unchanged.
        total: bytes of the whole file; None where the server does not say.
    """

    url: str
    validator: str
    total: int | None


@dataclass
class _Shown:
    """A progress bar that takes totals, not steps."""

    bar: Task
    steps: int = 0

    def upto(self, done: int) -> None:
        more = done // _STEP - self.steps
        if more > 0:
            self.bar.advance(more)
            self.steps += more


class _Interrupted(Exception):
    """The connection ended before the file did."""


def download(url: str, part: Path, size: int | None, progress: Progress = SILENT) -> None:
    """Download a URL to a file, continuing after the bytes that it already holds.

    An interrupted download keeps its bytes, with a small JSON file beside them. The rest is
    requested only if the server identifies the content by an ETag or a date, and only if that is
    unchanged; otherwise the download starts again.

    Args:
        url: http or https; redirects are followed to these only, never from https to http.
        part: where the bytes go.
        size: of the file in bytes, where it is known.
        progress: where to report, once per MiB.

    Raises:
        TgbenchError: the address is not http or https, the server refuses or does not answer, the
            connection is lost repeatedly, or the server offers a file of another size.
    """
    _require_web(url)
    with progress.task(f"fetching {url.rsplit('/', 1)[1]} (MiB)", _mebibytes(size)) as bar:
        shown = _Shown(bar)
        for attempt in range(_ATTEMPTS):
            before = _length(part)
            try:
                _receive(url, part, size, shown)
                break
            except _Interrupted as error:
                if attempt == _ATTEMPTS - 1 or _length(part) <= before:
                    raise TgbenchError(
                        f"{url}: the connection was lost after {_length(part):,} bytes ({error}); "
                        "repeat the command to continue from there"
                    ) from error
    _note_path(part).unlink(missing_ok=True)


def discard(part: Path) -> None:
    """Remove what an unfinished download left."""
    part.unlink(missing_ok=True)
    _note_path(part).unlink(missing_ok=True)


def _receive(url: str, part: Path, size: int | None, shown: _Shown) -> None:
    """Send one request for the missing bytes, and write them."""
    begun = _begun(url, part)
    start = _length(part) if begun else 0
    if begun and begun.total is not None and start == begun.total:
        return
    headers = {"User-Agent": "tgbench", "Accept-Encoding": "identity"}
    if begun and start:
        headers |= {"Range": f"bytes={start}-", "If-Range": begun.validator}
    with contextlib.closing(_open(url, headers)) as answer:
        goes_on = answer.status == http.client.PARTIAL_CONTENT
        if goes_on:
            _require_continuation(answer.headers, start, url, part)
        start = start if goes_on else 0
        total = _total(answer.headers, start)
        _require_file(answer.headers, total, size, url)
        if not goes_on:
            # Before the note: otherwise a kill in between leaves old bytes under the new note.
            discard(part)
        _note(part, _Begun(url, _validator(answer.headers), total))
        done = start
        if size is None and total is not None:
            shown.bar.note(f"of {total // _STEP}")
        with part.open("ab" if goes_on else "wb") as stream:
            for piece in _pieces(answer):
                stream.write(piece)
                done += len(piece)
                shown.upto(done)
        if total is not None and done < total:
            raise _Interrupted(f"{total - done:,} bytes are missing")


def _open(url: str, headers: Mapping[str, str]) -> Any:
    request = urllib.request.Request(url, headers=dict(headers))
    try:
        return _opener().open(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and "Range" in headers:
            return _open(url, {name: headers[name] for name in headers if "Range" not in name})
        raise TgbenchError(
            f"{url}: the server answers {error.code} {error.reason}; if the file has moved, get it "
            "elsewhere and run `tgbench weights add FILE`"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise Unavailable(
            f"{url}: cannot be reached ({reason}); if this machine is offline, copy the file to it "
            "and run `tgbench weights add FILE`"
        ) from error


def _pieces(answer: Any) -> Iterator[bytes]:
    while True:
        try:
            piece = answer.read(_CHUNK)
        except http.client.IncompleteRead as error:
            yield error.partial
            raise _Interrupted("cut short") from error
        except (OSError, http.client.HTTPException) as error:
            raise _Interrupted(str(error)) from error
        if not piece:
            return
        yield piece


class _WebRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only, and never from https to http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        _require_web(newurl)
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme == "http":
            raise TgbenchError(
                f"{req.full_url}: redirects to {newurl}, which is not encrypted, so it is not "
                "followed; get the file elsewhere and run `tgbench weights add FILE`"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that knows no file:, ftp: or data: addresses."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        _WebRedirects(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _require_web(url: str) -> None:
    if urlsplit(url).scheme not in _SCHEMES:
        raise TgbenchError(f"{url}: only http and https addresses can be fetched")


def _require_continuation(headers: Message, start: int, url: str, part: Path) -> None:
    """Refuse an answer that does not start at the first missing byte."""
    said = headers.get("Content-Range", "")
    if not said.startswith(f"bytes {start}-"):
        discard(part)
        raise _Interrupted(f"{url}: the server sends '{said}' instead of the rest from {start}")


def _require_file(headers: Message, total: int | None, size: int | None, url: str) -> None:
    """Refuse a wrong file before its bytes arrive; earlier bytes are kept."""
    if headers.get_content_type() == "text/html":
        offered = "a web page (perhaps a login or a quota notice)"
    elif size is not None and total is not None and total != size:
        offered = f"{total:,} bytes instead of {size:,}"
    else:
        return
    raise TgbenchError(
        f"{url}: the server sends {offered}, not the published file; get it elsewhere and run "
        "`tgbench weights add FILE`"
    )


def _total(headers: Message, start: int) -> int | None:
    said = headers.get("Content-Length", "")
    return start + int(said) if said.isdigit() else None


def _validator(headers: Message) -> str:
    """Return the server's name for this content; a weak ETag does not promise equal bytes."""
    tag = headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return headers.get("Last-Modified", "")


def _note_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _note(part: Path, begun: _Begun) -> None:
    write_json(_note_path(part), asdict(begun))


def _begun(url: str, part: Path) -> _Begun | None:
    """Return the note of a download of this URL that can be continued."""
    try:
        begun = _Begun(**read_json(_note_path(part)))
    except (OSError, ValueError, TypeError):
        return None
    return begun if begun.url == url and begun.validator else None


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
        return 0


def _mebibytes(size: int | None) -> int | None:
    return None if size is None else size // _STEP
