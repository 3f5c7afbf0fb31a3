"""What is shown of clusters is run where the extra is there, and gives what it gives without one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from documentation.build import help_examples, needs_more
from support.frameworks import framework, marked
from support.run import DATA, Cli

from actcli.measuring import cluster as clusters

PAGE = (Path(__file__).parent / "pages" / "datasets.md").read_text()
SHOWN = re.findall(r"^actcli .* --dask local.*$", PAGE, re.MULTILINE)
EXAMPLES = [example for _, example in help_examples() if needs_more(example)]


@marked
@pytest.mark.filterwarnings("default")  # of distributed
def test_a_cluster_gives_what_is_shown(tmp_path: Path, cli: Cli) -> None:
    """All on one cluster, as a start takes some seconds."""
    distributed = framework("distributed")
    (tmp_path / "acts").symlink_to(DATA / "acts")
    with clusters._quiet(), clusters._processes(distributed, 1) as own:
        for command in dict.fromkeys([*SHOWN, *EXAMPLES]):
            found = shlex.split(re.sub(r" --dask local\S*", "", command))[1:]
            where = ["--dask", own.scheduler_address]
            if "-o" in found:  # what it writes is compared in the tests of its room
                assert cli(*found, *where, cwd=tmp_path).returncode == 0
                continue
            done, apart = (cli(*found, "-f", "csv", *more, cwd=tmp_path) for more in ([], where))
            assert (apart.returncode, apart.stderr) == (0, done.stderr)
            assert apart.stdout == done.stdout
