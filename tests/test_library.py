"""The library: what is public, typed as it says, and imported when it is asked for."""

from __future__ import annotations

import ast
import inspect
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from documentation.build import PYTHON, README, SOURCES
from support.frameworks import framework, marked
from support.run import DATA, ROOT, Cli

import actcli

SOURCE = ROOT / "actcli" / "__init__.py"


def test_the_public_names_are_told_to_people_and_type_checkers_alike() -> None:
    """What __all__ lists is there, is what type checkers see, and is on the manual page of the library."""
    imported = {
        alias.name for node in ast.walk(ast.parse(SOURCE.read_text())) if isinstance(node, ast.ImportFrom)
        for alias in node.names if (node.module or "").startswith("actcli.")
    }  # fmt: skip
    assert set(actcli.__all__) - {"__version__"} == imported
    page = next(path for path in SOURCES if path.stem == "library").read_text()
    for name in actcli.__all__:
        assert getattr(actcli, name) is not None
        assert name in dir(actcli)
        assert name == "__version__" or f"`{name}" in page


@pytest.mark.parametrize("name", [name for name in actcli.__all__ if name != "__version__"])
def test_public_names_have_docstrings(name: str) -> None:
    """Each says what it is; what a public class offers says so too."""
    thing = getattr(actcli, name)
    assert inspect.getdoc(thing)
    if inspect.isclass(thing):
        methods = [m for n, m in vars(thing).items() if inspect.isfunction(m) and not n.startswith("_")]
        assert all(inspect.getdoc(method) for method in methods)


def test_what_is_not_there_is_said() -> None:
    """As any module does."""
    with pytest.raises(AttributeError, match="no attribute 'gelu'"):
        actcli.gelu  # type: ignore[attr-defined]  # noqa: B018


def test_importing_it_loads_nothing() -> None:
    """Not even numpy: the command line must start at once."""
    code = "import sys, actcli; print({'numpy', 'click', 'actcli.registry'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"set()\n"


TYPED = """
import actcli
reveal_type(actcli.get('relu').f(1.0))
reveal_type(actcli.get('relu').df([1.0, 2.0]))
reveal_type(actcli.diagnose({}, 'relu').layers)
actcli.get(1)
actcli.gelu
"""


@pytest.mark.exhaustive
def test_types_are_what_they_say(tmp_path: Path) -> None:
    """A number gives a float, an array an array; a wrong argument is found before the program runs; and a user's type
    checker at its strictest has no complaint of the scripts in the README."""
    scripts = {
        "typed.py": TYPED,
        **{
            f"script{path.stem}.py": PYTHON.findall(path.read_text())[0][0]
            for path in (README, *SOURCES)
            if path.stem in ("README", "library")
        },
    }
    for name, script in scripts.items():
        (tmp_path / name).write_text(script)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), *scripts]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False).stdout
    *lines, end = found.splitlines()
    assert all(line.startswith("typed.py:") for line in lines), found
    assert '"float"' in lines[0]
    assert "ndarray" in lines[1]
    assert "tuple[actcli.diagnosis.records.Layer, ...]" in lines[2]
    assert "[arg-type]" in lines[3]
    assert "[attr-defined]" in lines[4]
    assert end.startswith("Found 2 errors in 1 file")


def test_diagnose_is_what_the_command_tells(cli: Cli) -> None:
    """The same figures as `actcli saturation` gives for the same numbers."""
    import json

    path = DATA / "relu_trained" / "layer2.csv"
    told = json.loads(cli.ok("saturation", "relu", str(path), "-f", "json", "--epsilon", "0.01", "--alpha", "0.002"))
    x = np.loadtxt(path, delimiter=",", skiprows=1)
    found = actcli.diagnose({"layer2": x}, "relu", epsilon=0.01, alpha=0.002)
    (layer,) = found.layers
    for name in ("samples", "neurons", "dead_neurons", "dormant_neurons", "vanishing_ratio", "verdict"):
        assert getattr(layer, name) == told["layers"][0][name]
    assert layer.mean_abs_gradient == pytest.approx(told["layers"][0]["mean_abs_gradient"], rel=1e-12)
    assert [n.dead for n in found.neurons] == [n["dead"] for n in told["neurons"]]
    assert [n.neuron for n in found.neurons][:2] == ["0", "1"]
    assert actcli.diagnose({"layer2": x}, actcli.get("relu"), epsilon=0.01, alpha=0.002).layers == found.layers


