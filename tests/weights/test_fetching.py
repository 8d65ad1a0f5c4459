from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError, Unavailable
from tgbench.weights import weight_file
from tgbench.weights.fetching import download
from tgbench.weights.installing import fetch
from tgbench.weights.table import Weights

from .conftest import CONTENT, Server

Enter = Callable[..., Weights]


def ranges(server: Server) -> list[str | None]:
    return [asked.get("Range") for asked in server.asked]


def leftovers(store: Path) -> list[str]:
    return sorted(path.name for path in store.iterdir() if not path.name.endswith(".lock"))


def test_a_fetched_file_is_whole_and_recorded(server: Server, store: Path, enter: Enter) -> None:
    enter()
    assert fetch("net").read_bytes() == CONTENT
    assert weight_file("net") == store / "net.pth"
    assert leftovers(store) == ["net.pth", "net.pth.json"]
    fetch("net")
    assert len(server.asked) == 1


def test_a_broken_connection_is_resumed_where_it_broke(
    server: Server, store: Path, enter: Enter
) -> None:
    enter()
    server.cut_after = [1_000_000, 500_000]
    assert fetch("net").read_bytes() == CONTENT
    assert ranges(server) == [None, "bytes=1000000-", "bytes=1500000-"]
    assert server.asked[1]["If-Range"] == '"first"'


