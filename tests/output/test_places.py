"""Where outputs lead: open files, links, hard links, inputs; which files are replaced, and which kept."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import forked
from support.run import ROOT, Cli
from support.sweep import part
from support.tables import write

from actcli.errors import DataError
from actcli.output import drafts
from actcli.output.files import write_files

TABLE = "a,b\n1,-2\n-1,3\n"
RELU = "a,b\n1.0,0.0\n0.0,3.0\n"


def lay(folder: Path) -> None:
    """Create p.csv, with a link, a hard link, a functions file and a figure that no report made."""
    write(folder / "p.csv", TABLE)
    (folder / "link.csv").symlink_to("p.csv")
    write(folder / "f.toml", '[mine]\nformula = "x"\n')
    write(folder / "keep-layers.svg", "mine")


@pytest.mark.parametrize(
    "words",
    [
        ("saturation", "relu", "p.csv", "-o", "p.csv"),
        ("saturation", "relu", "p.csv", "-o", "link.csv"),
        ("saturation", "relu", "link.csv", "-o", "./p.csv"),
        ("saturation", "relu", "p.csv", "-o", "hard.csv"),
        ("saturation", "relu", "p.csv", "--input-format", "csv", "--report", "p.md"),
        ("plot", "relu", "-i", "p.csv", "-o", "p.csv"),
        ("compare", "relu", "tanh", "-i", "p.csv", "-o", "p.csv"),
        ("fit", "elu", "--to", "p.csv", "-o", "p.csv"),
        ("eval", "mine", "p.csv", "--functions", "f.toml", "-f", "csv", "-o", "f.toml"),
        ("saturation", "relu", "p.csv", "--report", "keep.md"),
        ("saturation", "relu", "p.csv", "-o", "new-layers.svg", "--report", "new.md"),
    ],
    ids=" ".join,
)
def test_inputs_and_foreign_files_are_never_replaced(cli: Cli, tmp_path: Path, words: Sequence[str]) -> None:
    """It is a usage error, and every file is unchanged."""
    lay(tmp_path)
    os.link(tmp_path / "p.csv", tmp_path / "hard.csv")
    if "p.md" in words:
        (tmp_path / "p.md").symlink_to("p.csv")
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    cli.fails(2, *words, cwd=tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "words",
    [
        ("layers", "m.onnx", "-o", "m.onnx", "-f", "csv"),
        ("saturation", "--model", "m.onnx", "p.csv", "-o", "p.csv"),
        ("saturation", "--model", "m.onnx", "p.csv", "-o", "m.onnx", "-f", "csv"),
        ("saturation", "--model", "m.onnx", "--input", "x=p.csv", "-o", "p.csv"),
        ("compare", "relu", "--model", "m.onnx", "-i", "x=p.csv", "-o", "p.csv"),
        ("train", "relu", "-i", "w.npz", "--target", "y", "--save", "w.npz"),
        ("train", "relu", "-i", "p.csv", "--target", "y", "--test", "w.npz", "--save", "w.npz"),
        ("train", "relu", "-i", "p.csv", "--target", "y", "--weights", "w.npz", "--save", "w.npz"),
        ("train", "relu", "-i", "p.csv", "--target", "y", "-o", "p.csv"),
    ],
    ids=" ".join,
)
def test_no_file_that_a_run_reads_is_replaced(cli: Cli, tmp_path: Path, words: Sequence[str]) -> None:
    """Whatever it is read as, the error comes before any file is opened."""
    for name in ("m.onnx", "p.csv", "w.npz"):
        write(tmp_path / name, name)
    assert "is also an input" in cli.fails(2, *words, cwd=tmp_path)
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == ["m.onnx", "p.csv", "w.npz"]


def test_a_filter_may_replace_its_table_and_a_report_itself(cli: Cli, tmp_path: Path) -> None:
    lay(tmp_path)
    assert cli.ok("eval", "relu", "p.csv", "-o", "link.csv", cwd=tmp_path) == ""
    assert (tmp_path / "p.csv").read_text() == RELU
    assert (tmp_path / "link.csv").is_symlink()
    for _ in range(2):
        cli.ok("saturation", "relu", "p.csv", "--report", "r.md", cwd=tmp_path)
    assert (tmp_path / "r-layers.svg").exists()


def test_a_hyphen_is_standard_output(cli: Cli, tmp_path: Path) -> None:
    lay(tmp_path)
    assert cli.ok("eval", "relu", "p.csv", "-o", "-", "-f", "csv", cwd=tmp_path) == RELU
    assert cli.ok("eval", "relu", "p.csv", "-o", "-", "-f", "tsv", "-o", "x.csv", cwd=tmp_path).startswith("a\tb")
    assert not (tmp_path / "-").exists()


@pytest.mark.sweep
@pytest.mark.parametrize("name", part(["/dev/stdout", "/proc/self/fd/{}", "/dev/fd/{}", "out"], 2))
def test_an_open_file_is_written_directly(tmp_path: Path, name: str) -> None:
    """The content of a log stays, and later output follows the result."""
    lay(tmp_path)
    (tmp_path / "out").symlink_to("/dev/stdout")
    log = write(tmp_path / "log", "before\n")
    with open(log, "ab") as file:
        number = file.fileno()
        command = [sys.executable, "-m", "actcli", "eval", "relu", "p.csv", "-f", "csv", "-o", name.format(number)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, cwd=tmp_path, stdout=file, pass_fds=[number], check=True, env=environment)
        file.write(b"after\n")
    assert log.read_text() == f"before\n{RELU}after\n"
    assert (tmp_path / "out").is_symlink()


def test_a_loop_of_links_is_an_error(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to("b.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    assert "symbolic links" in cli.fails(1, "list", "-o", "a.csv", cwd=tmp_path)
    assert (tmp_path / "a.csv").is_symlink()


def test_a_hard_link_keeps_its_twin(tmp_path: Path) -> None:
    """Both names have the new content, whether it is shorter or longer than the old."""
    old = write(tmp_path / "a", "old")
    os.link(old, tmp_path / "b")
    for content in (b"n", b"new content"):
        write_files([(str(old), [content])])
        assert (tmp_path / "b").read_bytes() == content
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_a_later_failure_restores_replaced_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Existing files have their old content, and new ones are gone."""
    write(tmp_path / "a", "old")
    replace = os.replace

    def fails(source: str, target: str) -> None:
        if target.endswith("c"):
            raise OSError(errno.EIO, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(drafts.os, "replace", fails)
    with pytest.raises(DataError, match="c: cannot be written: Input/output error"):
        write_files([(str(tmp_path / name), [b"new"]) for name in "abc"])
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EPERM, errno.EACCES])
def test_a_file_that_cannot_be_replaced_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A mounted file, or another's in a sticky folder."""

    def fails(source: str, target: str) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(drafts.os, "replace", fails)
    path = write(tmp_path / "a", "old content")
    write_files([(str(path), [b"new"])])
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(os.geteuid() != 0, reason="root may write all")
def test_root_leaves_the_owner_and_no_setuid(tmp_path: Path) -> None:
    path = write(tmp_path / "a", "old")
    os.chown(path, 1234, 4321)
    path.chmod(0o6755)
    write_files([(str(path), [b"new"])])
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (1234, 4321, 0o755)


