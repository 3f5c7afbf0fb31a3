"""Every environment variable that actcli or one of its libraries reads: what a run does if its value is odd."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from support.run import LAYER, Process
from support.sweep import part

from actcli.cli.environment import RULES
from actcli.cli.shells import ASKED

NUMBERS = ("eval", "relu", "1")
TABLE = ("saturation", "relu", LAYER)
PAGE = ("list", "-f", "table")
CHART = ("plot", "relu")
DRAWN = ("saturation", "relu", LAYER, "-f", "csv", "-o")

# Ignored with a note: the variable, its value, and a run that it would have affected.
SAID = [
    ("COLUMNS", "0", PAGE), ("COLUMNS", "-1", PAGE), ("COLUMNS", "99999999999999999999", CHART), ("COLUMNS", "", PAGE),
    ("COLUMNS", "abc", CHART), ("LINES", "0", CHART), ("LINES", "99999999999999", CHART),
    ("POLARS_MAX_THREADS", "0", TABLE), ("POLARS_MAX_THREADS", "abc", TABLE), ("POLARS_MAX_THREADS", "100000", TABLE),
    ("POLARS_VERBOSE", "1", TABLE), ("POLARS_ENGINE_AFFINITY", "nonsense", TABLE), ("POLARS_FORCE_PKG", "x", TABLE),
    ("POLARS_MAX_EXPR_DEPTH", "1", TABLE),
    ("NPY_DISABLE_CPU_FEATURES", "nonsense", NUMBERS), ("OPENBLAS_VERBOSE", "5", NUMBERS),
    ("OPENBLAS_CORETYPE", "nonsense", NUMBERS),
]  # fmt: skip
# Ignored without a note, as they affect no result.
SILENT = [
    ("MPLBACKEND", "module://matplotlib_inline.backend_inline"), ("MPLBACKEND", "nonsense"), ("MPLBACKEND", "TkAgg"),
    ("MATPLOTLIBRC", "/nonexistent"), ("MPLCONFIGDIR", "/proc/x"), ("OPENBLAS_NUM_THREADS", "abc"),
    ("OMP_NUM_THREADS", "0"), ("POLARS_FMT_STR_LEN", "abc"), ("POLARS_MAX_THREADS", "3"), ("RUST_BACKTRACE", "full"),
    ("PYTHONWARNINGS", "error"), ("PYTHONDEVMODE", "1"), ("PYTHONUNBUFFERED", "1"), ("LC_ALL", "nonsense"),
    ("TERM", "nonsense"), ("FORCE_COLOR", "1"), ("TTY_COMPATIBLE", "x"), ("UNICODE_VERSION", "x"),
    ("XDG_CONFIG_HOME", "\udcff"), ("HOME", "/nonexistent"), ("TMPDIR", "/nonexistent"), ("ACTCLI_FUNCTIONS", ":"),
    ("MPL_IGNORE_SYSTEM_FONTS", "x"), ("COLUMNS", "60"), ("TZ", "nonsense"), ("_RJEM_MALLOC_CONF", "garbage"),
]  # fmt: skip


@cache
def usual(process: Process, *words: str) -> bytes:
    """The output of a run without such a variable."""
    return process(*words).stdout


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "value", "words"), part(SAID, 8))
def test_a_setting_that_is_ignored_is_named(process: Process, name: str, value: str, words: tuple[str, ...]) -> None:
    """One line names it, and the result is the same as without it."""
    done = process(*words, **{name: value})
    assert (done.returncode, done.stderr.decode()) == (0, f"actcli: the environment variable {name} is ignored\n")
    assert done.stdout == usual(process, *words)


@pytest.fixture(scope="module")
def drawn(process: Process, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """The numbers and the figure without such a variable."""
    figure = tmp_path_factory.mktemp("usual") / "b.png"
    return process(*DRAWN, str(figure)).stdout, figure.read_bytes()


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "value"), part(SILENT, 32))
def test_other_settings_change_nothing(
    process: Process, drawn: tuple[bytes, bytes], tmp_path: Path, name: str, value: str
) -> None:
    """Neither numbers nor a figure change."""
    done = process(*DRAWN, str(tmp_path / "a.png"), **{name: value})
    assert (done.returncode, done.stderr) == (0, b"")
    assert (done.stdout, (tmp_path / "a.png").read_bytes()) == drawn


def test_a_setting_of_a_library_that_is_not_loaded_is_not_noted(process: Process) -> None:
    process.ok(*NUMBERS, POLARS_VERBOSE="1", COLUMNS="0")


@pytest.mark.exhaustive
def test_matplotlibrc_has_no_effect(process: Process, tmp_path: Path) -> None:
    """Neither that of the folder nor that of the user: figures are the same for all."""
    (tmp_path / "matplotlibrc").write_bytes(b"backend: nonsense\nlines.linewidth: abc\nno colon\n")
    process.ok("plot", "relu", "-o", "a.png", cwd=tmp_path, MPLCONFIGDIR=str(tmp_path))
    (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe")
    done = process("plot", "relu", "-o", "b.png", cwd=tmp_path, MPLCONFIGDIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"matplotlibrc cannot be read" in done.stderr
    assert not (tmp_path / "b.png").exists()


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["a.pdf", "a.html"])
@pytest.mark.parametrize("value", part(["garbage", "1e5", "1.5", "0x10", "253402300800"], 5))
def test_an_invalid_date_is_an_error(process: Process, tmp_path: Path, name: str, value: str) -> None:
    """For a report and for a figure."""
    option = "--report" if name.endswith("html") else "-o"
    done = process("compare", "relu", "tanh", option, str(tmp_path / name), SOURCE_DATE_EPOCH=value)
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"actcli: SOURCE_DATE_EPOCH is {value!r}\n")


@pytest.mark.parametrize("asked", ["bash_complete", "zsh_complete", "fish_complete", "nonsense", "bash_source"])
def test_completion_that_no_script_asked_for_is_an_error(process: Process, asked: str) -> None:
    done = process(**{ASKED: asked})
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(f"actcli: only completion scripts may set {ASKED}: ".encode())
    assert done.stderr.count(b"\n") == 1


def test_each_rule_is_tried() -> None:
    """A new rule needs a case here."""
    from fnmatch import fnmatchcase

    tried = {name for name, *_ in (*SAID, *SILENT)} | {"POLARS_SKIP_CPU_CHECK", "NUMPY_EXPERIMENTAL_DTYPE_API"}
    assert all(any(fnmatchcase(name, rule.names) for name in tried) for rule in RULES)
    assert os.environ.get("POLARS_VERBOSE") is None
