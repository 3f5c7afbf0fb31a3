"""Every JSON output is valid by the schema that `actcli schema` prints for it, which describes exactly its fields."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from jsonschema import Draft202012Validator, ValidationError
from support.run import DATA, Cli
from support.sweep import number, part

from actcli.analysis.profile import Network
from actcli.diagnosis.comparison import compare
from actcli.diagnosis.diagnose import Criteria, Diagnosis, diagnose
from actcli.diagnosis.systems import RULES
from actcli.errors import UsageError
from actcli.measuring.layer import PreActivations
from actcli.numerics.smaller import PRECISIONS
from actcli.output.sheets import encode
from actcli.registry import specs
from actcli.registry.collection import ACTIVATIONS
from actcli.reports.comparison import comparison_document, comparison_sheet
from actcli.reports.meanings import DOCUMENTS
from actcli.reports.saturation import layer_sheet, neuron_sheet, region_sheet, saturation_document
from actcli.reports.schema import NAMES, schema
from actcli.text import json_text

FUNCTIONS = [activation.name for activation in ACTIVATIONS]
RELU = [str(DATA / "relu_trained" / f"layer{i}.csv") for i in (1, 2)]
VALIDATORS = {name: Draft202012Validator(schema(name)) for name in NAMES}


def layers_of(name: str, x: Any) -> list[PreActivations]:
    """The same values as two layers."""
    missing = np.isnan(x) & (np.arange(x.shape[1]) % 2 == 0)
    return [PreActivations.of_array(layer, specs.get(name), x, missing) for layer in ("a", "b")]


def diagnosis(name: str, x: Any, **settings: Any) -> Diagnosis:
    return diagnose(layers_of(name, x), Criteria(**settings))


def check(found: Diagnosis) -> None:
    """Validate the document and the rows of a diagnosis."""
    VALIDATORS["saturation"].validate(json.loads(json_text(saturation_document(found))))
    sheets = (("layers", layer_sheet), ("neurons", neuron_sheet), ("regions", region_sheet))
    for name, sheet in sheets:
        rows = json.loads(b"".join(encode(sheet(found), "json", 6)))
        VALIDATORS[name].validate(rows)
        VALIDATORS["rows"].validate(rows)


@pytest.mark.parametrize("name", NAMES)
def test_the_schemas_are_schemas(name: str, cli: Cli) -> None:
    """They are valid by the metaschema of draft 2020-12, and the command prints them."""
    Draft202012Validator.check_schema(schema(name))
    assert json.loads(cli.ok("schema", name)) == schema(name)


def test_every_schema_is_listed(cli: Cli) -> None:
    assert tuple(DOCUMENTS) == NAMES
    assert [line.partition(",")[0] for line in cli.ok("schema").splitlines()] == ["name", *NAMES]


def test_an_unknown_schema_is_an_error(cli: Cli) -> None:
    assert "saturation" in cli.fails(2, "schema", "nothing")
    with pytest.raises(UsageError):
        schema("nothing")


def test_every_field_is_described() -> None:
    """In every object the properties have descriptions, and no other is allowed."""

    def walk(form: Any) -> None:
        if isinstance(form, dict):
            if "properties" in form:
                assert form["additionalProperties"] is False
                assert all(field["description"] for field in form["properties"].values())
            for part in form.values():
                walk(part)
        elif isinstance(form, list):
            for part in form:
                walk(part)

    for name in NAMES:
        walk(schema(name))


@pytest.mark.sweep
@pytest.mark.parametrize("name", part(FUNCTIONS, 6))
def test_every_function_gives_valid_documents(name: str) -> None:
    """On ordinary values, on NaN, infinities, missing cells and values whose squares overflow, and without values."""
    rng = np.random.default_rng(7)
    ordinary = rng.normal(0.0, 3.0, (20, 4))
    bad = ordinary.copy()
    bad[0], bad[1, 1:3], bad[2, 0], bad[3, 3] = math.nan, math.inf, -1e300, 1e300
    inputs = [bad, ordinary, np.full((3, 4), math.nan), np.empty((0, 4))]
    for x in part(inputs, len(inputs)):
        for precision in part([None, PRECISIONS["float16"]], 2):
            check(diagnosis(name, x, precision=precision))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_gives_valid_documents(rule: str) -> None:
    x = np.random.default_rng(7).normal(0.0, 9.0, (200, 4))
    accepted = []
    for name in ("relu", "tanh"):
        with suppress(UsageError):  # not for this function
            check(diagnosis(name, x, rule=RULES[rule]))
            accepted.append(name)
    assert accepted


@settings(max_examples=number(6, 300))
@given(
    st.sampled_from(FUNCTIONS),
    arrays.arrays(np.float64, st.tuples(st.integers(0, 5), st.just(4)), elements=st.floats(width=64)),
)
def test_whatever_the_values_are(name: str, x: Any) -> None:
    check(diagnosis(name, x))


@pytest.mark.sweep
@pytest.mark.parametrize("network", [Network(), Network(2.0, 1.5, 0.1, 3)])
def test_all_functions_compared_are_valid(network: Network) -> None:
    """On their own and on data."""
    x = np.random.default_rng(7).normal(0.0, 3.0, (20, 4))
    for layers in ([], layers_of("relu", x)):
        comparison = compare([specs.get(name) for name in part(FUNCTIONS, 12)], layers, network=network)
        VALIDATORS["compare"].validate(json.loads(json_text(comparison_document(comparison))))
        VALIDATORS["rows"].validate(json.loads(b"".join(encode(comparison_sheet(comparison), "json", 6))))


COMPARED = [specs.get(name) for name in ("relu", "tanh", "exponential", "log1mexp")]


@settings(max_examples=number(10, 300))
@given(arrays.arrays(np.float64, (2, 4), elements=st.floats(width=64)))
@example(np.full((2, 4), 1e300))
@example(np.full((2, 4), 2.0**1023) * [[1.0, -1.0, -1.0, -1.0], [-1.0, -1.0, -1.0, -1.0]])  # a mean square of NaN
def test_whatever_functions_are_compared_on(x: Any) -> None:
    """Including values whose squares overflow."""
    VALIDATORS["compare"].validate(json.loads(json_text(comparison_document(compare(COMPARED, layers_of("relu", x))))))


OUTPUTS = [
    ("saturation", "saturation", "relu", *RELU),
    ("saturation", "saturation", "relu"),
    ("saturation", "saturation", "softmax", RELU[0]),
    ("saturation", "saturation", "relu", RELU[0], "--rule", "redo", "--dtype", "bfloat16"),
    ("saturation", "saturation", "tanh", "-3", "inf", "4"),
    ("saturation", "saturation", "relu", *RELU, "--function", "*2=softmax", "--dtype", "float16"),
    ("layers", "saturation", "relu", *RELU, "--function", "*2=softmax", "--by", "layer"),
    ("compare", "compare", "relu", "gelu", "-i", RELU[0], "-i", RELU[1], "--function", "layer2=tanh"),
    ("compare", "compare", "relu", "elu:alpha=0.5", "softmax"),
    ("compare", "compare", "relu", "gelu", "-i", RELU[0], "-i", RELU[1]),
    ("compare", "compare", "relu", "elu", "--sigma-w", "3", "--depth", "4"),
    ("fit", "fit", "elu", "--to", "gelu"),
    ("fit", "fit", "x*sigmoid(b*x):b=1", "--to", "gelu", "-i", RELU[0]),
    ("layers", "saturation", "relu", *RELU, "--by", "layer"),
    ("neurons", "saturation", "relu", *RELU, "--by", "neuron"),
    ("regions", "saturation", "gelu", "--by", "region"),
    ("rows", "eval", "relu", "1", "inf", "-inf"),
    ("rows", "eval", "relu", RELU[0]),
    ("rows", "grad", "gelu", "--order", "2", "--range", "-2:2"),
    ("rows", "grad", "softmax", "--jacobian", "1", "2"),
    ("rows", "list"),
    ("rows", "list", "--framework", "jax"),
    ("rows", "show", "gelu"),
]


@pytest.mark.sweep
@pytest.mark.parametrize("output", part(OUTPUTS, 2), ids=lambda output: " ".join(output[1:3]))
def test_what_the_commands_print_is_valid(output: tuple[str, ...], cli: Cli) -> None:
    """As one JSON text and, for tables, as one line per item."""
    name, *command = output
    document = json.loads(cli.ok(*command, "-f", "json"))
    VALIDATORS[name].validate(document)
    if isinstance(document, list):
        lines = cli.ok(*command, "-f", "jsonl").splitlines()
        assert [json.loads(line) for line in lines] == document
    else:
        assert document["schema"] == f"actcli.{command[0]}/{2 if command[0] == 'saturation' else 1}"


@pytest.mark.parametrize("name", ["saturation", "compare"])
def test_drift_is_detected(name: str, cli: Cli) -> None:
    """A document with a field too few or too many, or with a word for a number, is not valid."""
    more = [RELU[0]] if name == "saturation" else ["elu", "-i", RELU[0]]
    whole = json.loads(cli.ok(name, "relu", *more, "-f", "json"))
    validator = VALIDATORS[name]
    validator.validate(whole)
    layer = whole["layers"][0]
    for changed in ({**layer, "new": 1}, {k: v for k, v in layer.items() if k != "samples"}, {**layer, "samples": "9"}):
        with pytest.raises(ValidationError):
            validator.validate({**whole, "layers": [changed]})
