"""Files are written whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.tables import write

from actcli.errors import DataError
from actcli.output.files import open_outputs


def test_output_is_whole_or_not_at_all(tmp_path: Path) -> None:
    """After a failure the old file is unchanged, and no other file is left."""
    path = write(tmp_path / "out", "old")
    with pytest.raises(ZeroDivisionError), open_outputs([str(path)]) as (file,):
        file.write(b"%d" % (1 // 0))
    assert path.read_text() == "old"
    with open_outputs([str(path)]) as (file,):
        file.write(b"new")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["out"]


def test_output_modes_and_links(tmp_path: Path) -> None:
    """The umask applies to a new file, an old one keeps its mode, and a link stays a link."""
    before = os.umask(0o027)
    try:
        with open_outputs([str(tmp_path / "a")]):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    (tmp_path / "a").chmod(0o604)
    (tmp_path / "link").symlink_to("a")
    with open_outputs([str(tmp_path / "link")]) as (file,):
        file.write(b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"x"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o604


def test_output_to_devices_and_pipes(tmp_path: Path) -> None:
    """Files that are not regular are written directly."""
    with open_outputs(["/dev/null"]) as (file,):
        file.write(b"x")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
    reader.start()
    with open_outputs([str(fifo)]) as (file,):
        file.write(b"x")
    reader.join()
    assert got == [b"x"]


def bad_outputs() -> Sequence[tuple[str, str]]:
    """Return outputs that cannot be written, and their errors."""
    return [("no/such/out.csv", "No such file"), (".", "Is a directory"), ("file/out.csv", "Not a directory")]


@pytest.mark.parametrize(("name", "reason"), bad_outputs())
def test_impossible_outputs(tmp_path: Path, name: str, reason: str) -> None:
    """A missing folder or a directory fails before any work."""
    write(tmp_path / "file", "")
    with pytest.raises(DataError, match=reason), open_outputs([str(tmp_path / name)]):
        pytest.fail("work was begun")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_disk(tmp_path: Path) -> None:
    """A write that fails is an error that names file and reason."""
    with pytest.raises(DataError, match=r"/dev/full.*No space left"), open_outputs(["/dev/full"]) as (file,):
        file.write(b"x")
    code = "from actcli.output.files import open_outputs\nwith open_outputs([None]) as (f,): f.write(b'x')"
    with open("/dev/full", "wb") as full:
        run = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, check=False)
    assert b"DataError: standard output: cannot be written: No space left" in run.stderr
