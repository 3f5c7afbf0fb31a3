"""The results of saturation, compare, plot, list and show."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.run import LAYER, Cli, rows

from actcli.registry.collection import ACTIVATIONS


def test_saturation_without_inputs_gives_the_regions(cli: Cli) -> None:
    """Without input the rows are regions."""
    wanted = "function,from,to,kind\nrelu6,-inf,0.0,zero\nrelu6,6.0,inf,zero\n"
    assert cli.ok("saturation", "relu6") == wanted


def test_saturation_rows(cli: Cli) -> None:
    """One row per layer by default, else per neuron or region, with the names of the JSON."""
    document = json.loads(cli.ok("saturation", "relu", LAYER, "-f", "json"))
    assert document["schema"] == "actcli.saturation/2"
    assert document["regions"] == [{"function": "relu", "from": None, "to": 0.0, "kind": "zero"}]
    assert document["thresholds"]["tau"] == pytest.approx(0.0591)
    (layer,) = rows(cli.ok("saturation", "relu", LAYER))
    assert list(layer) == list(document["layers"][0])
    assert float(layer["vanishing_ratio"]) == document["layers"][0]["vanishing_ratio"]
    neurons = rows(cli.ok("saturation", "relu", LAYER, "--by", "neuron"))
    assert list(neurons[0]) == list(document["neurons"][0])
    assert [n["neuron"] for n in neurons if n["dead"] == "true"] == ["h13", "h21"]
    assert rows(cli.ok("saturation", "relu", LAYER, "--by", "region"))[0]["kind"] == "zero"


def test_saturation_of_numbers_is_one_neuron(cli: Cli) -> None:
    """Bare numbers are the samples of one neuron x."""
    (layer,) = rows(cli.ok("saturation", "relu", "-1", "2", "-3", "-4"))
    assert (layer["samples"], layer["neurons"], layer["vanishing_ratio"]) == ("4", "1", "0.75")


def test_gates(cli: Cli) -> None:
    """A failed gate gives status 3 and a line on standard error; the result is still printed."""
    done = cli("saturation", "relu", LAYER, "--max-dead", "0.05", "--max-vanishing", "0.9")
    assert done.returncode == 3
    assert done.stderr.decode() == "actcli: layer2: dead_neuron_ratio is 0.0625, above 0.05\n"
    assert done.stdout.startswith(b"name,function,samples")
    cli.ok("saturation", "relu", LAYER, "--max-dead", "0.0625")
    done = cli("saturation", "relu", LAYER, "--min-gradient", "0.5", "--max-saturated", "0.5")
    assert done.returncode == 3
    assert [line.split(" is ")[0] for line in done.stderr.decode().splitlines()] == [
        "actcli: layer2: saturated_ratio",
        "actcli: layer2: mean_abs_gradient",
    ]
    assert "below 0.5" in done.stderr.decode()
    nothing = cli("saturation", "relu", "inf", "--min-gradient", "0.1")
    assert (nothing.returncode, b"has no values" in nothing.stderr) == (3, True)


def test_compare_alone_and_on_inputs(cli: Cli) -> None:
    """One row per function; with inputs one row per function and layer, with the measures of `saturation`."""
    document = json.loads(cli.ok("compare", "relu", "gelu", "-f", "json"))
    assert [f["name"] for f in document["functions"]] == ["relu", "gelu"]
    assert document["functions"][0]["range"] == [0.0, None]
    assert document["functions"][0]["he_gain"] == pytest.approx(math.sqrt(2))
    assert document["layers"] == []
    found = rows(cli.ok("compare", "relu", "tanh", "-i", LAYER))
    assert [(row["function"], row["layer"]) for row in found] == [("relu", "layer2"), ("tanh", "layer2")]
    (alone,) = rows(cli.ok("saturation", "tanh", LAYER))
    for name in ("vanishing_ratio", "saturated_low_ratio", "dead_neurons", "verdict"):
        assert found[1][name] == alone[name]


def test_plot_writes_a_figure_or_a_chart(cli: Cli, tmp_path: Path) -> None:
    """The name after -o gives the format; without -o a chart no wider than the terminal is printed."""
    for suffix, magic in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        file = tmp_path / f"figure{suffix}"
        assert cli.ok("plot", "relu", "gelu", "--grad", "-o", str(file)) == ""
        assert file.read_bytes().startswith(magic)
    chart = cli.ok("plot", "relu", "tanh", COLUMNS="60", LINES="20")
    assert max(map(len, chart.splitlines())) <= 60
    assert "\x1b" not in chart


def test_list_and_show(cli: Cli) -> None:
    """list names every function; show prints formula, parameters, convention and source of one."""
    assert [row["name"] for row in rows(cli.ok("list"))] == [a.name for a in ACTIVATIONS]
    for activation in ACTIVATIONS:
        card = {row["field"]: row["value"] for row in rows(cli.ok("show", activation.name))}
        assert (card["f(x)"], card["source"]) == (activation.formula, activation.source)


def test_results_are_the_same_bits_from_any_format_with_any_threads(cli: Cli, tmp_path: Path) -> None:
    """Several blocks of CSV, a pipe, gzip, Parquet and NPY, by 1, 2 and 4 threads: every digit agrees."""
    x = np.random.default_rng(0).normal(scale=3.0, size=(50_000, 16))
    frame = pl.DataFrame(x, schema=[str(i) for i in range(16)])
    files = [tmp_path / f"layer.{end}" for end in ("csv", "csv.gz", "parquet", "npy")]
    frame.write_csv(files[0])
    files[1].write_bytes(gzip.compress(files[0].read_bytes(), 1))
    frame.write_parquet(files[2])
    np.save(files[3], x)
    options = ("-f", "json", "--header")  # the columns are named by their numbers, like those of NPY
    runs = [cli.ok("saturation", "gelu", str(file), *options, "--threads", "2") for file in files]
    runs += [cli.ok("saturation", "gelu", str(files[0]), *options, "--threads", count) for count in ("1", "4")]
    piped = cli.ok("saturation", "gelu", *options, stdin=files[0].read_bytes())
    assert {run.replace("stdin", "layer") for run in (*runs, piped)} == {runs[0]}
