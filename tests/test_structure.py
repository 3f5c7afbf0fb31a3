"""The shape of the code: imports run one way, each heavy library is known to one room, and tests mirror the rooms."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

import pytest
from support.run import ROOT

PACKAGE = ROOT / "actcli"

# A room may import itself and those before it.
ROOMS = (
    "errors", "text", "outcome", "parameters", "activation", "numerics", "functions", "expressions", "registry",
    "analysis", "fitting", "tables", "models", "measuring", "training", "diagnosis", "reports", "figures", "output",
    "watching", "cli",
)  # fmt: skip
RANK = {room: rank for rank, room in enumerate(ROOMS)}

# The one room that knows a heavy library.
HOMES = {
    "click": "cli",
    "rich": "reports",
    "matplotlib": "figures",
    "polars": "tables",
    "fsspec": "tables",
    "plotille": "reports",
    "distributed": "measuring",
    "onnx": "models",
    "onnxruntime": "models",
    "torch": "models",
    "keras": "models",
}

TESTS = ROOT / "tests"
MODULES = sorted(path for path in TESTS.rglob("*.py") if "benchmarks" not in path.parts)

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or not path.name.startswith("__"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Every module that the file imports anywhere, `actcli.x` by its full name; of the face of the results those for
    type checkers are left out, to whom it names what the rooms above make."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    if path == PACKAGE / "outcome.py":
        tree.body = [node for node in tree.body if not isinstance(node, ast.If)]
    left: list[ast.AST] = [*tree.body]
    while left:
        node = left.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif not isinstance(node, ast.expr):  # no expression imports
            left += ast.iter_child_nodes(node)
    return found


def may_know(mine: str, name: str) -> bool:
    """Whether a file of this room may import this."""
    parts = name.split(".")
    if parts[0] == "actcli" and parts[1] in RANK:
        return parts[1] == mine or RANK[parts[1]] < RANK[mine]
    return HOMES.get(parts[0], mine) == mine


def test_imports_run_one_way() -> None:
    """No file imports from a room above its own, and only its home knows a heavy library."""
    assert FILES
    assert [(path, name) for path in FILES for name in imports(path) if not may_know(room(path), name)] == []
    assert not may_know("text", "actcli.cli.main")
    assert not may_know("text", "rich.table")


def test_files_stay_short() -> None:
    """A file of more than 400 lines is two things."""
    assert [path for path in (*FILES, *MODULES) if len(path.read_text().splitlines()) > 400] == []


def test_tests_stand_alone_in_the_folder_of_their_room() -> None:
    """What two test modules need is in `support`; a folder of tests is a room, or what serves the tests."""
    assert MODULES
    for path in MODULES:
        assert not any(part.startswith("test_") for name in imports(path) for part in name.split(".")[:2]), path
        place = path.relative_to(TESTS).parts[0]
        assert path.parent == TESTS or place in {*ROOMS, "support", "documentation"}, path


@pytest.mark.skipif(not (ROOT / ".git").exists() or shutil.which("git") is None, reason="no clone, or no git")
def test_the_top_level_holds_what_it_should() -> None:
    """And no file that a run has left there is committed."""
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    top = {name.partition("/")[0] for name in done.stdout.split("\0") if name and not name.startswith(".")}
    assert top == {"LICENSE", "README.md", "actcli", "man", "pyproject.toml", "tests"}
