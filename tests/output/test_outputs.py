"""One run writes any number of outputs in one pass, each as a separate run would write it; all or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.run import DATA, Cli
from support.sweep import part

LAYER = DATA / "relu_trained" / "layer2.csv"
COMMANDS = [("saturation", "relu"), ("compare", "relu", "gelu", "-i", "-"), ("fit", "elu", "--to", "gelu", "-i", "-")]


@pytest.mark.sweep
@pytest.mark.parametrize("command", part(COMMANDS, 3), ids=lambda command: command[0])
def test_all_outputs_come_from_one_pass_over_a_pipe(command: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    """A pipe can be read once. With -o nothing goes to standard output."""
    data = LAYER.read_bytes()
    names = ["a.json", "b.csv", "c.tsv", "d.jsonl", "e.md", "f.txt", "g.svg", "h.png"]
    options = [word for name in names for word in ("-o", str(tmp_path / name))]
    assert cli.ok(*command, *options, "--report", str(tmp_path / "r.html"), stdin=data) == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names, "r.html"]
    for name in names:
        alone = tmp_path / f"alone-{name}"
        cli.ok(*command, "-o", str(alone), stdin=data)
        assert (tmp_path / name).read_bytes() == alone.read_bytes()


@pytest.mark.sweep
@pytest.mark.parametrize("command", part(COMMANDS, 3), ids=lambda command: command[0])
def test_a_report_alone_leaves_standard_output_as_it_is(command: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    data = LAYER.read_bytes()
    report = tmp_path / "r.html"
    assert cli.ok(*command, "--report", str(report), stdin=data) == cli.ok(*command, stdin=data)
    assert report.exists()


PRINTED = [
    # -f is the format of standard output where every file's name says its own,
    (["-f", "json", "-o", "{}.png"], "json", {"png": b"\x89PNG"}),
    (["-f", "json", "-o", "{}.csv", "-o", "{}.svg"], "json", {"csv": b"name,", "svg": b"<?xml"}),
    # and of a file whose name says none, or has it already: nothing is printed then.
    (["-f", "json", "-o", "{}.txt"], None, {"txt": b"{\n"}),
    (["-f", "json", "-o", "{}.report", "-o", "{}.csv"], None, {"report": b"{\n", "csv": b"name,"}),
    (["-f", "json", "-o", "{}.json"], None, {"json": b"{\n"}),
    (["-o", "{}.txt", "-o", "{}.md"], None, {"txt": b"relu on layer2: ok", "md": b"| layer"}),
]


@pytest.mark.parametrize(("options", "printed", "files"), PRINTED, ids=str)
def test_a_format_applies_to_outputs_whose_name_implies_none(
    options: list[str], printed: str | None, files: dict[str, bytes], cli: Cli, tmp_path: Path
) -> None:
    words = [option.replace("{}", str(tmp_path / "a")) for option in options]
    alone = "" if printed is None else cli.ok("saturation", "relu", str(LAYER), "-f", printed)
    assert cli.ok("saturation", "relu", str(LAYER), *words) == alone
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"a.{suffix}" for suffix in files)
    for suffix, start in files.items():
        assert (tmp_path / f"a.{suffix}").read_bytes().startswith(start)


def test_a_chart_is_printed_along_with_its_figure(cli: Cli, tmp_path: Path) -> None:
    """Other formats contain the points of its curves."""
    figure, points = tmp_path / "a.svg", tmp_path / "a.csv"
    assert cli.ok("plot", "relu", "-f", "table", "-o", str(figure)) == cli.ok("plot", "relu")
    assert figure.read_bytes().startswith(b"<?xml")
    cli.ok("plot", "relu", "tanh", "--order", "2", "--range", "-2:2", "-o", str(points))
    head, *rows = points.read_text().splitlines()
    assert head == "x,f relu,df relu,d2f relu,f tanh,df tanh,d2f tanh"
    x = [row.partition(",")[0] for row in rows]
    assert (x[0], x[-1], len(x)) == ("-2.0", "2.0", 2001)
    assert "\n".join(cli.ok("grad", "relu", "--order", "2", *x[::400]).splitlines()[1:]) == "\n".join(
        ",".join(row.split(",")[:4]) for row in rows[::400]
    )


def test_a_filter_writes_all_outputs_from_a_pipe(cli: Cli, tmp_path: Path) -> None:
    """Each is what a separate run would write, over several blocks; a failure leaves none of them."""
    data = b"x,y\n" + b"1.5,-2\n-0.5,3\n" * 300_000
    names = ["a.csv", "b.parquet", "c.npy", "d.jsonl"]
    options = [word for name in names for word in ("-o", str(tmp_path / name))]
    assert cli.ok("eval", "gelu", *options, "-f", "csv", stdin=data) == ""
    for name in names:
        cli.ok("eval", "gelu", "-o", str(tmp_path / f"alone-{name}"), stdin=data)
        assert (tmp_path / name).read_bytes() == (tmp_path / f"alone-{name}").read_bytes()
    before = sorted(tmp_path.iterdir())
    options = [word for name in ("x.csv", "y.npy") for word in ("-o", str(tmp_path / name))]
    cli.fails(1, "eval", "gelu", *options, stdin=data + b"1,word\n")
    cli.fails(1, "eval", "gelu", *options, "-o", str(tmp_path / "none" / "z.csv"), stdin=data)
    assert sorted(tmp_path.iterdir()) == before


def test_bad_data_replaces_nothing(cli: Cli, tmp_path: Path) -> None:
    """Existing files are unchanged, and no new ones appear."""
    old = tmp_path / "old.json"
    old.write_text("old")
    message = cli.fails(
        1, "saturation", "relu", str(LAYER), str(bad(tmp_path)), "-o", str(old), "-o", str(tmp_path / "new.csv"),
        "--report", str(tmp_path / "r.md"),
    )  # fmt: skip
    assert "bad.csv" in message
    assert old.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "old.json"]


def bad(folder: Path) -> Path:
    path = folder / "bad.csv"
    path.write_text("a,b\n1,2\n3,x\n")
    return path


@pytest.mark.parametrize("last", ["missing/b.csv", "folder.csv"])
def test_an_output_that_cannot_be_written_replaces_no_other(last: str, cli: Cli, tmp_path: Path) -> None:
    """The error names the output, whichever it is."""
    (tmp_path / "folder.csv").mkdir()
    old = tmp_path / "old.json"
    old.write_text("old")
    for files in ([str(old), str(tmp_path / last)], [str(tmp_path / last), str(old)]):
        message = cli.fails(1, "saturation", "relu", str(LAYER), "-o", files[0], "-o", files[1])
        assert last in message
        assert old.read_text() == "old"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.csv", "old.json"]


def test_a_figure_of_a_report_that_cannot_be_written_leaves_no_report(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "r-layers.svg").mkdir()
    assert "r-layers.svg" in cli.fails(1, "saturation", "relu", str(LAYER), "--report", str(tmp_path / "r.md"))
    assert [path.name for path in tmp_path.iterdir()] == ["r-layers.svg"]


def test_a_full_disk_is_an_error_that_names_the_output(cli: Cli, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    other = tmp_path / "a.json"
    message = cli.fails(1, "saturation", "relu", str(LAYER), "-o", str(other), "-o", "/dev/full")
    assert "/dev/full: cannot be written" in message
    assert not other.exists()


def test_a_failed_gate_still_writes_them(cli: Cli, tmp_path: Path) -> None:
    files = [tmp_path / "a.json", tmp_path / "r.html"]
    done = cli("saturation", "relu", str(LAYER), "--max-dead", "0", "-o", str(files[0]), "--report", str(files[1]))
    assert done.returncode == 3
    assert all(file.stat().st_size for file in files)


def test_rows_of_another_kind_are_for_tables(cli: Cli, tmp_path: Path) -> None:
    """--by determines the rows of tables; a figure is unaffected."""
    csv, png = tmp_path / "a.csv", tmp_path / "a.png"
    cli.ok("saturation", "relu", str(LAYER), "--by", "neuron", "-o", str(csv), "-o", str(png))
    assert csv.read_text() == cli.ok("saturation", "relu", str(LAYER), "--by", "neuron")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "--by" in cli.fails(2, "saturation", "relu", str(LAYER), "--by", "neuron", "-o", str(png))


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["-o", "{}/a.json", "-o", "{}/../{0}/a.json"], "a.json"),
        (["-o", "{}/a.md", "--report", "{}/a.md"], "a.md"),
        (["--report", "{}/a.pdf"], "a.pdf"),
        (["--report", "{}/a"], ".html"),
        (["-o", "{}/a.xyz"], ".svg"),
        (["--explain", "--report", "{}/a.md"], "--explain"),
    ],
)  # fmt: skip
def test_impossible_outputs_are_usage_errors(options: list[str], names: str, cli: Cli, tmp_path: Path) -> None:
    """The error comes before any data is read: here there is none."""
    words = [option.replace("{0}", tmp_path.name).replace("{}", str(tmp_path)) for option in options]
    assert names in cli.fails(2, "saturation", "relu", str(tmp_path / "missing.csv"), *words)
    assert not list(tmp_path.iterdir())


def test_a_file_name_that_is_not_utf8_is_a_layer(cli: Cli, tmp_path: Path) -> None:
    """The byte is shown as an escape."""
    path = tmp_path / "caf\udce9.csv"  # Latin-1 for é
    path.write_bytes(LAYER.read_bytes())
    report = tmp_path / "r.html"
    assert "\ncaf\\xe9," in cli.ok("saturation", "relu", str(path), "--report", str(report))
    assert "caf\\xe9.csv" in report.read_text()