@contextmanager
def as_nobody() -> Iterator[Path]:
    """Run in a folder with an empty folder `out`, without root's privileges even if root runs the tests."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:  # those of pytest are root's alone
        os.chmod(folder, 0o755)
        out = Path(folder) / "out"
        out.mkdir()
        try:
            yield out
        finally:
            if root:
                os.seteuid(0)
            out.chmod(0o700)


def drop_rights() -> None:
    if os.geteuid() == 0:
        os.seteuid(65534)


def test_a_read_only_file_is_kept() -> None:
    """As with `cp`, even though the folder would allow replacing it."""
    with as_nobody() as out:
        path = write(out / "a", "old")
        path.chmod(0o444)
        out.chmod(0o777)
        drop_rights()
        with pytest.raises(DataError, match="a: cannot be written: Permission denied"):
            write_files([(str(path), [b"new"])])
        assert path.read_text() == "old"


@pytest.mark.parametrize("mode", [0o555, 0o1777])
def test_a_writable_file_in_a_read_only_folder(mode: int) -> None:
    """A read-only folder, or a sticky one with another user's file."""
    with as_nobody() as out:
        path = write(out / "a", "old content")
        path.chmod(0o666)
        out.chmod(mode)
        drop_rights()
        write_files([(str(path), [b"new"])])
        assert path.read_text() == "new"
        assert os.listdir(out) == ["a"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [("eval", "reluu", "1"), ("list", "--nothing")])
def test_an_unwritable_message_does_not_change_the_status(words: Sequence[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([forked.program(), *words], stderr=full, cwd=ROOT, check=False)
    assert done.returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of the size of files")
@pytest.mark.sweep
@pytest.mark.parametrize("out", part([(), ("-o", "out/x.parquet"), ("-o", "out/x.csv")], 2), ids=" ".join)
def test_a_write_that_is_cut_short_is_an_error(tmp_path: Path, out: Sequence[str]) -> None:
    """Buffered or not; the size of files is limited."""
    import resource

    (tmp_path / "out").mkdir()
    write(tmp_path / "big.csv", "a\n" + "0.123456789\n" * 20_000)
    command = [sys.executable, "-m", "actcli", "eval", "gelu", "big.csv", *out]
    with open(tmp_path / "stdout", "wb") as file:
        done = subprocess.run(
            command,
            cwd=tmp_path,
            stdout=file,
            stderr=subprocess.PIPE,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (90, 90)),
        )
    assert done.returncode == 1
    assert done.stderr.count(b"\n") <= 2
    assert b"File too large" in done.stderr
    assert os.listdir(tmp_path / "out") == []


def test_a_pipe_that_is_full_is_waited_for(tmp_path: Path) -> None:
    """A non-blocking pipe takes part of a write, and nothing when it is full."""
    reader, end = os.pipe()
    os.set_blocking(end, False)
    command = [forked.program(), "eval", "relu", "--range", "1:20000"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=end, env=environment) as run:
        os.close(end)
        with open(reader, "rb") as file:
            lines = file.read().splitlines()
    assert run.returncode == 0
    assert lines[-1] == b"20000.0,20000.0"
