"""Tables for papers and for scripts: the columns that a screen shows, rounded; rows without a header."""

from __future__ import annotations

import pytest
from support.run import DATA, Cli

LAYERS = [str(DATA / "relu_trained" / f"layer{k}.csv") for k in (1, 2)]
COMMANDS = {
    "saturation": (("saturation", "relu", *LAYERS), "layer | size | dead | vanishing | sat. low | sat. high"),
    "neurons": (("saturation", "relu", LAYERS[1], "--by", "neuron"), "layer | neuron | dead | vanishing"),
    "compare": (("compare", "relu", "gelu"), r"function | E\[f\]"),
    "layers": (("compare", "relu", "gelu", "-i", LAYERS[0]), "layer | function | dead | vanishing"),
    "trend": (("trend", str(DATA / "run.jsonl")), "layer | function | measure | first | last"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_markdown_and_latex_have_the_columns_of_the_screen(name: str, cli: Cli) -> None:
    """Both have the same number of rows, and numbers with the digits asked for."""
    command, head = COMMANDS[name]
    table = cli(*command, "-f", "markdown", "--digits", "3").stdout.decode().splitlines()
    latex = cli(*command, "-f", "latex", "--digits", "3").stdout.decode().splitlines()
    assert table[0].startswith(f"| {head}")
    assert latex[0].startswith(r"\begin{tabular}{l")
    assert (latex[1], latex[3], latex[-2]) == (r"\toprule", r"\midrule", r"\bottomrule")
    assert len(latex) - 6 == len(table) - 2
    assert max(map(len, table)) < 200


def test_digits_are_obeyed(cli: Cli) -> None:
    row = cli.ok("eval", "sigmoid", "1", "-f", "markdown", "--digits", "4").splitlines()[2]
    assert row == "| 1 | 0.7311 |"
    assert cli.ok("grad", "sigmoid", "1", "-f", "latex", "--digits", "2").splitlines()[4] == r"1 & 0.73 & 0.2 \\"


def test_names_are_never_latex_commands(cli: Cli) -> None:
    """For any name of a layer."""
    path = str(DATA / "relu_trained" / "layer1.csv")
    text = cli.ok("compare", r"x*tanh(softplus(x))", "x", "-i", path, "-f", "latex")
    assert r"x*tanh(softplus(x))" in text
    text = cli.ok("list", "-f", "latex")
    assert r"binary\_step" in text
    assert not [line for line in text.splitlines() if line.count("_") != line.count(r"\_")]


def test_a_header_can_be_left_out(cli: Cli) -> None:
    """In sheets and filtered tables; for a format without a header it is an error before anything is read."""
    assert cli.ok("eval", "relu", "-1", "2", "--no-header-out") == "-1.0,0.0\n2.0,2.0\n"
    assert cli.ok("eval", "relu", "--no-header-out", "-f", "tsv", stdin=b"a,b\n1,-2\n") == "1.0\t0.0\n"
    names = cli.ok("list", "--no-header-out").splitlines()
    assert names[0].startswith("identity,")
    for format in ("json", "markdown", "latex", "table"):
        assert "no header to leave out" in cli.fails(2, "eval", "relu", "1", "--no-header-out", "-f", format)


@pytest.mark.parametrize("command", ["eval", "saturation"])
def test_an_empty_standard_input_is_one_error(command: str, cli: Cli) -> None:
    assert "standard input: is empty" in cli.fails(1, command, "relu", stdin=b"")


def test_a_table_and_figures_in_one_run(cli: Cli, tmp_path: pytest.TempPathFactory) -> None:
    files = [f"{tmp_path}/{name}" for name in ("a.svg", "b.png", "c.eps")]
    out = cli.ok("saturation", "relu", *LAYERS, "-f", "table", *(word for file in files for word in ("-o", file)))
    assert out.startswith("relu on 2 layers: ok")
    for file in files:
        with open(file, "rb") as made:
            assert made.read(4) in (b"<?xm", b"\x89PNG", b"%!PS")
