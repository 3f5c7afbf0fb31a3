"""Rowwise functions in every command."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from support.run import Cli

from actcli.registry import specs

TABLE = b"t,h0,h1,u,h2,h3\na,1,2,9,0,0\nb,0,0,8,,0\nc,-5,4,7,0,-inf\n"


def test_eval_replaces_the_picked_columns_by_the_outputs(cli: Cli) -> None:
    """They are in the place of the first picked column, named after their inputs; other columns are unchanged."""
    assert cli.ok("eval", "glu", "-c", "h*", stdin=TABLE) == (
        't,"glu(h0,h2)","glu(h1,h3)",u\na,0.5,1.0,9\nb,,,8\nc,-2.5,0.0,7\n'
    )
    assert cli.ok("eval", "maxout:2", "-c", "h*", stdin=TABLE).splitlines()[:2] == [
        "t,maxout:num_units=2.0(1),maxout:num_units=2.0(2),u",
        "a,1.0,2.0,9",
    ]
    assert cli.ok("eval", "logsumexp", "-c", "h2:h3", stdin=TABLE) == (
        f"t,h0,h1,u,logsumexp\na,1,2,9,{math.log(2)}\nb,0,0,8,\nc,-5,4,7,0.0\n"
    )
    assert cli.ok("eval", "crelu", "-c", "h1", stdin=TABLE) == (
        "t,h0,crelu(1),crelu(2),u,h2,h3\na,1,2.0,0.0,9,0,0\nb,0,0.0,0.0,8,,0\nc,-5,4.0,0.0,7,0,-inf\n"
    )


def test_eval_appends_the_outputs(cli: Cli) -> None:
    """--append keeps every input."""
    text = cli.ok("eval", "glu", "-c", "h*", "--append", stdin=TABLE)
    assert text.splitlines()[:2] == ['t,h0,h1,u,h2,h3,"glu(h0,h2)","glu(h1,h3)"', "a,1.0,2.0,9,0.0,0.0,0.5,1.0"]


def test_outputs_in_other_formats(cli: Cli, tmp_path: Path) -> None:
    """JSON and Parquet have the names; NPY and CSV without a header do not need them."""
    assert json.loads(cli.ok("eval", "glu", "-c", "h*", "-f", "json", stdin=TABLE))[0] == {
        "t": "a",
        "glu(h0,h2)": 0.5,
        "glu(h1,h3)": 1.0,
        "u": "9",
    }
    parquet, npy = str(tmp_path / "out.parquet"), str(tmp_path / "out.npy")
    cli.ok("eval", "crelu", "-c", "h*", "-o", parquet, stdin=b"h0,u,h1\n1,x,-2\n3,y,0\n")
    assert cli.ok("eval", "identity", parquet, "-c", "crelu*") == (
        "crelu(1),crelu(2),crelu(3),crelu(4),u\n1.0,0.0,0.0,2.0,x\n3.0,0.0,0.0,0.0,y\n"
    )
    cli.ok("eval", "logsumexp", "-o", npy, stdin=b"0,0\n-inf,3\n")
    np.testing.assert_array_equal(np.load(npy), [[math.log(2)], [3.0]])
    assert cli.ok("eval", "glu", stdin=b"4,0\n6,0\n") == "2.0\n3.0\n"


def test_numbers_are_one_row(cli: Cli) -> None:
    """eval prints one line per output, grad one line per input, with its output."""
    assert cli.ok("eval", "glu", "4", "6", "0", "0") == "output,f\n1,2.0\n2,3.0\n"
    assert cli.ok("eval", "crelu", "2", "-3") == "output,f\n1,2.0\n2,0.0\n3,0.0\n4,3.0\n"
    assert cli.ok("grad", "glu", "4", "6", "0", "0") == "x,f,df\n4.0,2.0,0.5\n6.0,3.0,0.5\n0.0,2.0,1.0\n0.0,3.0,1.5\n"
    assert cli.ok("grad", "crelu", "2", "-3") == "x,f,df\n2.0,2.0,1.0\n-3.0,3.0,-1.0\n"
    assert cli.ok("grad", "logsumexp", "0", "0").splitlines()[1:] == [f"0.0,{math.log(2)},0.5"] * 2
    assert cli.ok("eval", "hardmax", "1", "2") == "x,f\n1.0,0.0\n2.0,1.0\n"


def test_grad_of_tables_has_one_value_per_input(cli: Cli) -> None:
    """The columns are unchanged, whatever the number of outputs; the Jacobian has one line per output."""
    assert cli.ok("grad", "glu", "-c", "h0:h1", stdin=TABLE).splitlines()[0] == "t,h0,h1,u,h2,h3"
    assert cli.ok("grad", "glu", stdin=b"a,b\n4,0\n") == "a,b\n0.5,1.0\n"
    assert cli.ok("grad", "glu", "--jacobian", stdin=b"a,b,c,d\n4,6,0,0\n") == (
        'row,output,d/da,d/db,d/dc,d/dd\n1,"a,c",0.5,0.0,1.0,0.0\n1,"b,d",0.0,0.5,0.0,1.5\n'
    )
    assert cli.ok("grad", "logsumexp", "--jacobian", "0", "0") == "row,output,d/d1,d/d2\n1,logsumexp,0.5,0.5\n"


@pytest.mark.parametrize(
    "arguments", [("eval", "glu"), ("grad", "glu"), ("grad", "glu", "--jacobian"), ("saturation", "glu")], ids=" ".join
)
def test_an_odd_number_of_columns_is_an_error(cli: Cli, arguments: tuple[str, ...]) -> None:
    """The same error from every command."""
    assert "3 numbers cannot be split" in cli.fails(1, *arguments, stdin=b"a,b,c\n1,2,3\n")


def test_saturation_and_compare_on_a_table(cli: Cli, tmp_path: Path) -> None:
    """The commands accept functions of any number of outputs, side by side."""
    table = tmp_path / "layer.csv"
    table.write_text("a1,a2,b1,b2\n1,3,-50,0\n2,-3,-60,0\n")
    document = json.loads(cli.ok("saturation", "glu", str(table), "-f", "json"))
    assert [neuron["neuron"] for neuron in document["neurons"] if neuron["dead"]] == ["a1", "b1"]
    assert document["layers"][0]["vanishing_ratio"] == 0.5
    names = ["glu", "swiglu", "logsumexp", "crelu", "maxout:num_units=2"]
    rows = cli.ok("compare", *names, "-i", str(table)).splitlines()
    assert {row.split(",")[0] for row in rows[1:]} == {specs.get(name).label.split(",")[0] for name in names}
