"""Remote sources: a file server with or without ranges that breaks connections or denies access; and S3."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.frameworks import framework, marked, need
from support.run import Cli

from actcli.tables import remote

need("fsspec")
need("aiohttp")
pytestmark = [marked, pytest.mark.filterwarnings("default")]  # the libraries' own

ROWS = 3000


class Server(ThreadingHTTPServer):
    """Serves the files of a folder. The first folder of a path determines how."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.sent = 0
        self.broken: set[tuple[str, str]] = set()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that close the connection early."""

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        how, _, name = self.path.partition("?")[0].lstrip("/").partition("/")
        file = self.server.folder / name
        status = {"refused": 403, "faulty": 500}.get(how, 200 if file.is_file() else 404)
        data = file.read_bytes() if status == 200 else b""
        size, asked = len(data), re.match(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        whole = how.startswith("whole")
        if status == 200 and asked and not whole:
            start, stop = int(asked[1]), min(size, int(asked[2]) + 1)
            status, data = 206, data[start:stop]
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {asked[1] if asked else 0}-{stop - 1}/{size}")
        self.send_header("Content-Length", str(len(data)))
        if how == "changing":
            self.send_header("ETag", f'"{self.server.sent}"')
        self.end_headers()
        if body:
            self._send(data, (name, self.headers.get("Range", "")), how)

    def _send(self, data: bytes, request: tuple[str, str], how: str) -> None:
        self.server.sent += len(data)
        breaks = "breaking" in how and request not in self.server.broken and len(data) > 100
        if breaks:
            self.server.broken.add(request)
            data = data[: len(data) // 2]
            self.close_connection = True
        self.wfile.write(data)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    frame = pl.DataFrame({f"h{i}": np.random.default_rng(i).standard_normal(ROWS) for i in range(4)})
    frame.write_csv(folder / "a.csv")
    frame.write_ndjson(folder / "a.jsonl")
    frame.write_parquet(folder / "a.parquet")
    frame.write_ipc(folder / "a.arrow")
    np.save(folder / "a.npy", frame.to_numpy())
    np.save(folder / "f.npy", np.asfortranarray(frame.to_numpy()))
    np.savez(folder / "a.npz", a=frame.to_numpy(), b=frame.to_numpy()[:50])
    import gzip

    (folder / "a.csv.gz").write_bytes(gzip.compress((folder / "a.csv").read_bytes()))
    return folder


@pytest.fixture(scope="module")
def server(files: Path) -> Iterator[Server]:
    with Server(files) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """Use short ranges, so that there are many, and do not wait."""
    monkeypatch.setattr(remote, "FIRST", 1 << 13)
    monkeypatch.setattr(remote, "RANGE", 1 << 14)
    monkeypatch.setattr(remote, "WAITS", (0.0, 0.0))
    server.broken.clear()


@pytest.mark.parametrize("how", ["ranged", "whole", "breaking"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.parquet", "a.arrow", "a.npy", "f.npy", "a.npz"])
def test_a_file_of_a_server_is_that_file(how: str, name: str, files: Path, server: Server, cli: Cli) -> None:
    """The server supports ranges, or does not, or breaks off in the middle of each, which is then read again."""
    here = cli.ok("saturation", "relu", str(files / name), "-f", "csv")
    assert cli.ok("saturation", "relu", server.at(f"{how}/{name}?of=me"), "-f", "csv") == here
    assert bool(server.broken) == (how == "breaking")


def test_a_broken_stream_fails_whole(server: Server, cli: Cli, tmp_path: Path) -> None:
    """Without ranges it cannot resume; no output is left behind."""
    said = cli.fails(1, "eval", "relu", server.at("whole-breaking/a.csv"), "-o", str(tmp_path / "out.csv"))
    assert re.search(r"the connection broke after \d+ of \d+ bytes, and the server cannot resume", said)
    assert [*tmp_path.iterdir()] == []


def test_only_the_array_asked_for_is_read(files: Path, server: Server, cli: Cli) -> None:
    """Only the directory of an archive and the array asked for are read."""
    server.sent = 0
    cli.ok("saturation", "relu", server.at("ranged/a.npz"), "--layer", "b", "-f", "csv")
    assert server.sent < (files / "a.npz").stat().st_size / 2


def test_a_source_that_changes_is_refused(server: Server, cli: Cli) -> None:
    assert "changed while it was read" in cli.fails(1, "saturation", "relu", server.at("changing/a.csv"))


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("SERVER/refused/a.csv", 1, "access denied: 403 Forbidden"),
        ("SERVER/faulty/a.csv", 1, "cannot be read: 500 Internal Server Error"),
        ("SERVER/ranged/b.csv", 1, "b.csv: no such file"),
        ("http://127.0.0.1:1/a.csv", 1, "Cannot connect to host 127.0.0.1:1"),
        ("nothing://a/b.csv", 2, "no protocol nothing"),
        ("https://me:secret@127.0.0.1/a.csv", 2, "others can see a password in an address"),
    ],
)
def test_what_cannot_be_read_is_one_error(address: str, status: int, said: str, server: Server, cli: Cli) -> None:
    message = cli.fails(status, "saturation", "relu", address.replace("SERVER/", server.at("")))
    assert said in message
    assert "secret" not in message


def test_without_fsspec_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    assert "pip install 'actcli[remote]'" in cli.fails(2, "saturation", "relu", "s3://bucket/a.csv")


@pytest.fixture(scope="module")
def bucket(files: Path) -> Iterator[None]:
    """Provide two layers of parts in a mock of S3, and its environment variables."""
    server = framework("moto.server").ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        system = framework("s3fs").S3FileSystem()
        system.mkdir("acts")
        for layer in ("fc1", "fc2"):
            for step in (1, 2):
                for part in (1, 2, 10):
                    text = "a,b\n" + f"{step}.5,-{part}\n" * part
                    system.pipe_file(f"acts/{layer}/step={step}/part-{part}.csv", text.encode())
                system.pipe_file(f"acts/{layer}/step={step}/_SUCCESS", b"")
        system.put_file(str(files / "a.csv"), "acts/a.csv")
        yield
    server.stop()


def test_a_folder_of_s3_is_a_layer(bucket: None, files: Path, cli: Cli) -> None:
    """Its parts are in natural order and selected by labels; a glob works, and a file is read in ranges."""
    out = cli("eval", "relu", "s3://acts/fc1", "-f", "csv").stdout.decode()
    assert out.splitlines() == ["a,b", *[f"{step}.5,0.0" for step in (1, 2) for _ in range(13)]]
    folders = cli("saturation", "relu", "s3://acts/fc*", "--part", "step=2", "-f", "csv").stdout.decode()
    assert [line.split(",")[:3] for line in folders.splitlines()[1:]] == [["fc1", "relu", "13"], ["fc2", "relu", "13"]]
    glob = cli.ok("eval", "relu", "s3://acts/fc2/step=1/part-1*.csv", "-f", "csv")
    assert glob.count("1.5,0.0\n") == 11
    whole = cli.ok("saturation", "relu", "s3://acts/a.csv", "-f", "csv")
    assert whole == cli.ok("saturation", "relu", str(files / "a.csv"), "-f", "csv")


def test_errors_of_s3(bucket: None, cli: Cli) -> None:
    """The error names a bad part and its line, or a missing address."""
    system = framework("s3fs").S3FileSystem()
    system.pipe_file("acts/bad/part-1.csv", b"a\n1\n")
    system.pipe_file("acts/bad/part-2.csv", b"a\n2\nno\n")
    assert "s3://acts/bad/part-2.csv: line 3, column 1 (a): 'no'" in cli.fails(
        1, "saturation", "relu", "s3://acts/bad/"
    )
    assert "no such file" in cli.fails(1, "eval", "relu", "s3://nowhere/part.csv")
    assert "no such file" in cli.fails(1, "eval", "relu", "s3://acts/part-*.csv")