def test_what_came_is_kept_for_the_next_command(server: Server, store: Path, enter: Enter) -> None:
    enter()
    server.cut_after = [700_000, 0]
    with pytest.raises(TgbenchError, match=r"700,000 bytes.*repeat the command"):
        fetch("net")
    assert not (store / "net.pth").exists()
    with pytest.raises(Unavailable, match="weights fetch net"):
        weight_file("net")
    assert fetch("net").read_bytes() == CONTENT
    assert ranges(server)[-1] == "bytes=700000-"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"etag": '"first"'}, {"etag": '"second"'}),
        ({"etag": '"first"'}, {"ranges": False}),
        ({"etag": ""}, {}),
        ({"etag": 'W/"weak"'}, {}),
    ],
    ids=["other content", "no ranges", "no validator", "weak validator"],
)
def test_bytes_of_another_content_are_never_joined(
    server: Server,
    store: Path,
    enter: Enter,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    enter()
    vars(server).update(before, content=b"x" * len(CONTENT), cut_after=[700_000, 0])
    with pytest.raises(TgbenchError, match="connection was lost"):
        fetch("net")
    vars(server).update(after, content=CONTENT, cut_after=[])
    assert fetch("net").read_bytes() == CONTENT


def test_a_continuation_from_elsewhere_is_dropped(
    server: Server, store: Path, enter: Enter
) -> None:
    enter()
    server.cut_after, server.wrong_range = [700_000], True
    with pytest.raises(TgbenchError, match="lost after 0 bytes"):
        fetch("net")
    server.wrong_range = False
    assert fetch("net").read_bytes() == CONTENT


def test_a_file_whose_last_bytes_came_before_the_kill_is_not_asked_for_again(
    server: Server, tmp_path: Path
) -> None:
    part = tmp_path / "net.part"
    server.cut_after = [700_000, 0]
    with pytest.raises(TgbenchError):
        download(server.url, part, None)
    part.write_bytes(CONTENT)
    asked = len(server.asked)
    download(server.url, part, None)
    assert part.read_bytes() == CONTENT
    assert len(server.asked) == asked


def test_a_part_longer_than_the_file_is_started_anew(server: Server, tmp_path: Path) -> None:
    part = tmp_path / "net.part"
    server.cut_after = [700_000, 0]
    with pytest.raises(TgbenchError):
        download(server.url, part, None)
    part.write_bytes(CONTENT + b"more")
    download(server.url, part, None)
    assert part.read_bytes() == CONTENT


def test_a_file_without_a_published_length_comes_whole(
    server: Server, store: Path, enter: Enter
) -> None:
    enter(size=None)
    server.length = False
    assert fetch("net").read_bytes() == CONTENT


def test_a_wrong_hash_is_refused_and_nothing_stays(
    server: Server, store: Path, enter: Enter
) -> None:
    enter()
    server.content = b"y" * len(CONTENT)
    with pytest.raises(Unavailable, match=r"net has sha256 [0-9a-f]{64}.*not kept"):
        fetch("net")
    assert leftovers(store) == []


def test_a_wrong_size_is_refused_before_it_is_fetched(
    server: Server, store: Path, enter: Enter
) -> None:
    enter()
    server.content = CONTENT * 2
    with pytest.raises(TgbenchError, match=r"6,144,000 bytes instead of 3,072,000"):
        fetch("net")
    assert leftovers(store) == []


def test_a_web_page_is_not_taken_for_a_file(server: Server, store: Path, enter: Enter) -> None:
    enter(sha256="", size=None)
    server.kind = "text/html; charset=utf-8"
    with pytest.raises(TgbenchError, match="sends a web page"):
        fetch("net")
    assert leftovers(store) == []


def test_a_login_page_does_not_cost_what_came_before(
    server: Server, store: Path, enter: Enter
) -> None:
    enter()
    server.cut_after = [700_000, 0]
    with pytest.raises(TgbenchError, match="connection was lost"):
        fetch("net")
    server.kind, server.ranges = "text/html", False
    with pytest.raises(TgbenchError, match="sends a web page"):
        fetch("net")
    server.kind, server.ranges = "application/octet-stream", True
    assert fetch("net").read_bytes() == CONTENT
    assert ranges(server)[-1] == "bytes=700000-"


def test_what_torchs_cache_holds_is_not_fetched(
    server: Server, store: Path, enter: Enter, tmp_path: Path
) -> None:
    enter(in_torch_hub=True)
    cached = tmp_path / "torch" / "hub" / "checkpoints" / "net.pth"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(CONTENT)
    assert fetch("net") == cached
    assert server.asked == []


def test_another_content_than_recorded_is_refused(
    server: Server, store: Path, enter: Enter
) -> None:
    enter(sha256="", size=None)
    fetch("net").unlink()
    server.content = b"z" * 1000
    with pytest.raises(Unavailable, match=r"recorded on .* not comparable"):
        fetch("net")
    assert leftovers(store) == ["net.pth.json"]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refusal_is_told_with_the_alternative(
    server: Server, store: Path, enter: Enter, status: int
) -> None:
    enter()
    server.status = status
    with pytest.raises(TgbenchError, match=rf"answers {status}.*weights add"):
        fetch("net")


def test_offline_is_told_with_the_alternative(store: Path, enter: Enter, server: Server) -> None:
    with pytest.raises(Unavailable, match=r"offline.*weights add"):
        download("http://127.0.0.1:9/net.pth", store / "part", None)


def test_redirects_are_followed_with_their_range(server: Server, store: Path, enter: Enter) -> None:
    enter()
    server.redirect_to = f"{server.address}/elsewhere.pth"
    server.cut_after = [700_000]
    assert fetch("net").read_bytes() == CONTENT
    assert [asked["path"] for asked in server.asked[1::2]] == ["/elsewhere.pth"] * 2
    assert server.asked[3]["Range"] == "bytes=700000-"


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x"])
def test_only_the_web_is_fetched_from(
    server: Server, store: Path, enter: Enter, tmp_path: Path, address: str
) -> None:
    with pytest.raises(TgbenchError, match="only http and https"):
        download(address, tmp_path / "part", None)
    enter()
    server.redirect_to = address
    with pytest.raises(TgbenchError, match=r"only http and https|answers 302"):
        fetch("net")


def test_the_file_in_an_archive_is_taken_out(server: Server, store: Path, enter: Enter) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inside.pb", CONTENT)
    server.content = packed.getvalue()
    sha1 = hashlib.sha1(CONTENT).hexdigest()
    enter(member="inside.pb", size=None, sha256="", sha1=sha1)
    assert fetch("net").read_bytes() == CONTENT
    assert leftovers(store) == ["net.pth", "net.pth.json"]


def test_a_damaged_archive_is_told(server: Server, store: Path, enter: Enter) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("another.pb", CONTENT)
    server.content = packed.getvalue()
    enter(member="inside.pb", size=None, sha256="", sha1="0" * 40)
    with pytest.raises(TgbenchError, match=r"has no inside\.pb"):
        fetch("net")
    assert leftovers(store) == []


def test_two_processes_that_fetch_the_same_file_both_have_it(server: Server, store: Path) -> None:
    script = (
        "from tgbench.weights import installing, table;"
        f"entry = table.Weights('net', 'net.pth', 'tests', {server.url!r}, 'none');"
        "table.TABLE['net'] = entry; print(installing.fetch('net'))"
    )
    environment = {**os.environ, "TGBENCH_WEIGHTS": str(store)}
    running = [
        subprocess.Popen([sys.executable, "-c", script], env=environment, text=True, stdout=-1)
        for _ in range(3)
    ]
    assert [process.communicate()[0].strip() for process in running] == [f"{store}/net.pth"] * 3
    assert (store / "net.pth").read_bytes() == CONTENT
    assert len(server.asked) == 1
