"""What is shown of clusters is run where the extra is there, and gives what it gives without one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from documentation.build import help_examples, needs_more
from support.forked import words
from support.frameworks import marked, need
from support.run import DATA, Cli

PAGE = (Path(__file__).parent / "pages" / "datasets.md").read_text()
SHOWN = re.findall(r"^actcli .* --dask local.*$", PAGE, re.MULTILINE)
EXAMPLES = [example for _, example in help_examples() if needs_more(example)]


@marked
@pytest.mark.filterwarnings("default")  # of distributed
def test_a_cluster_gives_what_is_shown(tmp_path: Path, cli: Cli) -> None:
    """One of each, as a start takes some seconds."""
    need("distributed")
    (tmp_path / "acts").symlink_to(DATA / "acts")
    for command in dict.fromkeys([*SHOWN, *EXAMPLES]):
        found = words(command, tmp_path)
        assert found is not None
        if "-o" in found:  # what it writes is compared in the tests of its room
            assert cli(*found, cwd=tmp_path).returncode == 0
            continue
        own = [*found, "-f", "csv"]
        at = own.index("--dask")
        done, apart = cli(*own[:at], *own[at + 2 :], cwd=tmp_path), cli(*own, cwd=tmp_path)
        assert (apart.returncode, apart.stderr) == (0, done.stderr)
        assert apart.stdout == done.stdout
