"""Named definitions in files, in the user's own file, and in installed packages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.run import ROOT, Cli, Process

from actcli.registry import additions
from actcli.registry.additions import Registry

FILE = """
[my_gate]
formula = "x * sigmoid(b * x)"
source = "lab notes, page 12"
aliases = ["mg"]
[my_gate.parameters]
b = { default = 1.5, domain = "[0, inf)", meaning = "sharpness" }

[twice]
formula = "my_gate(my_gate(x, b=c))"
[twice.parameters]
c = 2
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "defs.toml"
    path.write_text(FILE)
    return str(path)


def value(output: str) -> float:
    return float(output.splitlines()[1].split(",")[1])


def test_definitions_are_functions_like_any_other(cli: Cli, file: str) -> None:
    """They work by name, alias and parameter, in expressions, and through the environment variable."""
    assert value(cli.ok("eval", "My-Gate", "1", "--functions", file)) == pytest.approx(0.8175744761936437, rel=1e-15)
    same = value(cli.ok("eval", "swish_beta:beta=2", "1"))
    assert value(cli.ok("eval", "--functions", file, "mg:2", "1")) == same
    assert value(cli.ok("eval", "mg(x, b=2) + 1", "1", "--functions", file)) == pytest.approx(same + 1)
    inner = value(cli.ok("eval", "swish_beta:beta=1.5", repr(same)))
    assert "my_gate:b=2.0" in cli.ok("compare", "relu", "my_gate:b=1|2", "--functions", file)
    assert value(cli.ok("eval", "twice", "1", ACTCLI_FUNCTIONS=file)) == pytest.approx(inner, rel=1e-15)


def test_a_registry_is_a_value(file: str) -> None:
    """Adding the definitions of a file returns a new registry; the old one is unchanged."""
    plain = Registry()
    more = plain.with_definitions(file)
    assert more.find("MG").name == "my_gate"
    assert more.left_out == ()
    for registry in (plain, additions.current()):
        assert "my_gate" not in [activation.name for activation in registry.given.activations]


def test_definitions_last_for_one_run(cli: Cli, file: str) -> None:
    """Two runs in one process do not see each other's."""
    assert cli.ok("eval", "my_gate", "1", "--functions", file)
    assert "no activation is named 'my_gate'" in cli.fails(2, "eval", "my_gate", "1")


def test_a_fault_in_the_users_own_file(process: Process, tmp_path: Path) -> None:
    """An unknown name is reported once, and not looked up in the file being read."""
    (tmp_path / "actcli").mkdir()
    (tmp_path / "actcli" / "functions.toml").write_text('[a]\nformula = "x"\n[b]\nformula = "a(x) + nothing(x)"\n')
    done = process("eval", "mine", "1", XDG_CONFIG_HOME=str(tmp_path))
    assert done.returncode == 1
    assert b"no activation is named 'nothing', at character 8" in done.stderr


def test_the_users_own_file(process: Process, tmp_path: Path) -> None:
    """It is found under XDG_CONFIG_HOME; list, show, completion and the nearest names know it."""
    (tmp_path / "actcli").mkdir()
    (tmp_path / "actcli" / "functions.toml").write_text(FILE)
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert [line.split(",")[0] for line in process.ok("list", **env).splitlines()[-2:]] == ["my_gate", "twice"]
    card = process.ok("show", "my_gate", **env)
    assert "lab notes, page 12" in card
    assert "1.5 in [0, inf), default 1.5: sharpness" in card
    done = process("eval", "my_gat", "1", **env)
    assert b"did you mean my_gate" in done.stderr
    line = {"COMP_LINE": "actcli eval my_", "COMP_POINT": "15", "COMP_WORD": "my_", "COMP_WORDBREAKS": ":="}
    assert process.ok(_ACTCLI_COMPLETE="bash_complete", **line, **env).split() == ["plain", "my_gate"]
    assert process.ok("eval", "relu", "1", **env)


