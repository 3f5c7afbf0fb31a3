"""A measure is one declaration, from which it is counted, merged, reported and described everywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from support.run import DATA, ROOT, printed_by, rows

from actcli.diagnosis.records import Layer, Neuron
from actcli.measuring.measures import TALLIES, LayerMeasures, NeuronMeasures, meanings, measures

LAYERS = [str(DATA / "relu_trained" / f"layer{i}.csv") for i in (1, 2)]
NEW = """    large_ratio: Annotated[float | None, share("share of the values above 3", count(lambda b: b.x.t > 3.0))]
"""
LAW = """
import numpy as np
from actcli.measuring.measures import Measures, measures
from actcli.measuring.partial import Partial
from actcli.measuring.probe import Probe, Thresholds
from actcli.registry import specs
(tally,) = measures(Measures)["large_ratio"].tallies
probe, x = Probe.of(specs.get("relu"), Thresholds()), np.array([[4.0, 1.0], [5.0, 9.0], [np.nan, 0.0]])
parts = [probe.measure(x[:1]), Partial.empty(2), probe.measure(x[1:])]
for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
    a, b, c = (parts[i] for i in order)
    assert a.merge(b).merge(c)[tally].tolist() == a.merge(b.merge(c))[tally].tolist() == [2, 1]
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python with a copy of the package that has one more line."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "actcli", folder / "actcli")  # with what is compiled
    declarations = folder / "actcli" / "measuring" / "measures.py"
    head, mark, rest = declarations.read_text().partition("    rule_score:")
    declarations.write_text(head + NEW + mark + rest)
    return folder


def test_a_measure_needs_only_one_declaration(package: Path) -> None:
    """It then appears in CSV by layer and by neuron, in JSON and its schema, and in the definitions of a report."""
    command = ("saturation", "relu", *LAYERS)
    *sheets, text, described = printed_by(
        package,
        (*command, "--by", "layer", "-f", "csv"),
        (*command, "--by", "neuron", "-f", "csv"),
        (*command, "-f", "json", "--report", "page.md"),
        ("schema", "saturation"),
    )
    for sheet, count in zip(map(rows, sheets), (2, 64), strict=True):
        assert len(sheet) == count
        assert all(0.0 <= float(row["large_ratio_from"]) <= float(row["large_ratio"]) for row in sheet)
        assert any(float(row["large_ratio"]) > 0.0 for row in sheet)
    document, schema = json.loads(text), json.loads(described)
    assert {"large_ratio", "large_ratio_to"} <= document["layers"][0].keys() & document["neurons"][0].keys()
    Draft202012Validator(schema).validate(document)
    meaning = schema["properties"]["layers"]["items"]["properties"]["large_ratio"]["description"]
    assert meaning == "share of the values above 3"
    assert "share of the values above 3" in (package / "page.md").read_text()


def test_the_laws_hold_for_a_declared_measure(package: Path) -> None:
    """Whatever the order and grouping of the blocks, including the empty partial."""
    subprocess.run([sys.executable, "-c", LAW], cwd=package, env={**os.environ, "PYTHONPATH": str(package)}, check=True)


@pytest.mark.parametrize("record", [Layer, Neuron])
def test_every_field_says_what_it_means(record: type) -> None:
    inner = ("independent", "place")  # for verdicts only, not in any output
    assert list(meanings(record)) == [field.name for field in fields(record) if field.name not in inner]
    assert all(said.meaning for said in meanings(record).values())


def test_partials_keep_the_tallies_of_the_measures() -> None:
    """Each tally once; a measure can be computed for the record that declares it."""
    named = {t for record in (Layer, Neuron) for measure in measures(record).values() for t in measure.tallies}
    assert named <= set(TALLIES)
    assert len(set(TALLIES)) == len(TALLIES)
    assert all(measure.neurons for measure in measures(NeuronMeasures).values())
    assert all(measure.layer for measure in measures(LayerMeasures).values())


def test_measuring_loads_no_verdicts() -> None:
    """Nor remedies, nor anything that judges."""
    code = "import sys, actcli.measuring.files; print([m for m in sys.modules if m.startswith('actcli.diagnosis')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, encoding="utf-8")
    assert done.stdout == "[]\n"