@pytest.mark.parametrize("dimensions", [0, 1])
def test_layers_of_another_shape_are_refused(dimensions: int) -> None:
    """The error names the layer, the shape and what is wanted."""
    with pytest.raises(actcli.DataError, match=r"layer1: has the shape .*\n.*\(samples, neurons\)"):
        actcli.diagnose({"layer1": np.zeros((2,) * dimensions)}, "relu")


@pytest.mark.parametrize("layer", [[["a"]], [[1.0], [1.0, 2.0]], [[{}]]])
def test_layers_of_no_numbers_are_refused(layer: list[list[object]]) -> None:
    """Words, ragged lists and objects are no array of numbers."""
    with pytest.raises(actcli.DataError, match="layer1: an entry is not a real number"):
        actcli.diagnose({"layer1": layer}, "relu")


def test_an_unknown_function_is_refused() -> None:
    """By the same error as everywhere."""
    with pytest.raises(actcli.UsageError, match="did you mean"):
        actcli.diagnose({}, "rellu")


LAYER = np.array([[1.0, -1.0], [2.0, -2.0], [3.0, 3.0]])


def test_what_is_masked_is_missing() -> None:
    masked = np.ma.array(LAYER, mask=[[0, 0], [0, 0], [0, 1]])
    first, second = actcli.diagnose({"a": masked}, "relu").neurons
    assert (first.dead, first.missing, first.samples) == (False, 0, 3)
    assert (second.dead, second.missing, second.samples) == (True, 1, 2)
    np.testing.assert_array_equal(actcli.get("relu").f(masked), [[1.0, 0.0], [2.0, 0.0], [3.0, np.nan]])


@pytest.mark.parametrize(
    "layer",
    [
        LAYER.astype(complex),
        LAYER.astype("datetime64[s]"),
        LAYER.astype("timedelta64[s]"),
        LAYER.astype(str),
        [["a", 1.0]],
        [[1.0], [1.0, 2.0]],
        [[10**400]],
        {1.0},
    ],
    ids=str,
)
def test_what_is_no_real_number_is_named(layer: Any) -> None:
    with pytest.raises(actcli.DataError, match="layer1: an entry is not a real number"):
        actcli.diagnose({"layer1": layer}, "relu")
    with pytest.raises(actcli.DataError, match="x: an entry is not a real number"):
        actcli.get("tanh").f(layer)


@pytest.mark.parametrize("keyword", ["tau", "alpha"])
@pytest.mark.parametrize("value", [math.nan, -1.0, 5.0, math.inf])
def test_shares_are_between_0_and_1(keyword: str, value: float) -> None:
    with pytest.raises(actcli.UsageError, match=f"{keyword} is a number from 0 to 1"):
        actcli.diagnose({"a": LAYER}, "relu", **{keyword: value})


def test_rows_are_rows() -> None:
    """A number is a row of one; of a row of nothing there is an error; of no rows nothing."""
    softmax = actcli.get("softmax")
    with pytest.raises(actcli.DataError, match="softmax: a row has no entries"):
        softmax.f([])
    assert softmax.jacobian(3.0).tolist() == [[0.0]]
    assert softmax.f(np.zeros((0, 3))).shape == (0, 3)
    assert actcli.get("relu").f([]).shape == (0,)


def test_a_bare_array_is_asked_for_its_name() -> None:
    with pytest.raises(actcli.DataError, match="layers must be given by name"):
        actcli.diagnose(LAYER, "relu")  # type: ignore[arg-type]


@marked
def test_tensors_are_taken() -> None:
    """Also those that require a gradient, and of types that numpy has not."""
    torch = framework("torch")
    layer = torch.tensor(LAYER, requires_grad=True)
    for tensor in (layer, layer.bfloat16(), layer.half(), layer.detach()):
        assert [neuron.dead for neuron in actcli.diagnose({"a": tensor}, "relu").neurons] == [False, False]
        assert actcli.get("relu").f(tensor).tolist() == np.maximum(LAYER, 0.0).tolist()
    with pytest.raises(actcli.DataError, match="complex64"):
        actcli.get("relu").f(torch.tensor([1j]))


def test_feature_maps_are_channels_of_inputs() -> None:
    """In one call, by the axis that counts the neurons; shares rest on the inputs."""
    maps = np.ones((5, 3, 2, 2))
    maps[:, 1] = -1.0
    for x, axis in ((maps, None), (np.moveaxis(maps, 1, -1), -1)):
        found = actcli.diagnose({"a": x}, "relu", axis=axis)
        assert [neuron.dead for neuron in found.neurons] == [False, True, False]
        assert (found.layers[0].samples, found.layers[0].neurons) == (5, 3)
        assert found.neurons[1].dead_upper_bound == pytest.approx(1 - 0.05 ** (1 / 5))