BAD = [
    ("a = 1", "a is not a table"),
    ('[relu]\nformula = "x"', "'relu' is already a name of relu"),
    ('[a]\nformula = "x"\n[b]\nformula = "x"\naliases = ["A"]', "'A' is already a name of a"),
    ('[a]\nsource = "s"', "a.formula is missing"),
    ('[a]\nformula = "x*b"', "a.parameters has no b"),
    ('[a]\nformula = "x"\nparameters = {b = 1}', "a.parameters has b"),
    ('[a]\nformula = "x*)"', "a.formula: 'x*)': unmatched ')', at character 3"),
    ('[a]\nformula = "x.__class__"', "a.formula: 'x.__class__': attributes are not allowed"),
    ('[a]\nformula = "2"', "a.formula: '2' does not depend on x"),
    ('[a]\nformulla = "x"', "a.formulla is not known"),
    ("[a]\nformula = 3", "a.formula is not a string"),
    ('[a]\nformula = "x*b"\nparameters = {b = "s"}', "a.parameters.b.default is not a finite number"),
    ('[a]\nformula = "x*b"\nparameters.b = {default = 1, domain = "[2, 3]"}', "1 is outside its domain [2, 3]"),
    ('[a]\nformula = "x*b"\nparameters.b = {default = 1, domain = "2, 3"}', "a.parameters.b.domain '2, 3' is not"),
    ("x[", "is not a TOML file"),
    ('["a b"]\nformula = "x"', "a b is not a name"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_fault_names_the_file_and_the_key(cli: Cli, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    said = cli.fails(1, "eval", "relu", "1", "--functions", str(path))
    assert "bad.toml" in said
    assert message in said


def test_a_file_that_is_not_there(cli: Cli) -> None:
    assert "nowhere.toml: cannot be read" in cli.fails(1, "list", "--functions", "nowhere.toml")


PLUGIN = """
from dataclasses import replace
from actcli.registry import specs
MINE = replace(specs.get("relu").activation, name="rampe", aliases=(), dialects=())
MANY = [replace(MINE, name="zweite")]
TAKEN = replace(MINE, name="gelu")
WRONG = ["no activation"]
ODD = replace(MINE, name="odd", aliases=None)
KIND = replace(MINE, name="kind", kind="other")
print("printed at import")
"""


def test_packages_bring_declarations(process: Process, tmp_path: Path) -> None:
    """Entry points that fail to load are reported and left out; the rest work."""
    (tmp_path / "plugin.py").write_text(PLUGIN)
    info = tmp_path / "plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[actcli.activations]\na=plugin:MINE\nb=plugin:MANY\nc=plugin:TAKEN\nd=plugin:WRONG\ne=plugin:NONE\nf=gone:X\n"
        "g=plugin:ODD\nh=plugin:KIND\ni=ends:X\nj=panics:X\n"
    )
    (tmp_path / "ends.py").write_text("import sys\nsys.exit(7)\n")
    (tmp_path / "panics.py").write_text("raise BaseException('as a panic of Rust is')\n")
    path = f"{ROOT}:{tmp_path}"
    for name in ("rampe", "zweite", "rampe(x)"):
        done = process("eval", name, "3", PYTHONPATH=path)
        assert done.stdout == b"x,f\n3.0,3.0\n", done.stderr
    said = done.stderr.decode().splitlines()
    assert len(said) == 8
    for what in (
        "plugin:WRONG of plugin is left out", "plugin:NONE", "gone:X", "gelu of an installed package",
        "plugin:ODD of plugin is left out: TypeError: aliases", "plugin:KIND", "ends:X of plugin is left out: SystemE",
        "panics:X of plugin is left out: BaseException: as",
    ):  # fmt: skip
        assert any(what in line for line in said), what
    assert process("list", PYTHONPATH=path).stdout.startswith(b"name,")
    two = process("compare", "rampe", "zweite", "-f", "csv", PYTHONPATH=path)
    assert two.stderr == done.stderr  # each line once, however many functions are looked up
    assert process.ok("eval", "relu", "3", PYTHONPATH=path)  # a built-in name does not look for packages


def test_built_in_names_load_nothing_of_this(cli: Cli) -> None:
    """Unneeded modules are not imported, so that start-up is fast."""
    import subprocess
    import sys

    from support.run import ROOT

    code = (
        "import sys; before = set(sys.modules)  # coverage brings some of these\n"
        "from actcli.cli.main import run; run(['eval', 'relu', '1'])\n"
        "import json; print(json.dumps([m for m in set(sys.modules) - before if m in"
        " ('tomllib', 'importlib.metadata', 'actcli.expressions', 'actcli.fitting')]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_a_definition_is_examined_with_the_values_given(cli: Cli, tmp_path: Path) -> None:
    """The domain of f, and whether it oscillates, follow from the values, not from the defaults."""
    path = tmp_path / "defs.toml"
    path.write_text(
        '[half]\nformula = "sqrt(a - x**2)"\nparameters.a = 1\n[wave]\nformula = "x + sin(b*x)"\nparameters.b = 0\n'
    )
    card = cli.ok("show", "half:a=9", "--functions", str(path), "-f", "csv")
    assert "range,0.0 .. 3.0" in card
    wave = cli.ok("saturation", "wave:b=2", "--functions", str(path), "-f", "csv").splitlines()[1:]
    written = cli.ok("saturation", "x + sin(b*x):b=2", "-f", "csv").splitlines()[1:]
    rows, same = ([row.split(",")[1:] for row in each] for each in (wave, written))  # all but the function's name
    assert rows == same
    assert all(abs(float(row[0])) < 10 for row in rows)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[where]\nformula = "x"', "'where' is reserved in formulas"),
        ('[e]\nformula = "x"', "'e' is reserved in formulas"),
        ('[sinh]\nformula = "x"', "'sinh' is reserved in formulas"),
        ('[lambda]\nformula = "x"', "'lambda' is reserved in formulas"),
        ('[aa]\nformula = "x"\naliases = ["x"]', "'x' is reserved in formulas"),
        ('[aa]\nformula = "bb(x)"\n[bb]\nformula = "aa(x)"', "define it above its use"),
        ('[aa]\nformula = "x"\nparameters.a = 1', "which the formula does not use"),
        ('[aa]\nformula = "x +"', "something is missing after this, at character 3"),
    ],
)
def test_invalid_names_and_formulas(cli: Cli, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "defs.toml"
    path.write_text(text)
    assert said in cli.fails(1, "eval", "aa", "1", "--functions", str(path))


def test_a_formula_of_several_lines(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "defs.toml"
    path.write_text('[aa]\nformula = """\nwhere(x > 0,\n      x,\n      2*x)\n"""\n')
    assert value(cli.ok("eval", "aa", "-1", "--functions", str(path))) == -2.0
